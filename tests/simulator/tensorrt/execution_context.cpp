#include "execution_context.h"

#include <chrono>
#include <thread>

#include "gpu_link.h"

namespace trtv_sim {

using namespace nvinfer1;

// A context is for one thread at a time. Real TensorRT does not notice; this does.
class ExecutionContext::Use {
public:
    Use(const ExecutionContext& context, const char* method) : context_(context) {
        bool free = false;
        owned_ = context.inUse_.compare_exchange_strong(free, true);
        if (owned_) return;
        Simulation::instance().violation("an execution context was used by two threads at the same time");
        context.refuse(method, "An execution context must not be used by two threads at the same time.");
    }
    ~Use() {
        if (owned_) context_.inUse_ = false;
    }
    explicit operator bool() const { return owned_; }

private:
    const ExecutionContext& context_;
    bool owned_;
};

ExecutionContext::ExecutionContext(std::shared_ptr<EngineCore> engine, ExecutionContextAllocationStrategy strategy)
    : Counted("IExecutionContext"), engine_(std::move(engine)), strategy_(strategy) {
    mImpl = this;
    // The first context of an engine begins in profile 0, later ones in none.
    if (engine_->contextsEver++ == 0 || engine_->plan.profiles.empty()) profile_ = 0;
    for (const onnx::Value& input : engine_->model.inputs) {
        if (onnx::countOf(input.shape) >= 0 && toString(input.shape).find('-') == std::string::npos) {
            inputShapes_[input.name] = input.shape;
        }
    }
    if (strategy_ != ExecutionContextAllocationStrategy::kUSER_MANAGED && !allocateScratch()) {
        throw std::runtime_error("ICudaEngine::createExecutionContext: Error Code 2: OutOfMemory (Requested size was " +
                                 std::to_string(scratchBytes_) + " bytes.)");
    }
    ++engine_->contexts;
}

ExecutionContext::~ExecutionContext() noexcept {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->running)
            Simulation::instance().violation("an execution context was destroyed while its run was at work on the GPU");
    }
    --engine_->contexts;
    if (!ownsScratch_) return;
    ensureContext();
    freeDevice(scratch_);
}

bool ExecutionContext::refuse(const char* method, const std::string& text) const {
    return trtv_sim::refuse(engine_->logger, std::string("IExecutionContext::") + method,
                            "Parameter check failed, condition: " + text);
}

bool ExecutionContext::allocateScratch() {
    for (size_t i = 0; i < std::max<size_t>(1, engine_->plan.profiles.size()); ++i) {
        scratchBytes_ = std::max(scratchBytes_, engine_->scratchBytesOfProfile(i));
    }
    ownsScratch_ = allocateDevice(scratch_, static_cast<size_t>(scratchBytes_)) == CUDA_SUCCESS;
    return ownsScratch_;
}

void ExecutionContext::setProfiler(IProfiler* profiler) noexcept {
    if (const Use use(*this, "setProfiler"); use) profiler_ = profiler;
}

int32_t ExecutionContext::getOptimizationProfile() const noexcept { return profile_; }

bool ExecutionContext::allInputDimensionsSpecified() const noexcept {
    return inputShapes_.size() == engine_->model.inputs.size();
}

bool ExecutionContext::setOptimizationProfileAsync(int32_t profileIndex, cudaStream_t) noexcept {
    if (injected(engine_->logger, "IExecutionContext::setOptimizationProfileAsync")) return false;
    const Use use(*this, "setOptimizationProfileAsync");
    if (!use) return false;
    const auto count = static_cast<int32_t>(std::max<size_t>(1, engine_->plan.profiles.size()));
    if (profileIndex < 0 || profileIndex >= count) {
        return refuse("setOptimizationProfileAsync", "profileIndex >= 0 && profileIndex < " + std::to_string(count));
    }
    if (profileIndex == profile_) return true;
    profile_ = profileIndex;
    // Shapes set for another profile mean nothing in this one.
    for (const onnx::Value& input : engine_->model.inputs) {
        if (toString(input.shape).find('-') != std::string::npos) inputShapes_.erase(input.name);
    }
    outputShapes_.clear();
    shapesChanged_ = true;
    return true;
}

