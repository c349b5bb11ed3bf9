#pragma once

#include <memory>

#include "loader/nvidia.h"

namespace trtv {

struct Runtime {
    std::shared_ptr<Nvidia> nvidia;
    std::unique_ptr<nvinfer1::IRuntime> runtime;
};

}  // namespace trtv

/** The handle: its children keep what it holds, not the handle. */
struct trtv_runtime {
    std::shared_ptr<trtv::Runtime> state;
};
