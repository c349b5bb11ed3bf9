// One enqueue: all that its work on the stream needs, fixed when it was enqueued, so that it can be replayed.
#pragma once

#include <mutex>

#include "cuda_api.h"
#include "engine_core.h"

namespace trtv_sim {

/** What the runs of one context share. */
struct RunState {
    std::mutex mutex;
    bool running = false;
    /** Layer times of the last run that was asked for them. */
    std::vector<std::pair<std::string, float>> layerTimes;
};

struct Run {
    std::shared_ptr<EngineCore> engine;
    std::shared_ptr<RunState> state;
    std::map<std::string, onnx::Shape> inputShapes;
    std::map<std::string, uint64_t> addresses;
    uint64_t scratch = 0;
    int64_t scratchBytes = 0;
    bool profiled = false;
    onnx::Values inputs;

    /** Reads the inputs; behind it they may be overwritten. */
    CUresult consumeInputs();
    CUresult compute();
};

}  // namespace trtv_sim
