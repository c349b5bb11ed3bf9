#include "core/log.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <shared_mutex>
#include <vector>

namespace trtv {
namespace {

std::atomic<uint64_t> error_count{0};

uint64_t& call_start() noexcept {
    thread_local uint64_t start = 0;
    return start;
}

struct Callback {
    std::shared_mutex mutex;
    trtv_log_callback function = nullptr;
    void* user = nullptr;
    // Read without the lock, so that a silent log costs nothing.
    std::atomic<int32_t> severity{-1};
};

Callback& callback() noexcept {
    static Callback* const leaked = new Callback();
    return *leaked;
}

// "... Error Code 4: Internal Error ..." -> 4
int32_t find_code(const std::string& words) {
    static const std::string mark = "Error Code ";
    const size_t position = words.find(mark);
    return position == std::string::npos ? 0 : std::atoi(words.c_str() + position + mark.size());
}

}  // namespace

Logger& Logger::instance() noexcept {
    static Logger* const leaked = new Logger();
    return *leaked;
}

void Logger::begin_call() noexcept { call_start() = error_count.load(std::memory_order_relaxed); }

void Logger::log(Severity severity, const nvinfer1::AsciiChar* message) noexcept {
    const char* text = message == nullptr ? "" : message;
    if (severity <= Severity::kERROR) {
        try {
            std::lock_guard lock(mutex_);
            const uint64_t sequence = ++error_count;
            errors_[sequence % errors_.size()] = {sequence, std::this_thread::get_id(), text};
        } catch (...) {
            // An explanation is lost; the failure itself is not.
        }
    }
    send(static_cast<int32_t>(severity), "TensorRT", text);
}

void Logger::say(trtv_severity severity, const char* message) noexcept { send(severity, "trtvocoder", message); }

void Logger::send(int32_t severity, const char* source, const char* message) noexcept {
    Callback& target = callback();
    if (severity > target.severity.load(std::memory_order_relaxed)) return;
    try {
        std::shared_lock lock(target.mutex);
        if (target.function != nullptr) target.function(target.user, severity, source, message);
    } catch (...) {
        // A message is lost rather than the process: TensorRT's log may not throw.
    }
}

std::string Logger::words(bool of_workers_too) {
    std::lock_guard lock(mutex_);
    const uint64_t last = error_count.load();
    const uint64_t first = last > errors_.size() ? last - errors_.size() : 0;
    std::vector<const std::string*> own;
    std::vector<const std::string*> others;
    for (uint64_t sequence = std::max(first, call_start()) + 1; sequence <= last; ++sequence) {
        const Entry& entry = errors_[sequence % errors_.size()];
        if (entry.sequence != sequence) continue;
        (entry.thread == std::this_thread::get_id() ? own : others).push_back(&entry.text);
    }
    std::string result;
    for (const std::string* text : own.empty() && of_workers_too ? others : own)
        result += (result.empty() ? "" : "; ") + *text;
    return result;
}

void Logger::set_callback(trtv_log_callback function, void* user, int32_t severity) {
    Callback& target = callback();
    std::unique_lock lock(target.mutex);
    target.function = function;
    target.user = user;
    target.severity = function == nullptr ? -1 : severity;
}

Error tensorrt_error(const std::string& sentence, trtv_status status) {
    const std::string words = Logger::instance().words();
    return Error(status, words.empty() ? sentence + " TensorRT gave no reason." : sentence + " TensorRT says: " + words,
                 TRTV_DOMAIN_TENSORRT, find_code(words));
}

void throw_if_logged(const std::string& sentence, trtv_status status) {
    // Another thread's error is another call's: here nothing but the log says that this call failed.
    if (!Logger::instance().words(false).empty()) throw tensorrt_error(sentence, status);
}

}  // namespace trtv
