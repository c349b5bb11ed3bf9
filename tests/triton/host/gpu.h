// A client's memory on a GPU: of the driver's, or of the double's where that is what is tested.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace host {

/** Why no memory on a GPU can be had here; "" where it can. */
std::string why_no_gpu();

/** Memory on GPU 0. */
class GpuMemory {
public:
    explicit GpuMemory(size_t bytes);
    ~GpuMemory();
    GpuMemory(GpuMemory&& other) noexcept : address_(other.address_) { other.address_ = 0; }
    GpuMemory(const GpuMemory&) = delete;
    GpuMemory& operator=(const GpuMemory&) = delete;

    /** The CUdeviceptr. */
    void* address() const noexcept { return reinterpret_cast<void*>(address_); }
    /** Gives up the memory to whoever frees it by its address. */
    void* release() noexcept;

    static void write(void* address, const void* from, size_t bytes);
    static void read(const void* address, void* to, size_t bytes);
    static void free(void* address) noexcept;

private:
    uint64_t address_ = 0;
};

}  // namespace host
