#include "metrics.h"

#include <iterator>
#include <mutex>

namespace trtv::triton {

/** A family, and what of the activity it is. */
struct InstanceMetrics::Entry {
    TRITONSERVER_MetricKind kind;
    const char* name;
    const char* description;
    double (*value)(const Activity& now);
};

const InstanceMetrics::Entry InstanceMetrics::entries[] = {
    {TRITONSERVER_METRIC_KIND_COUNTER, "trtvocoder_batches_total", "Runs of the network",
     [](const Activity& now) { return static_cast<double>(now.scheduler.batches_run); }},
    {TRITONSERVER_METRIC_KIND_COUNTER, "trtvocoder_windows_total", "Windows in runs of the network",
     [](const Activity& now) { return static_cast<double>(now.scheduler.windows_run); }},
    {TRITONSERVER_METRIC_KIND_COUNTER, "trtvocoder_slots_total",
     "Windows that would have been in runs of the network, had each been full; windows by slots is the batch fill",
     [](const Activity& now) { return static_cast<double>(now.scheduler.slots_offered); }},
    {TRITONSERVER_METRIC_KIND_COUNTER, "trtvocoder_frames_total", "Frames of the accepted mels and pieces",
     [](const Activity& now) { return static_cast<double>(now.scheduler.frames_asked); }},
    {TRITONSERVER_METRIC_KIND_COUNTER, "trtvocoder_cancelled_total",
     "Mels and pieces whose request was cancelled in time",
     [](const Activity& now) { return static_cast<double>(now.scheduler.requests_cancelled); }},
    {TRITONSERVER_METRIC_KIND_GAUGE, "trtvocoder_queued_windows", "Windows that wait",
     [](const Activity& now) { return static_cast<double>(now.scheduler.queued_windows); }},
    {TRITONSERVER_METRIC_KIND_GAUGE, "trtvocoder_open_mels", "Mels accepted and not yet done",
     [](const Activity& now) { return static_cast<double>(now.scheduler.open_requests); }},
    {TRITONSERVER_METRIC_KIND_COUNTER, "trtvocoder_pushes_total", "Pieces of sequences that were decoded",
     [](const Activity& now) { return static_cast<double>(now.sequences.pushes); }},
    {TRITONSERVER_METRIC_KIND_GAUGE, "trtvocoder_open_sequences", "Sequences that have a stream",
     [](const Activity& now) { return static_cast<double>(now.sequences.open); }},
    {TRITONSERVER_METRIC_KIND_GAUGE, "trtvocoder_ready", "1 as long as the instance can serve",
     [](const Activity& now) { return now.is_ready ? 1.0 : 0.0; }},
};

InstanceMetrics::InstanceMetrics(const std::string& model, uint64_t version, const std::string& instance) {
    static_assert(std::size(entries) == entry_count);
    const std::string version_text = std::to_string(version);
    const char* const labels[][2] = {
        {"model", model.c_str()}, {"version", version_text.c_str()}, {"instance", instance.c_str()}};
    const TRITONSERVER_Parameter* parameters[std::size(labels)] = {};
    for (size_t index = 0; index < std::size(labels); index++) {
        parameters[index] =
            TRITONSERVER_ParameterNew(labels[index][0], TRITONSERVER_PARAMETER_STRING, labels[index][1]);
    }
    for (int index = 0; index < entry_count; index++) {
        // Families live as long as the process: several models and instances share them.
        static TRITONSERVER_MetricFamily* families[entry_count] = {};
        static std::mutex mutex;
        const std::lock_guard lock(mutex);
        const Entry& entry = entries[index];
        TRITONSERVER_Error* error = nullptr;
        if (families[index] == nullptr) {
            error = TRITONSERVER_MetricFamilyNew(&families[index], entry.kind, entry.name, entry.description);
        }
        if (error == nullptr) {
            error = TRITONSERVER_MetricNew(&metrics_[index], families[index], parameters, std::size(labels));
        }
        // A server that is built or started without metrics has none.
        TRITONSERVER_ErrorDelete(error);
    }
    for (const TRITONSERVER_Parameter* const parameter : parameters) {
        TRITONSERVER_ParameterDelete(const_cast<TRITONSERVER_Parameter*>(parameter));
    }
    update(Activity{});
}

InstanceMetrics::~InstanceMetrics() {
    for (TRITONSERVER_Metric* const metric : metrics_) {
        if (metric != nullptr) log_if_failed(TRITONSERVER_MetricDelete(metric), "a metric");
    }
}

void InstanceMetrics::update(const Activity& activity) noexcept {
    for (int index = 0; index < entry_count; index++) {
        if (metrics_[index] == nullptr) continue;
        const double value = entries[index].value(activity);
        if (entries[index].kind == TRITONSERVER_METRIC_KIND_GAUGE) {
            log_if_failed(TRITONSERVER_MetricSet(metrics_[index], value), "a metric");
        } else {
            log_if_failed(TRITONSERVER_MetricIncrement(metrics_[index], value - last_[index]), "a metric");
            last_[index] = value;
        }
    }
}

}  // namespace trtv::triton
