// The backend's own metrics, beside those that Triton keeps of each model.
#pragma once

#include <cstdint>
#include <string>

#include "boundary.h"
#include "trtvocoder.h"

namespace trtv::triton {

/** What a scheduler has done, as metrics with labels model, version and instance. */
class InstanceMetrics {
public:
    InstanceMetrics(const std::string& model, uint64_t version, const std::string& instance);
    ~InstanceMetrics();
    InstanceMetrics(const InstanceMetrics&) = delete;
    InstanceMetrics& operator=(const InstanceMetrics&) = delete;

    /** Brings the metrics to what the statistics say. By one thread at a time. */
    void update(const trtvocoder_scheduler_statistics& statistics, bool is_ready) noexcept;

private:
    struct Entry;
    static const Entry entries[];
    static constexpr int entry_count = 8;

    TRITONSERVER_Metric* metrics_[entry_count] = {};
    double last_[entry_count] = {};
};

}  // namespace trtv::triton
