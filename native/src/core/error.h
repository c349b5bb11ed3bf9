// What fails inside the shim is thrown as an Error and becomes a status at the boundary.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "trtvocoder_shim.h"

namespace trtv {

class Error : public std::exception {
public:
    Error(trtv_status status, std::string message, trtv_domain domain = TRTV_DOMAIN_SHIM, int32_t native_code = 0)
        : status_(status), domain_(domain), native_code_(native_code), message_(std::move(message)) {}

    const char* what() const noexcept override { return message_.c_str(); }
    trtv_status status() const noexcept { return status_; }
    trtv_domain domain() const noexcept { return domain_; }
    int32_t native_code() const noexcept { return native_code_; }

private:
    trtv_status status_;
    trtv_domain domain_;
    int32_t native_code_;
    std::string message_;
};

/** Makes the exception being handled the thread's last error; gives its status. */
int32_t record_current_exception() noexcept;

/** Gives the thread's last error. */
void read_last_error(trtv_error& error) noexcept;

}  // namespace trtv
