// trtv_profiler_*: nvinfer1::IProfiler.
#include "profiler.h"

#include "core/boundary.h"

namespace trtv {

void Profiler::reportLayerTime(const char* layer_name, float ms) noexcept {
    try {
        std::lock_guard lock(mutex_);
        records_.push_back({index_of(layer_name), ms});
    } catch (...) {
        Logger::instance().say(TRTV_SEVERITY_ERROR, "A layer's time was lost: out of host memory.");
    }
}

int32_t Profiler::index_of(const char* layer_name) {
    const auto known = indices_.find(layer_name);
    if (known != indices_.end()) return known->second;
    const auto index = static_cast<int32_t>(names_.size());
    names_.emplace_back(layer_name);
    try {
        indices_.emplace(layer_name, index);
    } catch (...) {
        // Index and name come and go together, or every later name would be a wrong one.
        names_.pop_back();
        throw;
    }
    return index;
}

const char* Profiler::layer_name(int32_t layer) {
    std::lock_guard lock(mutex_);
    if (layer < 0 || layer >= static_cast<int32_t>(names_.size()))
        throw Error(TRTV_ERROR_NOT_FOUND, "No layer " + std::to_string(layer) + " was reported.");
    return names_[static_cast<size_t>(layer)].c_str();
}

int32_t Profiler::take(int32_t* layers, float* times_ms, int32_t capacity) {
    std::lock_guard lock(mutex_);
    int32_t count = 0;
    for (; count < capacity && !records_.empty(); ++count) {
        layers[count] = records_.front().layer;
        times_ms[count] = records_.front().ms;
        records_.pop_front();
    }
    return count;
}

}  // namespace trtv

int32_t trtv_profiler_create(trtv_profiler** profiler) noexcept {
    return trtv::guard([&] {
        trtv::require(profiler, "profiler") = nullptr;
        *profiler = new trtv_profiler{std::make_shared<trtv::Profiler>()};
    });
}

void trtv_profiler_destroy(trtv_profiler* profiler) noexcept { delete profiler; }

int32_t trtv_profiler_get_layer_name(trtv_profiler* profiler, int32_t layer, const char** name) noexcept {
    return trtv::guard([&] {
        trtv::require(name, "name") = nullptr;
        *name = trtv::require(profiler, "profiler").state->layer_name(layer);
    });
}

int32_t trtv_profiler_take(trtv_profiler* profiler, int32_t* layers, float* times_ms, int32_t capacity,
                           int32_t* count) noexcept {
    return trtv::guard([&] {
        trtv::require(count, "count") = 0;
        trtv::require_range(capacity, 0, INT32_MAX, "capacity");
        if (capacity > 0) {
            trtv::require(layers, "layers");
            trtv::require(times_ms, "times_ms");
        }
        *count = trtv::require(profiler, "profiler").state->take(layers, times_ms, capacity);
    });
}
