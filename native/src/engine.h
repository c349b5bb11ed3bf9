#pragma once

#include <string>
#include <vector>

#include "runtime.h"

namespace trtv {

struct Engine {
    std::shared_ptr<Runtime> parent;
    std::unique_ptr<nvinfer1::ICudaEngine> engine;
    // TensorRT's answer to an unknown name is a log message and a plausible value, so names are checked here.
    std::vector<std::string> tensor_names;

    /** Refuses a name that is no input's or output's. */
    const char* require_tensor(const char* name) const;

    void require_profile(int32_t profile) const;
};

}  // namespace trtv

/** The handle: its children keep what it holds, not the handle. */
struct trtv_engine {
    std::shared_ptr<trtv::Engine> state;
};
