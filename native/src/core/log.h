// TensorRT tells why something failed only in its log: the one logger forwards to the caller and keeps the errors.
#pragma once

#include <NvInfer.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "core/error.h"

namespace trtv {

/**
 * The process's one nvinfer1::ILogger: TensorRT warns when two are used, and the first must outlive everything, so it
 * is never destroyed.
 */
class Logger : public nvinfer1::ILogger {
public:
    static Logger& instance() noexcept;

    /** Marks the start of a call on this thread: its failure is explained by what was logged since. */
    static void begin_call() noexcept;

    void log(Severity severity, const nvinfer1::AsciiChar* message) noexcept override;

    /** Sends a message of the shim's own; takes no std::string, whose making could fail where memory is what ran out.
     */
    void say(trtv_severity severity, const char* message) noexcept;

    /**
     * TensorRT's errors since the call began: those of this thread, else, if asked for, those of all others, which may
     * be its workers; else "". Several are joined by "; ".
     */
    std::string words(bool of_workers_too = true);

    void set_callback(trtv_log_callback callback, void* user, int32_t severity);

private:
    struct Entry {
        uint64_t sequence = 0;
        std::thread::id thread;
        std::string text;
    };

    void send(int32_t severity, const char* source, const char* message) noexcept;

    std::mutex mutex_;
    std::array<Entry, 16> errors_;
};

/** An error in TensorRT's words: sentence, then what was logged since the call began, and the code found in it. */
Error tensorrt_error(const std::string& sentence, trtv_status status = TRTV_ERROR_TENSORRT);

/** Throws it if this thread logged an error since the call began: for TensorRT's functions that return nothing. */
void throw_if_logged(const std::string& sentence, trtv_status status = TRTV_ERROR_TENSORRT);

}  // namespace trtv
