#include "core/error.h"

#include <new>

namespace trtv {
namespace {

struct LastError {
    int32_t status = TRTV_OK;
    int32_t domain = TRTV_DOMAIN_NONE;
    int32_t native_code = 0;
    std::string message;
    // Stands in for message when there is no memory to hold one.
    const char* constant = nullptr;

    void set(int32_t new_status, int32_t new_domain, int32_t code, const char* text) noexcept {
        status = new_status;
        domain = new_domain;
        native_code = code;
        constant = nullptr;
        try {
            message = text;
        } catch (...) {
            constant = "Out of host memory, also for the error message.";
        }
    }
};

LastError& last_error() noexcept {
    thread_local LastError error;
    return error;
}

}  // namespace

int32_t record_current_exception() noexcept {
    LastError& last = last_error();
    try {
        throw;
    } catch (const Error& error) {
        last.set(error.status(), error.domain(), error.native_code(), error.what());
    } catch (const std::bad_alloc&) {
        last.set(TRTV_ERROR_OUT_OF_MEMORY, TRTV_DOMAIN_SHIM, 0, "Out of host memory.");
    } catch (const std::exception& error) {
        last.set(TRTV_ERROR_INTERNAL, TRTV_DOMAIN_SHIM, 0, error.what());
    } catch (...) {
        last.set(TRTV_ERROR_INTERNAL, TRTV_DOMAIN_SHIM, 0, "An exception of unknown type.");
    }
    return last.status;
}

void read_last_error(trtv_error& error) noexcept {
    const LastError& last = last_error();
    error.status = last.status;
    error.domain = last.domain;
    error.native_code = last.native_code;
    error.message = last.constant != nullptr ? last.constant : last.message.c_str();
}

}  // namespace trtv
