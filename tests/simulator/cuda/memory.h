// Device and pinned host memory. Device addresses are numbers that nothing is mapped at, so code that mistakes one for
// a host pointer crashes as it would with a GPU; they are never given twice, so a use after free is always seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "cuda_api.h"

namespace trtv_sim {

/** How a range of host addresses stands to the pinned allocations. */
enum class HostRange { kPageable, kPinned, kStraddling };

class Memory {
public:
    static Memory& instance();

    CUresult allocateDevice(CUdeviceptr& address, size_t bytes, int32_t device);
    CUresult allocateHost(void*& pointer, size_t bytes, bool mapped);
    CUresult freeDevice(CUdeviceptr address);
    CUresult freeHost(const void* pointer);
    /** What destroying a context does: frees the device memory that is left. */
    void freeAll(int32_t device);

    CUresult mappedAddress(CUdeviceptr& address, const void* pointer) const;
    /** The bytes behind a range that the GPU may touch (device or mapped memory); null when any of it is not. */
    void* resolve(CUdeviceptr address, size_t bytes) const;
    HostRange classify(const void* pointer, size_t bytes) const;
    bool ownsDevice(CUdeviceptr address) const;
    size_t usedBytes(int32_t device) const;
    static size_t totalBytes();

private:
    struct Block {
        size_t bytes;
        void* backing;
        bool host;
        bool mapped;
        int32_t device;
    };

    const Block* find(uint64_t address, size_t bytes, uint64_t& base) const;
    void release(std::map<uint64_t, Block>::iterator block);
    size_t usedBytesLocked(int32_t device) const;

    mutable std::mutex mutex_;
    std::map<uint64_t, Block> blocks_;
    uint64_t nextAddress_ = 0x200000000000;
};

}  // namespace trtv_sim