void ExecutionContext::setEnqueueEmitsProfile(bool enqueueEmitsProfile) noexcept {
    emitsProfile_ = enqueueEmitsProfile;
}

bool ExecutionContext::getEnqueueEmitsProfile() const noexcept { return emitsProfile_; }

bool ExecutionContext::reportToProfiler() const noexcept {
    if (injected(engine_->logger, "IExecutionContext::reportToProfiler")) return false;
    const Use use(*this, "reportToProfiler");
    if (!use) return false;
    if (!profiler_) return refuse("reportToProfiler", "profiler != nullptr. No profiler is attached.");
    if (!isCapturing(lastStream_)) waitForStream(lastStream_);
    std::vector<std::pair<std::string, float>> times;
    {
        const std::lock_guard lock(state_->mutex);
        times = state_->layerTimes;
    }
    if (times.empty()) return refuse("reportToProfiler", "nothing was enqueued with this profiler.");
    for (const auto& [layer, milliseconds] : times) profiler_->reportLayerTime(layer.c_str(), milliseconds);
    return true;
}

bool ExecutionContext::setInputShape(const char* tensorName, const Dims& dims) noexcept {
    if (injected(engine_->logger, "IExecutionContext::setInputShape")) return false;
    const Use use(*this, "setInputShape");
    if (!use) return false;
    const onnx::Value* input = tensorName ? engine_->input(tensorName) : nullptr;
    const std::string name = tensorName ? tensorName : "(null)";
    if (!input) return refuse("setInputShape", "Given invalid input tensor name: " + name);
    if (profile_ < 0) return refuse("setInputShape", "profile >= 0. No optimization profile is set.");
    const onnx::Shape shape = toShape(dims);
    bool matches = shape.size() == input->shape.size();
    for (size_t i = 0; matches && i < shape.size(); ++i) {
        matches = shape[i] >= 0 && (input->shape[i] < 0 || input->shape[i] == shape[i]);
    }
    if (!matches) {
        return refuse("setInputShape",
                      "engineDims.d[i] == dims.d[i]. Static dimension mismatch while setting input shape for " + name +
                          ". Set dimensions are " + toString(shape) + ". Expected dimensions are " +
                          toString(input->shape) + ".");
    }
    if (!engine_->plan.profiles.empty()) {
        const auto& profile = engine_->plan.profiles[static_cast<size_t>(profile_)];
        const auto range = profile.find(name);
        for (size_t i = 0; range != profile.end() && i < shape.size(); ++i) {
            if (shape[i] >= range->second.min()[i] && shape[i] <= range->second.max()[i]) continue;
            return refuse("setInputShape", "satisfyProfile. Set dimension " + toString(shape) + " for tensor " + name +
                                               " does not satisfy any optimization profiles. Valid range for profile " +
                                               std::to_string(profile_) + ": " + toString(range->second.min()) + ".." +
                                               toString(range->second.max()) + ".");
        }
    }
    if (inputShapes_.count(name) && inputShapes_[name] == shape) return true;
    inputShapes_[name] = shape;
    outputShapes_.clear();
    shapesChanged_ = true;
    return true;
}

const std::map<std::string, onnx::Shape>* ExecutionContext::outputShapes() const {
    if (!allInputDimensionsSpecified()) return nullptr;
    if (outputShapes_.empty()) {
        try {
            outputShapes_ = engine_->infer(inputShapes_);
        } catch (const std::exception& error) {
            refuse("inferShapes", std::string("shapes can be inferred. ") + error.what());
            return nullptr;
        }
    }
    return &outputShapes_;
}

Dims ExecutionContext::getTensorShape(const char* tensorName) const noexcept {
    const onnx::Value* value = tensorName ? engine_->tensor(tensorName) : nullptr;
    if (!value) {
        refuse("getTensorShape", std::string("Given invalid tensor name: ") + (tensorName ? tensorName : "(null)"));
        return invalidDims();
    }
    if (const auto input = inputShapes_.find(tensorName); input != inputShapes_.end()) return toDims(input->second);
    const auto* outputs = engine_->output(tensorName) ? outputShapes() : nullptr;
    return toDims(outputs ? outputs->at(tensorName) : value->shape);
}

