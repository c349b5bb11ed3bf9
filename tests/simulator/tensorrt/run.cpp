#include "run.h"

#include <chrono>
#include <cstring>
#include <thread>

#include "gpu_link.h"

namespace trtv_sim {
namespace {

// An addressing mistake on a GPU loses the context; there is nobody to return a sentence to, so it is kept as a
// violation.
CUresult illegalAddress(const std::string& what) {
    Simulation::instance().violation(what);
    return CUDA_ERROR_ILLEGAL_ADDRESS;
}

}  // namespace

CUresult Run::consumeInputs() {
    inputs.clear();
    for (const auto& [name, shape] : inputShapes) {
        const onnx::ElementType type = engine->input(name)->type;
        const auto bytes = static_cast<size_t>(onnx::countOf(shape)) * onnx::bytesOf(type);
        const void* data = resolveAddress(addresses.at(name), bytes);
        if (!data) return illegalAddress("the input '" + name + "' is not in GPU memory or too small");
        inputs[name] = std::make_shared<onnx::Tensor>(onnx::fromBytes(type, shape, data));
    }
    return CUDA_SUCCESS;
}

CUresult Run::compute() {
    const FaultAction fault = Simulation::instance().enter("kernel");
    if (fault.kind == FaultAction::Kind::kCode) return static_cast<CUresult>(fault.code);
    if (fault.kind != FaultAction::Kind::kNone) return CUDA_ERROR_LAUNCH_FAILED;

    {
        const std::lock_guard lock(state->mutex);
        if (state->running) {
            Simulation::instance().violation("two runs of one execution context overlapped on the GPU");
            return CUDA_ERROR_LAUNCH_FAILED;
        }
        state->running = true;
    }
    const auto idle = [&] {
        const std::lock_guard lock(state->mutex);
        state->running = false;
    };

    std::this_thread::sleep_for(std::chrono::microseconds(Simulation::instance().integer("enqueue_us")));
    if (scratchBytes > 0) {
        // Scratch memory is written, so that memory shared with something else is seen to suffer.
        void* scratchData = resolveAddress(scratch, static_cast<size_t>(scratchBytes));
        if (!scratchData) {
            idle();
            return illegalAddress("the scratch memory is not in GPU memory or too small");
        }
        std::memset(scratchData, 0xFF, static_cast<size_t>(scratchBytes));
    }

    std::vector<std::pair<std::string, float>> times;
    size_t node = 0;
    onnx::Values outputs;
    try {
        outputs = onnx::run(engine->model, inputs, false, [&](const onnx::Node&, float milliseconds) {
            if (profiled) times.emplace_back(engine->layerName(node), milliseconds);
            ++node;
        });
    } catch (const std::exception& error) {
        idle();
        Simulation::instance().violation(std::string("a layer failed on the GPU: ") + error.what());
        return CUDA_ERROR_LAUNCH_FAILED;
    }
    CUresult result = CUDA_SUCCESS;
    for (const auto& [name, tensor] : outputs) {
        const size_t bytes = static_cast<size_t>(tensor->count()) * onnx::bytesOf(tensor->type);
        if (bytes == 0) continue;
        void* data = resolveAddress(addresses.at(name), bytes);
        if (data) {
            onnx::toBytes(*tensor, data);
        } else {
            result = illegalAddress("the output '" + name + "' is not in GPU memory or too small");
        }
    }
    const std::lock_guard lock(state->mutex);
    state->running = false;
    if (profiled) state->layerTimes = std::move(times);
    return result;
}

}  // namespace trtv_sim
