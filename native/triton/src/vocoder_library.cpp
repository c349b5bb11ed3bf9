#include "vocoder_library.h"

#include <dlfcn.h>

namespace trtv::triton {
namespace {

/** TrtVocoder.FailureKind.ContextLost. */
constexpr int32_t context_lost_kind = 23;

/** "…/libtrtvocoder.so" beside the library that this code is in. */
std::string path_beside_backend() {
    Dl_info info;
    if (dladdr(reinterpret_cast<const void*>(&path_beside_backend), &info) == 0 || info.dli_fname == nullptr) {
        throw Failure(TRITONSERVER_ERROR_INTERNAL, "The backend's own folder was not found.");
    }
    const std::string own = info.dli_fname;
    const size_t slash = own.rfind('/');
    return (slash == std::string::npos ? "." : own.substr(0, slash)) + "/libtrtvocoder.so";
}

TRITONSERVER_LogLevel level_of(int32_t severity) noexcept {
    switch (severity) {
        case TRTVOCODER_SEVERITY_INTERNAL_ERROR:
        case TRTVOCODER_SEVERITY_ERROR:
            return TRITONSERVER_LOG_ERROR;
        case TRTVOCODER_SEVERITY_WARNING:
            return TRITONSERVER_LOG_WARN;
        default:
            return TRITONSERVER_LOG_INFO;
    }
}

void log_message(void*, int32_t severity, const char* source, const char* message) noexcept {
    TRITONSERVER_ErrorDelete(TRITONSERVER_LogMessage(level_of(severity), source, 0, message));
}

}  // namespace

const VocoderLibrary& VocoderLibrary::instance() {
    static const VocoderLibrary library;
    return library;
}

VocoderLibrary::VocoderLibrary() {
    const std::string path = path_beside_backend();
    // It stays in memory until the process ends, as .NET does.
    void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        throw Failure(TRITONSERVER_ERROR_UNAVAILABLE,
                      "libtrtvocoder.so could not be loaded from the backend's folder: " + std::string(dlerror()) +
                          ". Copy the files of the archive's lib folder there.");
    }
    const auto find = [&](auto& function, const char* name) {
        void* const symbol = dlsym(handle, name);
        if (symbol == nullptr) {
            throw Failure(TRITONSERVER_ERROR_UNAVAILABLE, path + " has no " + name +
                                                              ": it is of another version than this backend. Take " +
                                                              "both from one archive.");
        }
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
    };
#define TRTV_FIND(name) find(name, "trtvocoder_" #name)
    TRTV_FIND(get_abi_version);
    TRTV_FIND(get_version);
    TRTV_FIND(get_last_error);
    TRTV_FIND(log_set_callback);
    TRTV_FIND(vocoder_load_file);
    TRTV_FIND(vocoder_destroy);
    TRTV_FIND(vocoder_get_info);
    TRTV_FIND(vocoder_get_sample_count);
    TRTV_FIND(vocoder_copy_from_device);
    TRTV_FIND(vocoder_copy_to_device);
    TRTV_FIND(stream_create);
    TRTV_FIND(stream_destroy);
    TRTV_FIND(stream_warm_up);
    TRTV_FIND(stream_push);
    TRTV_FIND(stream_complete);
    TRTV_FIND(stream_read);
    TRTV_FIND(stream_reset);
    TRTV_FIND(scheduler_create);
    TRTV_FIND(scheduler_destroy);
    TRTV_FIND(scheduler_warm_up);
    TRTV_FIND(scheduler_submit);
    TRTV_FIND(scheduler_cancel);
    TRTV_FIND(scheduler_wait_for_room);
    TRTV_FIND(scheduler_get_window_count);
    TRTV_FIND(scheduler_get_memory);
    TRTV_FIND(scheduler_get_statistics);
#undef TRTV_FIND
    if (get_abi_version() != TRTVOCODER_ABI_VERSION) {
        throw Failure(TRITONSERVER_ERROR_UNAVAILABLE,
                      path + " has ABI version " + std::to_string(get_abi_version()) + ", this backend needs " +
                          std::to_string(TRTVOCODER_ABI_VERSION) + ": take both from one archive.");
    }
    check(log_set_callback(&log_message, nullptr, TRTVOCODER_SEVERITY_WARNING));
}

void VocoderLibrary::check(int32_t status) const {
    if (status == TRTVOCODER_OK) return;
    trtvocoder_error error{};
    error.struct_size = sizeof(error);
    get_last_error(&error);
    const std::string message = error.message == nullptr ? "" : error.message;
    if (error.kind == context_lost_kind) throw LostContext(error_code(status), message);
    throw Failure(error_code(status), message);
}

TRITONSERVER_Error_Code error_code(int32_t status) noexcept {
    switch (status) {
        case TRTVOCODER_ERROR_INVALID_ARGUMENT:
        case TRTVOCODER_ERROR_BAD_DATA:
            return TRITONSERVER_ERROR_INVALID_ARG;
        case TRTVOCODER_ERROR_FILE_SYSTEM:
            return TRITONSERVER_ERROR_NOT_FOUND;
        case TRTVOCODER_ERROR_OUT_OF_MEMORY:
        case TRTVOCODER_ERROR_BUSY:
        case TRTVOCODER_ERROR_MISSING_LIBRARY:
            return TRITONSERVER_ERROR_UNAVAILABLE;
        case TRTVOCODER_ERROR_UNSUPPORTED:
            return TRITONSERVER_ERROR_UNSUPPORTED;
        case TRTVOCODER_ERROR_CANCELLED:
            return TRITONSERVER_ERROR_CANCELLED;
        default:
            return TRITONSERVER_ERROR_INTERNAL;
    }
}

}  // namespace trtv::triton
