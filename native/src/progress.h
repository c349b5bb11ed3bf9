#pragma once

#include <NvInfer.h>

#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>

#include "trtvocoder_shim.h"

namespace trtv {

/** Passes a build's progress on, and its cancellation back. */
class ProgressMonitor : public nvinfer1::IProgressMonitor {
public:
    void set_callback(trtv_progress_callback callback, void* user);
    void cancel() noexcept { cancelled_ = true; }

    /** Whether the build was cancelled; from then on it is not. */
    bool take_cancelled() noexcept { return cancelled_.exchange(false); }

    void phaseStart(const char* phase, const char* parent, int32_t step_count) noexcept override;
    bool stepComplete(const char* phase, int32_t step) noexcept override;
    void phaseFinish(const char* phase) noexcept override;

private:
    struct Phase {
        std::string parent;
        bool has_parent = false;
        int32_t step_count = 0;
    };

    void report(const char* phase, const Phase& details, int32_t step) noexcept;
    bool find(const char* phase, Phase& details, bool remove);

    std::mutex mutex_;
    std::unordered_map<std::string, Phase> phases_;
    trtv_progress_callback callback_ = nullptr;
    void* user_ = nullptr;
    std::atomic<bool> cancelled_{false};
};

}  // namespace trtv
