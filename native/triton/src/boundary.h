// The boundary that every exported function goes through, and what fails inside of it.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "triton/core/tritonbackend.h"

namespace trtv::triton {

/** The oldest minor version of the backend API that has every function in use: RequestIsCancelled came with it. */
constexpr uint32_t oldest_minor = 16;

/** What fails inside the backend; at the boundary it becomes a TRITONSERVER_Error. */
class Failure : public std::exception {
public:
    Failure(TRITONSERVER_Error_Code code, std::string message) : code_(code), message_(std::move(message)) {}

    const char* what() const noexcept override { return message_.c_str(); }
    TRITONSERVER_Error_Code code() const noexcept { return code_; }

    /** The same with the sentence in front. */
    Failure under(const std::string& sentence) const { return Failure(code_, sentence + message_); }

private:
    TRITONSERVER_Error_Code code_;
    std::string message_;
};

/** The GPU's context is lost: nothing in this process runs on it any more. */
class LostContext : public Failure {
public:
    using Failure::Failure;
};

/** Throws what the core gave as an error, and deletes it. */
inline void check(TRITONSERVER_Error* error) {
    if (error == nullptr) return;
    Failure failure(TRITONSERVER_ErrorCode(error), TRITONSERVER_ErrorMessage(error));
    TRITONSERVER_ErrorDelete(error);
    throw failure;
}

/** Writes a line to the server's log. */
inline void log(TRITONSERVER_LogLevel level, const std::string& message) noexcept {
    TRITONSERVER_ErrorDelete(TRITONSERVER_LogMessage(level, "trtvocoder", 0, message.c_str()));
}

/** Logs what the core refused where nobody can be told, and deletes it. */
inline void log_if_failed(TRITONSERVER_Error* error, const char* what) noexcept {
    if (error == nullptr) return;
    try {
        log(TRITONSERVER_LOG_ERROR, std::string(what) + ": " + TRITONSERVER_ErrorMessage(error));
    } catch (const std::bad_alloc&) {
        // Nothing is left to say it with.
    }
    TRITONSERVER_ErrorDelete(error);
}

/** The exception being handled as an error of the core's. */
inline TRITONSERVER_Error* current_error() noexcept {
    try {
        throw;
    } catch (const Failure& failure) {
        return TRITONSERVER_ErrorNew(failure.code(), failure.what());
    } catch (const std::bad_alloc&) {
        return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, "There is not enough host memory.");
    } catch (const std::exception& exception) {
        return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, exception.what());
    } catch (...) {
        return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, "An exception of an unknown type was thrown.");
    }
}

/** Runs body; whatever it throws becomes an error of the core's. */
template <typename Body>
TRITONSERVER_Error* guard(Body&& body) noexcept {
    try {
        body();
        return nullptr;
    } catch (...) {
        return current_error();
    }
}

}  // namespace trtv::triton
