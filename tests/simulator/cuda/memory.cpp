#include "memory.h"

#include <cstdlib>
#include <cstring>

#include "simulation.h"

namespace trtv_sim {
namespace {

constexpr size_t kAlignment = 512;
// Kept free behind each allocation, so that an overrun never reaches the next one.
constexpr uint64_t kGuard = 1 << 20;

// 0xFF bytes are NaN as float and as half: reading what was never written shows in every result.
void* allocateFilled(size_t bytes) {
    const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    void* backing = std::aligned_alloc(kAlignment, rounded);
    if (backing) std::memset(backing, 0xFF, rounded);
    return backing;
}

}  // namespace

Memory& Memory::instance() {
    static auto* memory = new Memory();
    return *memory;
}

size_t Memory::totalBytes() { return static_cast<size_t>(Simulation::instance().integer("memory_mib")) << 20; }

size_t Memory::usedBytesLocked(int32_t device) const {
    size_t used = 0;
    for (const auto& [base, block] : blocks_) {
        if (!block.host && block.device == device) used += block.bytes;
    }
    return used;
}

size_t Memory::usedBytes(int32_t device) const {
    const std::lock_guard lock(mutex_);
    return usedBytesLocked(device);
}

CUresult Memory::allocateDevice(CUdeviceptr& address, size_t bytes, int32_t device) {
    if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    const std::lock_guard lock(mutex_);
    const size_t total = totalBytes();
    const size_t used = usedBytesLocked(device);
    if (used > total || bytes > total - used) return CUDA_ERROR_OUT_OF_MEMORY;
    void* backing = allocateFilled(bytes);
    if (!backing) return CUDA_ERROR_OUT_OF_MEMORY;
    address = nextAddress_;
    nextAddress_ += (bytes + kGuard + kAlignment - 1) / kAlignment * kAlignment;
    blocks_[address] = {bytes, backing, false, true, device};
    Simulation::instance().add("device_allocations", 1);
    Simulation::instance().add("device_bytes", static_cast<int64_t>(bytes));
    return CUDA_SUCCESS;
}

CUresult Memory::allocateHost(void*& pointer, size_t bytes, bool mapped) {
    if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    void* backing = allocateFilled(bytes);
    if (!backing) return CUDA_ERROR_OUT_OF_MEMORY;
    const std::lock_guard lock(mutex_);
    blocks_[reinterpret_cast<uint64_t>(backing)] = {bytes, backing, true, mapped, -1};
    pointer = backing;
    Simulation::instance().add("host_allocations", 1);
    Simulation::instance().add("host_bytes", static_cast<int64_t>(bytes));
    return CUDA_SUCCESS;
}

void Memory::release(std::map<uint64_t, Block>::iterator block) {
    const bool host = block->second.host;
    Simulation::instance().add(host ? "host_allocations" : "device_allocations", -1);
    Simulation::instance().add(host ? "host_bytes" : "device_bytes", -static_cast<int64_t>(block->second.bytes));
    std::free(block->second.backing);
    blocks_.erase(block);
}

CUresult Memory::freeDevice(CUdeviceptr address) {
    if (address == 0) return CUDA_SUCCESS;
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(address);
    if (found == blocks_.end() || found->second.host) return CUDA_ERROR_INVALID_VALUE;
    release(found);
    return CUDA_SUCCESS;
}

CUresult Memory::freeHost(const void* pointer) {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(reinterpret_cast<uint64_t>(pointer));
    if (found == blocks_.end() || !found->second.host) return CUDA_ERROR_INVALID_VALUE;
    release(found);
    return CUDA_SUCCESS;
}

void Memory::freeAll(int32_t device) {
    const std::lock_guard lock(mutex_);
    for (auto block = blocks_.begin(); block != blocks_.end();) {
        const auto next = std::next(block);
        if (!block->second.host && block->second.device == device) release(block);
        block = next;
    }
}

const Memory::Block* Memory::find(uint64_t address, size_t bytes, uint64_t& base) const {
    auto after = blocks_.upper_bound(address);
    if (after == blocks_.begin()) return nullptr;
    --after;
    const uint64_t offset = address - after->first;
    if (offset >= after->second.bytes || bytes > after->second.bytes - offset) return nullptr;
    base = after->first;
    return &after->second;
}

void* Memory::resolve(CUdeviceptr address, size_t bytes) const {
    const std::lock_guard lock(mutex_);
    uint64_t base = 0;
    const Block* block = find(address, bytes, base);
    if (!block || !block->mapped) return nullptr;
    return static_cast<char*>(block->backing) + (address - base);
}

bool Memory::ownsDevice(CUdeviceptr address) const {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(address);
    return found != blocks_.end() && !found->second.host;
}

CUresult Memory::mappedAddress(CUdeviceptr& address, const void* pointer) const {
    const auto host = reinterpret_cast<uint64_t>(pointer);
    if (!resolve(host, 1)) return CUDA_ERROR_INVALID_VALUE;
    address = host;  // One address space for both, as on every 64-bit Linux.
    return CUDA_SUCCESS;
}

HostRange Memory::classify(const void* pointer, size_t bytes) const {
    const auto begin = reinterpret_cast<uint64_t>(pointer);
    const std::lock_guard lock(mutex_);
    uint64_t base = 0;
    const Block* block = find(begin, bytes, base);
    if (block && block->host) return HostRange::kPinned;
    for (const auto& [start, candidate] : blocks_) {
        if (begin < start + candidate.bytes && start < begin + bytes) return HostRange::kStraddling;
    }
    return HostRange::kPageable;
}

}  // namespace trtv_sim
