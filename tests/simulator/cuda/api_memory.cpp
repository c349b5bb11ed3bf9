// Driver functions on memory and copies.
#include <cstring>
#include <memory>

#include "context.h"
#include "memory.h"
#include "simulation.h"

using trtv_sim::checkUnsafeDuringCapture;
using trtv_sim::currentContext;
using trtv_sim::enqueue;
using trtv_sim::HostRange;
using trtv_sim::Memory;
using trtv_sim::Simulation;

namespace {

// Addresses are looked up again when the copy runs: a replayed graph may hold one that was freed since.
CUresult copyToDevice(CUdeviceptr destination, const void* source, size_t bytes) {
    void* target = Memory::instance().resolve(destination, bytes);
    if (!target) return CUDA_ERROR_ILLEGAL_ADDRESS;
    std::memcpy(target, source, bytes);
    return CUDA_SUCCESS;
}

CUresult copyToHost(void* destination, CUdeviceptr source, size_t bytes) {
    const void* origin = Memory::instance().resolve(source, bytes);
    if (!origin) return CUDA_ERROR_ILLEGAL_ADDRESS;
    std::memcpy(destination, origin, bytes);
    Simulation::instance().add("device_to_host_bytes", static_cast<int64_t>(bytes));
    return CUDA_SUCCESS;
}

bool stillPinned(const void* pointer, size_t bytes) {
    return Memory::instance().classify(pointer, bytes) == HostRange::kPinned;
}

// A recorded copy runs at a later time, when pageable memory may be gone; the driver's own rules there are subtle, ours
// is plain.
CUresult checkPageable(CUstream stream) {
    Simulation::instance().add("pageable_copies", 1);
    const auto object = trtv_sim::findStream(stream);
    return object ? trtv_sim::checkNotCapturing(*object) : CUDA_ERROR_INVALID_HANDLE;
}

}  // namespace

