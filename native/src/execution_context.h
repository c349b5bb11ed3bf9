#pragma once

#include "core/error.h"
#include "engine.h"
#include "profiler.h"

namespace trtv {

/** Members are destroyed from the last to the first: the context before what it uses. */
struct ExecutionContext {
    std::shared_ptr<Engine> parent;
    std::shared_ptr<Profiler> profiler;
    std::unique_ptr<nvinfer1::IExecutionContext> context;

    /** Why a call that needs every input and address failed: the error that names what is missing, else TensorRT's. */
    Error explain_failure(const std::string& sentence);
};

}  // namespace trtv

struct trtv_execution_context {
    std::shared_ptr<trtv::ExecutionContext> state;
};