bool ExecutionContext::setTensorAddress(const char* tensorName, void* data) noexcept {
    if (injected(engine_->logger, "IExecutionContext::setTensorAddress")) return false;
    const Use use(*this, "setTensorAddress");
    if (!use) return false;
    if (!tensorName || !engine_->tensor(tensorName)) {
        return refuse("setTensorAddress",
                      std::string("Given invalid tensor name: ") + (tensorName ? tensorName : "(null)"));
    }
    if (reinterpret_cast<uint64_t>(data) % 256 != 0) {
        return refuse("setTensorAddress", "isPtrAligned(data, 256). The address of tensor " + std::string(tensorName) +
                                              " must be aligned to 256 bytes.");
    }
    addresses_[tensorName] = data;
    return true;
}

const void* ExecutionContext::getTensorAddress(const char* tensorName) const noexcept {
    const auto found = tensorName ? addresses_.find(tensorName) : addresses_.end();
    return found == addresses_.end() ? nullptr : found->second;
}

int32_t ExecutionContext::inferShapes(int32_t nbMaxNames, const char** tensorNames) noexcept {
    if (injected(engine_->logger, "IExecutionContext::inferShapes")) return -1;
    const Use use(*this, "inferShapes");
    if (!use) return -1;
    int32_t missing = 0;
    for (const onnx::Value& input : engine_->model.inputs) {
        if (inputShapes_.count(input.name)) continue;
        if (missing < nbMaxNames && tensorNames) tensorNames[missing] = input.name.c_str();
        ++missing;
    }
    if (missing) return missing;
    return outputShapes() ? 0 : -1;
}

bool ExecutionContext::setInputConsumedEvent(cudaEvent_t event) noexcept {
    if (injected(engine_->logger, "IExecutionContext::setInputConsumedEvent")) return false;
    const Use use(*this, "setInputConsumedEvent");
    if (use) inputConsumed_ = event;
    return static_cast<bool>(use);
}

int64_t ExecutionContext::getMaxOutputSize(const char* tensorName) const noexcept {
    const onnx::Value* output = tensorName ? engine_->output(tensorName) : nullptr;
    const auto* shapes = output ? outputShapes() : nullptr;
    if (!shapes) return -1;
    const int64_t bytes = onnx::countOf(shapes->at(tensorName)) * static_cast<int64_t>(onnx::bytesOf(output->type));
    return bytes < 0 ? -1 : bytes;
}

bool ExecutionContext::checkReady() const {
    if (profile_ < 0) return refuse("enqueueV3", "profile >= 0. No optimization profile is set.");
    if (!allInputDimensionsSpecified()) return refuse("enqueueV3", "allInputDimensionsSpecified(routine)");
    for (const onnx::Value& input : engine_->model.inputs) {
        if (!getTensorAddress(input.name.c_str())) {
            return refuse("enqueueV3", "tensorAddress != nullptr. Address is not set for input tensor " + input.name +
                                           ". Call setInputTensorAddress or setTensorAddress before enqueue/execute.");
        }
    }
    for (const onnx::Value& output : engine_->model.outputs) {
        if (!getTensorAddress(output.name.c_str())) {
            return refuse(
                "enqueueV3",
                "tensorAddress || outputAllocator. Neither address or allocator is set for output tensor " +
                    output.name +
                    ". Call setOutputTensorAddress, setTensorAddress or setOutputAllocator before enqueue/execute.");
        }
    }
    if (!outputShapes()) return false;
    const int64_t needed = engine_->scratchBytes(inputShapes_);
    if (strategy_ == ExecutionContextAllocationStrategy::kUSER_MANAGED && (scratch_ == 0 || scratchBytes_ < needed)) {
        return refuse("enqueueV3", "deviceMemory != nullptr && size >= required. The context needs " +
                                       std::to_string(needed) + " bytes of device memory.");
    }
    return true;
}

