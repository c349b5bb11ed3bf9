#include "gpu.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "doubles/vocoder.h"
#include "models.h"

namespace host {
namespace {

/** The functions in use of the driver, in GPU 0's primary context. */
struct Driver {
    int (*init)(unsigned);
    int (*get_device)(int*, int);
    int (*retain)(void**, int);
    int (*push)(void*);
    int (*pop)(void**);
    int (*allocate)(uint64_t*, size_t);
    int (*free)(uint64_t);
    int (*to_device)(uint64_t, const void*, size_t, void*);
    int (*to_host)(void*, uint64_t, size_t, void*);
    int (*synchronize)();
    void* context = nullptr;
    std::string why_not;

    static const Driver& instance() {
        static const Driver driver;
        return driver;
    }

    /** Runs some calls with the context bound, the last result of which must be right. */
    template <typename Body>
    void run(const char* what, Body&& body) const {
        void* popped = nullptr;
        if (push(context) != 0) throw std::runtime_error("the GPU's context cannot be bound");
        const int result = body();
        pop(&popped);
        if (result != 0) throw std::runtime_error(std::string(what) + " failed with " + std::to_string(result));
    }

private:
    Driver() {
        const char* const folder = std::getenv("TRTV_CUDA_DIR");
        const std::string path = (folder == nullptr ? "" : std::string(folder) + "/") + "libcuda.so.1";
        void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            why_not = "there is no NVIDIA driver";
            return;
        }
        const auto find = [&](auto& function, const char* name) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
            if (function == nullptr) why_not = std::string("the driver has no ") + name;
        };
        find(init, "cuInit");
        find(get_device, "cuDeviceGet");
        find(retain, "cuDevicePrimaryCtxRetain");
        find(push, "cuCtxPushCurrent_v2");
        find(pop, "cuCtxPopCurrent_v2");
        find(allocate, "cuMemAlloc_v2");
        find(free, "cuMemFree_v2");
        find(to_device, "cuMemcpyHtoDAsync_v2");
        find(to_host, "cuMemcpyDtoHAsync_v2");
        find(synchronize, "cuCtxSynchronize");
        int device = 0;
        if (why_not.empty() && (init(0) != 0 || get_device(&device, 0) != 0 || retain(&context, device) != 0)) {
            why_not = "there is no GPU";
        }
    }
};

}  // namespace

std::string why_no_gpu() {
    // The double of the driver is not opened before the core has looked for GPUs, which would find one that is none of
    // NVIDIA's.
    return is_double() || std::getenv("TRTV_CUDA_DIR") != nullptr ? "" : Driver::instance().why_not;
}

GpuMemory::GpuMemory(size_t bytes) {
    if (is_double()) {
        address_ = reinterpret_cast<uint64_t>(std::malloc(bytes + 1)) | doubles::gpu_address_bit;
        return;
    }
    const Driver& driver = Driver::instance();
    driver.run("cuMemAlloc", [&] { return driver.allocate(&address_, bytes); });
}

GpuMemory::~GpuMemory() {
    if (address_ != 0) free(address());
}

void* GpuMemory::release() noexcept {
    void* const address = this->address();
    address_ = 0;
    return address;
}

void GpuMemory::write(void* address, const void* from, size_t bytes) {
    const auto to = reinterpret_cast<uint64_t>(address);
    if (is_double()) {
        std::memcpy(reinterpret_cast<void*>(to & ~doubles::gpu_address_bit), from, bytes);
        return;
    }
    const Driver& driver = Driver::instance();
    driver.run("cuMemcpyHtoD", [&] {
        const int result = driver.to_device(to, from, bytes, nullptr);
        return result == 0 ? driver.synchronize() : result;
    });
}

void GpuMemory::read(const void* address, void* to, size_t bytes) {
    const auto from = reinterpret_cast<uint64_t>(address);
    if (is_double()) {
        std::memcpy(to, reinterpret_cast<const void*>(from & ~doubles::gpu_address_bit), bytes);
        return;
    }
    const Driver& driver = Driver::instance();
    driver.run("cuMemcpyDtoH", [&] {
        const int result = driver.to_host(to, from, bytes, nullptr);
        return result == 0 ? driver.synchronize() : result;
    });
}

void GpuMemory::free(void* address) noexcept {
    const auto held = reinterpret_cast<uint64_t>(address);
    if (is_double()) {
        std::free(reinterpret_cast<void*>(held & ~doubles::gpu_address_bit));
        return;
    }
    const Driver& driver = Driver::instance();
    void* popped = nullptr;
    driver.push(driver.context);
    driver.free(held);
    driver.pop(&popped);
}

}  // namespace host
