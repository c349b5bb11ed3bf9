// The backend's own metrics, beside those that Triton keeps of each model.
#pragma once

#include <cstdint>
#include <string>

#include "boundary.h"
#include "sequences.h"
#include "trtvocoder.h"

namespace trtv::triton {

/** What an instance has done and does. */
struct Activity {
    /** Of a model without sequences; of one with them what the two have in common. */
    trtvocoder_scheduler_statistics scheduler{};
    SequenceStatistics sequences;
    bool is_ready = true;
};

/** An instance's activity, as metrics with labels model, version and instance. */
class InstanceMetrics {
public:
    InstanceMetrics(const std::string& model, uint64_t version, const std::string& instance);
    ~InstanceMetrics();
    InstanceMetrics(const InstanceMetrics&) = delete;
    InstanceMetrics& operator=(const InstanceMetrics&) = delete;

    /** Brings the metrics to what the activity says. By one thread at a time. */
    void update(const Activity& activity) noexcept;

private:
    struct Entry;
    static const Entry entries[];
    static constexpr int entry_count = 10;

    TRITONSERVER_Metric* metrics_[entry_count] = {};
    double last_[entry_count] = {};
};

}  // namespace trtv::triton