// What must not be captured: the work that a first run with new shapes does, waiting for results, sizes that depend on
// data.
bool ExecutionContext::checkCapture(CUstream stream) const {
    if (!isCapturing(stream)) return true;
    const bool waits = profiler_ && emitsProfile_;
    if (!shapesChanged_ && !waits && !engine_->dataDependent()) return true;
    logError(
        engine_->logger,
        "IExecutionContext::enqueueV3: Error Code 1: Cuda Runtime (operation not permitted when stream is capturing)");
    spoilCapture(stream);
    return false;
}

std::shared_ptr<Run> ExecutionContext::makeRun() const {
    auto run = std::make_shared<Run>();
    run->engine = engine_;
    run->state = state_;
    run->inputShapes = inputShapes_;
    for (const auto& [name, address] : addresses_) run->addresses[name] = reinterpret_cast<uint64_t>(address);
    run->scratch = scratch_;
    run->scratchBytes = std::min(scratchBytes_, engine_->scratchBytes(inputShapes_));
    run->profiled = profiler_ != nullptr;
    return run;
}

bool ExecutionContext::launch(CUstream stream) {
    const auto run = makeRun();
    CUresult result = launchWork(stream, [run] { return run->consumeInputs(); });
    if (!result && inputConsumed_) result = recordEvent(inputConsumed_, stream);
    if (!result) result = launchWork(stream, [run] { return run->compute(); });
    if (!result && !isCapturing(stream) && (isDefaultStream(stream) || (profiler_ && emitsProfile_))) {
        result = waitForStream(stream);
    }
    if (result) {
        logError(engine_->logger, "IExecutionContext::enqueueV3: Error Code 1: Cuda Runtime (error " +
                                      std::to_string(static_cast<int>(result)) + ")");
    }
    return result == CUDA_SUCCESS;
}

bool ExecutionContext::enqueueV3(cudaStream_t stream) noexcept {
    if (injected(engine_->logger, "IExecutionContext::enqueueV3")) return false;
    const Use use(*this, "enqueueV3");
    if (!use || ensureContext() != CUDA_SUCCESS || !checkReady() || !checkCapture(stream)) return false;
    if (isDefaultStream(stream)) {
        logTo(engine_->logger, ILogger::Severity::kWARNING,
              "Using default stream in enqueueV3() may lead to performance issues due to additional calls to "
              "cudaStreamSynchronize() by TensorRT to ensure correct synchronization. Please use non-default stream "
              "instead.");
    }
    if (shapesChanged_) {
        Simulation::instance().add("shape_changes", 1);
        std::this_thread::sleep_for(std::chrono::milliseconds(Simulation::instance().integer("shape_change_ms")));
        shapesChanged_ = false;
    }
    lastStream_ = stream;
    if (!launch(stream)) return false;
    if (profiler_ && emitsProfile_) {
        const std::lock_guard lock(state_->mutex);
        for (const auto& [layer, milliseconds] : state_->layerTimes)
            profiler_->reportLayerTime(layer.c_str(), milliseconds);
    }
    return true;
}

std::size_t ExecutionContext::updateDeviceMemorySizeForShapes() noexcept {
    if (injected(engine_->logger, "IExecutionContext::updateDeviceMemorySizeForShapes")) return 0;
    if (!allInputDimensionsSpecified()) {
        refuse("updateDeviceMemorySizeForShapes", "allInputDimensionsSpecified(routine)");
        return 0;
    }
    return static_cast<std::size_t>(engine_->scratchBytes(inputShapes_));
}

void ExecutionContext::setDeviceMemoryV2(void* memory, int64_t size) noexcept {
    if (injected(engine_->logger, "IExecutionContext::setDeviceMemoryV2")) return;
    const Use use(*this, "setDeviceMemoryV2");
    if (!use) return;
    if (strategy_ != ExecutionContextAllocationStrategy::kUSER_MANAGED) {
        refuse("setDeviceMemoryV2", "mAllocateMemory == kUSER_MANAGED. The context has device memory of its own.");
    } else if (reinterpret_cast<uint64_t>(memory) % 256 != 0 || size < 0) {
        refuse("setDeviceMemoryV2", "isPtrAligned(memory, 256) && size >= 0.");
    } else {
        scratch_ = reinterpret_cast<uint64_t>(memory);
        scratchBytes_ = size;
    }
}

}  // namespace trtv_sim
