// ONNX Runtime in front of ONNX Runtime: hands on the library that TRTV_ORT_REAL names, but for one function of its
// table, TRTV_ORT_FAIL, which fails: its place in struct OrtApi (onnxruntime_c_api.h; places never change).
// TRTV_ORT_OLD: a library too old for this program.
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kFunctions = 420;  // as many as version 1.31 has, and a few less
constexpr int kCreateStatus = 0;
constexpr int kGenericFailure = 1;  // ORT_FAIL

using CreateStatus = void* (*)(int code, const char* message);

struct ApiBase {
    const void* (*get_api)(std::uint32_t version);
    const char* (*get_version)();
};

void* table[kFunctions];
const ApiBase* real;
void** functions;

void* fail() {
    return reinterpret_cast<CreateStatus>(functions[kCreateStatus])(
        kGenericFailure, "/onnxruntime_src/core/session/x.cc:12 void onnxruntime::X::Y(int) a failure made by a test");
}

const void* get_api(std::uint32_t version) {
    if (std::getenv("TRTV_ORT_OLD") != nullptr) {
        return nullptr;
    }
    functions = static_cast<void**>(const_cast<void*>(real->get_api(version)));
    std::memcpy(static_cast<void*>(table), functions, sizeof table);
    if (const char* place = std::getenv("TRTV_ORT_FAIL")) {
        table[std::atoi(place) % kFunctions] = reinterpret_cast<void*>(fail);
    }
    return table;
}

const char* get_version() { return real->get_version(); }

const ApiBase base = {get_api, get_version};

}  // namespace

extern "C" __attribute__((visibility("default"))) const ApiBase* OrtGetApiBase() {
    const char* path = std::getenv("TRTV_ORT_REAL");
    void* library = path == nullptr ? nullptr : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void* function = library == nullptr ? nullptr : dlsym(library, "OrtGetApiBase");
    if (function == nullptr) {
        return nullptr;
    }
    real = reinterpret_cast<const ApiBase* (*)()>(function)();
    return &base;
}