extern "C" {

CUresult cuMemGetInfo_v2(size_t* free_bytes, size_t* total_bytes) {
    SIM_ENTER(kContext);
    if (!free_bytes || !total_bytes) return CUDA_ERROR_INVALID_VALUE;
    *total_bytes = Memory::totalBytes();
    *free_bytes = *total_bytes - Memory::instance().usedBytes(currentContext()->device);
    return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr* pointer, size_t bytes) {
    SIM_ENTER(kContext);
    if (!pointer) return CUDA_ERROR_INVALID_VALUE;
    if (const CUresult refused = checkUnsafeDuringCapture()) return refused;
    return Memory::instance().allocateDevice(*pointer, bytes, currentContext()->device);
}

CUresult cuMemFree_v2(CUdeviceptr pointer) {
    SIM_ENTER(kBound);
    if (const CUresult refused = checkUnsafeDuringCapture()) return refused;
    currentContext()->synchronize();
    const CUresult freed = Memory::instance().freeDevice(pointer);
    return freed ? freed : currentContext()->lost();
}

CUresult cuMemHostAlloc(void** pointer, size_t bytes, uint32_t flags) {
    SIM_ENTER(kContext);
    if (!pointer || (flags & ~7u)) return CUDA_ERROR_INVALID_VALUE;
    if (const CUresult refused = checkUnsafeDuringCapture()) return refused;
    return Memory::instance().allocateHost(*pointer, bytes, (flags & CU_MEMHOSTALLOC_DEVICEMAP) != 0);
}

CUresult cuMemFreeHost(void* pointer) {
    SIM_ENTER(kBound);
    if (const CUresult refused = checkUnsafeDuringCapture()) return refused;
    currentContext()->synchronize();
    const CUresult freed = Memory::instance().freeHost(pointer);
    return freed ? freed : currentContext()->lost();
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* device, void* host, uint32_t flags) {
    SIM_ENTER(kContext);
    if (!device || flags != 0) return CUDA_ERROR_INVALID_VALUE;
    return Memory::instance().mappedAddress(*device, host);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void* source, size_t bytes, CUstream stream) {
    SIM_ENTER(kContext);
    if (bytes == 0) return CUDA_SUCCESS;
    if (!source || !Memory::instance().resolve(destination, bytes)) return CUDA_ERROR_INVALID_VALUE;
    const HostRange range = Memory::instance().classify(source, bytes);
    if (range == HostRange::kStraddling) return CUDA_ERROR_INVALID_VALUE;
    if (range == HostRange::kPinned) {
        return enqueue(stream, [=] {
            return stillPinned(source, bytes) ? copyToDevice(destination, source, bytes) : CUDA_ERROR_ILLEGAL_ADDRESS;
        });
    }
    if (const CUresult refused = checkPageable(stream)) return refused;
    const auto* begin = static_cast<const char*>(source);
    const auto staged = std::make_shared<std::vector<char>>(begin, begin + bytes);
    return enqueue(stream, [=] { return copyToDevice(destination, staged->data(), bytes); });
}

CUresult cuMemcpyDtoHAsync_v2(void* destination, CUdeviceptr source, size_t bytes, CUstream stream) {
    SIM_ENTER(kContext);
    if (bytes == 0) return CUDA_SUCCESS;
    if (!destination || !Memory::instance().resolve(source, bytes)) return CUDA_ERROR_INVALID_VALUE;
    const HostRange range = Memory::instance().classify(destination, bytes);
    if (range == HostRange::kStraddling) return CUDA_ERROR_INVALID_VALUE;
    if (range == HostRange::kPinned) {
        return enqueue(stream, [=] {
            return stillPinned(destination, bytes) ? copyToHost(destination, source, bytes)
                                                   : CUDA_ERROR_ILLEGAL_ADDRESS;
        });
    }
    if (const CUresult refused = checkPageable(stream)) return refused;
    if (const CUresult failed = enqueue(stream, [=] { return copyToHost(destination, source, bytes); })) return failed;
    const auto object = trtv_sim::findStream(stream);
    object->wait(object->submitted());
    return currentContext()->lost();
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes, CUstream stream) {
    SIM_ENTER(kContext);
    if (bytes == 0) return CUDA_SUCCESS;
    const Memory& memory = Memory::instance();
    if (!memory.resolve(destination, bytes) || !memory.resolve(source, bytes)) return CUDA_ERROR_INVALID_VALUE;
    return enqueue(stream, [=] {
        void* target = Memory::instance().resolve(destination, bytes);
        if (!target) return CUDA_ERROR_ILLEGAL_ADDRESS;
        return copyToHost(target, source, bytes);
    });
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D* given, CUstream stream) {
    SIM_ENTER(kContext);
    if (!given) return CUDA_ERROR_INVALID_VALUE;
    const CUDA_MEMCPY2D copy = *given;
    if (copy.WidthInBytes == 0 || copy.Height == 0) return CUDA_SUCCESS;
    if (copy.srcMemoryType != CU_MEMORYTYPE_DEVICE || copy.dstMemoryType != CU_MEMORYTYPE_DEVICE ||
        copy.srcPitch < copy.srcXInBytes + copy.WidthInBytes || copy.dstPitch < copy.dstXInBytes + copy.WidthInBytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const CUdeviceptr from = copy.srcDevice + copy.srcY * copy.srcPitch + copy.srcXInBytes;
    const CUdeviceptr to = copy.dstDevice + copy.dstY * copy.dstPitch + copy.dstXInBytes;
    const size_t source_bytes = (copy.Height - 1) * copy.srcPitch + copy.WidthInBytes;
    const size_t target_bytes = (copy.Height - 1) * copy.dstPitch + copy.WidthInBytes;
    const Memory& memory = Memory::instance();
    if (!memory.resolve(from, source_bytes) || !memory.resolve(to, target_bytes)) return CUDA_ERROR_INVALID_VALUE;
    return enqueue(stream, [=] {
        const auto* source = static_cast<const char*>(Memory::instance().resolve(from, source_bytes));
        auto* target = static_cast<char*>(Memory::instance().resolve(to, target_bytes));
        if (!source || !target) return CUDA_ERROR_ILLEGAL_ADDRESS;
        for (size_t row = 0; row < copy.Height; ++row) {
            std::memcpy(target + row * copy.dstPitch, source + row * copy.srcPitch, copy.WidthInBytes);
        }
        return CUDA_SUCCESS;
    });
}

CUresult cuMemsetD8Async(CUdeviceptr destination, uint8_t value, size_t bytes, CUstream stream) {
    SIM_ENTER(kContext);
    if (bytes == 0) return CUDA_SUCCESS;
    if (!Memory::instance().resolve(destination, bytes)) return CUDA_ERROR_INVALID_VALUE;
    return enqueue(stream, [=] {
        void* target = Memory::instance().resolve(destination, bytes);
        if (!target) return CUDA_ERROR_ILLEGAL_ADDRESS;
        std::memset(target, value, bytes);
        return CUDA_SUCCESS;
    });
}
}
