// trtv_abi_*, trtv_error_*, trtv_log_*: what concerns no handle.

#include "core/boundary.h"

int32_t trtv_abi_get_version(int32_t* version) noexcept {
    return trtv::guard([&] { trtv::require(version, "version") = TRTV_ABI_VERSION; });
}

int32_t trtv_error_get_last(trtv_error* error) noexcept {
    // Not through the boundary: asking for the last error must not become the last error.
    if (error == nullptr || error->struct_size != sizeof(trtv_error)) return TRTV_ERROR_INVALID_ARGUMENT;
    trtv::read_last_error(*error);
    return TRTV_OK;
}

int32_t trtv_log_set_callback(trtv_log_callback callback, void* user, int32_t severity) noexcept {
    return trtv::guard([&] {
        trtv::require_range(severity, TRTV_SEVERITY_INTERNAL_ERROR, TRTV_SEVERITY_VERBOSE, "severity");
        trtv::Logger::instance().set_callback(callback, user, severity);
    });
}
