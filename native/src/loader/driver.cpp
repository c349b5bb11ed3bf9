#include "loader/driver.h"

#include <mutex>

#include "core/error.h"
#include "loader/shared_library.h"

namespace trtv {
namespace {

// The driver's results that have a status of their own.
constexpr int kSuccess = 0;
constexpr int kStubLibrary = 34;
constexpr int kNoDevice = 100;
constexpr int kDriverMismatch = 803;

using InitFunction = int (*)(unsigned flags);
using CountFunction = int (*)(int* count);
using TextFunction = int (*)(int result, const char** text);

std::string name_of(const SharedLibrary& driver, int result) {
    std::string name = std::to_string(result);
    for (const char* symbol : {"cuGetErrorName", "cuGetErrorString"}) {
        const auto get = reinterpret_cast<TextFunction>(driver.find(symbol));
        const char* text = nullptr;
        if (get != nullptr && get(result, &text) == kSuccess && text != nullptr) name += std::string(", ") + text;
    }
    return name;
}

void check(const SharedLibrary& driver, int result, const char* call) {
    if (result == kSuccess) return;
    const std::string words = std::string(call) + " gave " + name_of(driver, result);
    if (result == kNoDevice)
        throw Error(TRTV_ERROR_NO_DEVICE, "The CUDA driver sees no GPU: " + words + ".", TRTV_DOMAIN_CUDA, result);
    if (result == kStubLibrary || result == kDriverMismatch)
        throw Error(TRTV_ERROR_NO_DRIVER, "The CUDA driver " + driver.path + " is no working one: " + words + ".",
                    TRTV_DOMAIN_CUDA, result);
    throw Error(TRTV_ERROR_CUDA, "The CUDA driver could not be initialised: " + words + ".", TRTV_DOMAIN_CUDA, result);
}

}  // namespace

void require_driver(const std::vector<std::string>& candidates) {
    static std::mutex mutex;
    static bool ready = false;
    std::lock_guard lock(mutex);
    if (ready) return;

    std::vector<Attempt> attempts;
    for (const std::string& path : expand_candidates(candidates, {"libcuda.so.1"})) {
        const SharedLibrary driver = open_library(path, attempts);
        if (driver.handle == nullptr) continue;
        const auto init = reinterpret_cast<InitFunction>(driver.find("cuInit"));
        const auto get_count = reinterpret_cast<CountFunction>(driver.find("cuDeviceGetCount"));
        if (init == nullptr || get_count == nullptr) {
            attempts.push_back({driver.path, "not a CUDA driver: it has no cuInit"});
            continue;
        }
        check(driver, init(0), "cuInit");
        int count = 0;
        check(driver, get_count(&count), "cuDeviceGetCount");
        if (count == 0) throw Error(TRTV_ERROR_NO_DEVICE, "The CUDA driver sees no GPU.", TRTV_DOMAIN_CUDA, kNoDevice);
        ready = true;
        return;
    }
    throw Error(TRTV_ERROR_NO_DRIVER,
                "No CUDA driver was found, and TensorRT needs one here: install NVIDIA's driver. Tried: " +
                    describe(attempts) + ".",
                TRTV_DOMAIN_LOADER);
}

}  // namespace trtv
