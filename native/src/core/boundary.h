// The boundary that every exported function goes through.
#pragma once

#include <string>

#include "core/error.h"
#include "core/log.h"

namespace trtv {

/** Runs body; whatever it throws becomes a status and the thread's last error. */
template <typename Body>
int32_t guard(Body&& body) noexcept {
    try {
        Logger::begin_call();
        body();
        return TRTV_OK;
    } catch (...) {
        return record_current_exception();
    }
}

/** Gives a pointer's target; refuses NULL. */
template <typename T>
T& require(T* pointer, const char* name) {
    if (pointer == nullptr) throw Error(TRTV_ERROR_INVALID_ARGUMENT, std::string(name) + " is NULL.");
    return *pointer;
}

/** Gives a struct of this header's version; refuses NULL and any other size. */
template <typename T>
T& require_struct(T* pointer, const char* name) {
    T& value = require(pointer, name);
    if (value.struct_size != sizeof(T)) {
        throw Error(TRTV_ERROR_INVALID_ARGUMENT,
                    std::string(name) + "->struct_size is " + std::to_string(value.struct_size) + ", expected " +
                        std::to_string(sizeof(T)) + ": caller and library are of different versions.");
    }
    return value;
}

/** Refuses a number outside first to last. */
inline void require_range(int64_t value, int64_t first, int64_t last, const char* name) {
    if (value < first || value > last) {
        throw Error(TRTV_ERROR_INVALID_ARGUMENT, std::string(name) + " is " + std::to_string(value) + ", expected " +
                                                     std::to_string(first) + " to " + std::to_string(last) + ".");
    }
}

}  // namespace trtv
