#pragma once

#include <NvInfer.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "trtvocoder_shim.h"

namespace trtv {

/** Buffers layer times, so that no call goes out while TensorRT reports. */
class Profiler : public nvinfer1::IProfiler {
public:
    void reportLayerTime(const char* layer_name, float ms) noexcept override;

    int32_t layer_count();

    /** Valid as long as the profiler is: a deque does not move its elements. */
    const char* layer_name(int32_t layer);

    int32_t take(int32_t* layers, float* times_ms, int32_t capacity);

private:
    struct Record {
        int32_t layer;
        float ms;
    };

    std::mutex mutex_;
    std::unordered_map<std::string, int32_t> indices_;
    std::deque<std::string> names_;
    std::deque<Record> records_;
};

}  // namespace trtv

/** The handle: contexts keep what it holds, not the handle. */
struct trtv_profiler {
    std::shared_ptr<trtv::Profiler> state;
};
