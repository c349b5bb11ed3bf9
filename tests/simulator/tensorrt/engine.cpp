#include "engine.h"

#include <algorithm>

#include "execution_context.h"
#include "gpu_link.h"
#include "host_memory.h"
#include "inspector.h"

namespace trtv_sim {

using namespace nvinfer1;

Engine::Engine(std::shared_ptr<EngineCore> core, std::shared_ptr<std::atomic<int>> siblings)
    : Counted("ICudaEngine"), core_(std::move(core)), siblings_(std::move(siblings)) {
    mImpl = this;
    ++*siblings_;
}

Engine::~Engine() noexcept {
    --*siblings_;
    if (core_->contexts > 0) Simulation::instance().violation("an engine was destroyed before its execution contexts");
}

int32_t Engine::getNbLayers() const noexcept { return static_cast<int32_t>(core_->model.nodes.size()); }

IHostMemory* Engine::serialize() const noexcept {
    if (injected(core_->logger, "ICudaEngine::serialize")) return nullptr;
    return new HostMemory(core_->bytes);
}

IExecutionContext* Engine::createExecutionContext(ExecutionContextAllocationStrategy strategy) noexcept {
    if (injected(core_->logger, "ICudaEngine::createExecutionContext")) return nullptr;
    try {
        if (const CUresult failed = ensureContext()) {
            logError(core_->logger, "ICudaEngine::createExecutionContext: Error Code 1: Cuda Runtime (error " +
                                        std::to_string(static_cast<int>(failed)) + ")");
            return nullptr;
        }
        return new ExecutionContext(core_, strategy);
    } catch (const std::exception& error) {
        logError(core_->logger, error.what());
        return nullptr;
    }
}

bool Engine::isRefittable() const noexcept { return core_->plan.refittable; }

const char* Engine::getName() const noexcept { return "Unnamed Network 0"; }

int32_t Engine::getNbOptimizationProfiles() const noexcept {
    return static_cast<int32_t>(std::max<size_t>(1, core_->plan.profiles.size()));
}

ProfilingVerbosity Engine::getProfilingVerbosity() const noexcept { return core_->plan.verbosity; }

IEngineInspector* Engine::createEngineInspector() const noexcept {
    if (injected(core_->logger, "ICudaEngine::createEngineInspector")) return nullptr;
    return new Inspector(core_);
}

const onnx::Value* Engine::tensor(const char* name, const char* method) const {
    const onnx::Value* found = name ? core_->tensor(name) : nullptr;
    if (!found) {
        refuse(core_->logger, std::string("ICudaEngine::") + method,
               std::string("Given invalid tensor name: ") + (name ? name : "(null)") +
                   ". Get valid tensor names with getIOTensorName()");
    }
    return found;
}

Dims Engine::getTensorShape(const char* tensorName) const noexcept {
    const onnx::Value* value = tensor(tensorName, "getTensorShape");
    return value ? toDims(value->shape) : invalidDims();
}

DataType Engine::getTensorDataType(const char* tensorName) const noexcept {
    const onnx::Value* value = tensor(tensorName, "getTensorDataType");
    return value ? toDataType(value->type) : DataType::kFLOAT;
}

TensorLocation Engine::getTensorLocation(const char*) const noexcept { return TensorLocation::kDEVICE; }

bool Engine::isShapeInferenceIO(const char*) const noexcept { return false; }

TensorIOMode Engine::getTensorIOMode(const char* tensorName) const noexcept {
    if (!tensor(tensorName, "getTensorIOMode")) return TensorIOMode::kNONE;
    return core_->input(tensorName) ? TensorIOMode::kINPUT : TensorIOMode::kOUTPUT;
}

int32_t Engine::getTensorBytesPerComponent(const char*) const noexcept { return -1; }

int32_t Engine::getTensorComponentsPerElement(const char*) const noexcept { return -1; }

TensorFormat Engine::getTensorFormat(const char*) const noexcept { return TensorFormat::kLINEAR; }

const char* Engine::getTensorFormatDesc(const char* tensorName) const noexcept {
    const onnx::Value* value = tensor(tensorName, "getTensorFormatDesc");
    if (!value) return "";
    return value->type == onnx::ElementType::kHalf ? "Row-major linear FP16 format (kLINEAR)"
                                                   : "Row-major linear FP32 format (kLINEAR)";
}

int32_t Engine::getTensorVectorizedDim(const char*) const noexcept { return -1; }

Dims Engine::getProfileShape(const char* tensorName, int32_t profileIndex, OptProfileSelector select) const noexcept {
    const onnx::Value* value = tensor(tensorName, "getProfileShape");
    if (!value || profileIndex < 0 || profileIndex >= getNbOptimizationProfiles() || !core_->input(tensorName)) {
        return invalidDims();
    }
    const auto& profiles = core_->plan.profiles;
    if (profiles.empty()) return toDims(value->shape);
    const auto range = profiles[static_cast<size_t>(profileIndex)].find(tensorName);
    if (range == profiles[static_cast<size_t>(profileIndex)].end()) return toDims(value->shape);
    return toDims(range->second.shapes[static_cast<int32_t>(select)]);
}

int32_t Engine::getNbIOTensors() const noexcept {
    return static_cast<int32_t>(core_->model.inputs.size() + core_->model.outputs.size());
}

const char* Engine::getIOTensorName(int32_t index) const noexcept {
    const auto& inputs = core_->model.inputs;
    const auto& outputs = core_->model.outputs;
    const auto at = static_cast<size_t>(index);
    if (index < 0 || at >= inputs.size() + outputs.size()) return nullptr;
    return at < inputs.size() ? inputs[at].name.c_str() : outputs[at - inputs.size()].name.c_str();
}

HardwareCompatibilityLevel Engine::getHardwareCompatibilityLevel() const noexcept { return core_->plan.hardware; }

int32_t Engine::getNbAuxStreams() const noexcept { return 0; }

int64_t Engine::getDeviceMemorySizeV2() const noexcept {
    int64_t largest = 0;
    for (int32_t i = 0; i < getNbOptimizationProfiles(); ++i) {
        largest = std::max(largest, getDeviceMemorySizeForProfileV2(i));
    }
    return largest;
}

int64_t Engine::getDeviceMemorySizeForProfileV2(int32_t profileIndex) const noexcept {
    return core_->scratchBytesOfProfile(static_cast<size_t>(std::max(0, profileIndex)));
}

}  // namespace trtv_sim
