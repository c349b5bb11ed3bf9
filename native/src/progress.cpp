// nvinfer1::IProgressMonitor: TensorRT names a phase's parent and length only at its start, so they are kept.
#include "progress.h"

namespace trtv {

void ProgressMonitor::set_callback(trtv_progress_callback callback, void* user) {
    std::lock_guard lock(mutex_);
    callback_ = callback;
    user_ = user;
}

void ProgressMonitor::phaseStart(const char* phase, const char* parent, int32_t step_count) noexcept {
    try {
        const Phase details{parent == nullptr ? "" : parent, parent != nullptr, step_count};
        {
            std::lock_guard lock(mutex_);
            phases_[phase] = details;
        }
        report(phase, details, 0);
    } catch (...) {
        // A step of the progress is lost, not the build.
    }
}

bool ProgressMonitor::stepComplete(const char* phase, int32_t step) noexcept {
    try {
        Phase details;
        if (find(phase, details, false) && step + 1 < details.step_count) report(phase, details, step + 1);
    } catch (...) {
        // As above.
    }
    return !cancelled_;
}

void ProgressMonitor::phaseFinish(const char* phase) noexcept {
    try {
        Phase details;
        if (find(phase, details, true)) report(phase, details, details.step_count);
    } catch (...) {
        // As above.
    }
}

bool ProgressMonitor::find(const char* phase, Phase& details, bool remove) {
    std::lock_guard lock(mutex_);
    const auto place = phases_.find(phase);
    if (place == phases_.end()) return false;
    details = place->second;
    if (remove) phases_.erase(place);
    return true;
}

void ProgressMonitor::report(const char* phase, const Phase& details, int32_t step) noexcept {
    trtv_progress_callback callback = nullptr;
    void* user = nullptr;
    {
        std::lock_guard lock(mutex_);
        callback = callback_;
        user = user_;
    }
    if (callback == nullptr) return;
    const char* parent = details.has_parent ? details.parent.c_str() : nullptr;
    if (callback(user, phase, parent, step, details.step_count) != 0) cancel();
}

}  // namespace trtv
