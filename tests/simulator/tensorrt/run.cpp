#include "run.h"

#include <chrono>
#include <cstring>
#include <limits>
#include <mutex>
#include <set>
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

// Scratch memory that runs are at work in, on every GPU. Real TensorRT would compute garbage; this notices.
class ScratchUse {
public:
    explicit ScratchUse(uint64_t address) : address_(address) {
        const std::lock_guard lock(mutex());
        if (address_) isAlone_ = addresses().insert(address_).second;
    }
    ~ScratchUse() {
        const std::lock_guard lock(mutex());
        if (address_ && isAlone_) addresses().erase(address_);
    }
    ScratchUse(const ScratchUse&) = delete;
    ScratchUse& operator=(const ScratchUse&) = delete;
    bool isAlone() const { return isAlone_; }

private:
    static std::mutex& mutex() {
        static auto* guard = new std::mutex();
        return *guard;
    }
    static std::set<uint64_t>& addresses() {
        static auto* used = new std::set<uint64_t>();
        return *used;
    }

    const uint64_t address_;
    bool isAlone_ = true;
};

// What engines have been seen to put out in place of the network's values.
onnx::TensorPtr distort(const onnx::TensorPtr& tensor, const std::string& how) {
    if (how == "right" || !tensor->isFloat()) return tensor;
    onnx::Tensor wrong = *tensor;
    for (size_t i = 0; i < wrong.floats.size(); ++i) {
        float& value = wrong.floats[i];
        if (how == "nan") value = std::numeric_limits<float>::quiet_NaN();
        if (how == "silent") value = 0;
        if (how == "noisy") value *= i % 2 == 0 ? 4.0F / 3 : 2.0F / 3;
    }
    return std::make_shared<const onnx::Tensor>(std::move(wrong));
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

    const ScratchUse scratchUse(scratchBytes > 0 ? scratch : 0);
    if (!scratchUse.isAlone()) {
        idle();
        Simulation::instance().violation("two runs used the same scratch memory at the same time on the GPU");
        return CUDA_ERROR_LAUNCH_FAILED;
    }
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
    const std::string how = Simulation::instance().text("outputs");
    for (const auto& [name, tensor] : outputs) {
        const size_t bytes = static_cast<size_t>(tensor->count()) * onnx::bytesOf(tensor->type);
        if (bytes == 0) continue;
        void* data = resolveAddress(addresses.at(name), bytes);
        if (data) {
            onnx::toBytes(*distort(tensor, how), data);
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
