#pragma once

#include <mutex>

#include "cuda_api.h"
#include "engine_core.h"
#include "run.h"

namespace trtv_sim {

class ExecutionContext final : public nvinfer1::IExecutionContext, public nvinfer1::apiv::VExecutionContext, Counted {
public:
    /** Throws std::runtime_error when the GPU lacks the scratch memory. */
    ExecutionContext(std::shared_ptr<EngineCore> engine, nvinfer1::ExecutionContextAllocationStrategy strategy);
    ~ExecutionContext() noexcept override;

    void setProfiler(nvinfer1::IProfiler* profiler) noexcept override;
    int32_t getOptimizationProfile() const noexcept override;
    bool allInputDimensionsSpecified() const noexcept override;
    bool setOptimizationProfileAsync(int32_t profileIndex, cudaStream_t stream) noexcept override;
    void setEnqueueEmitsProfile(bool enqueueEmitsProfile) noexcept override;
    bool getEnqueueEmitsProfile() const noexcept override;
    bool reportToProfiler() const noexcept override;
    bool setInputShape(const char* tensorName, const nvinfer1::Dims& dims) noexcept override;
    nvinfer1::Dims getTensorShape(const char* tensorName) const noexcept override;
    bool setTensorAddress(const char* tensorName, void* data) noexcept override;
    const void* getTensorAddress(const char* tensorName) const noexcept override;
    int32_t inferShapes(int32_t nbMaxNames, const char** tensorNames) noexcept override;
    bool setInputConsumedEvent(cudaEvent_t event) noexcept override;
    int64_t getMaxOutputSize(const char* tensorName) const noexcept override;
    bool enqueueV3(cudaStream_t stream) noexcept override;
    std::size_t updateDeviceMemorySizeForShapes() noexcept override;
    void setDeviceMemoryV2(void* memory, int64_t size) noexcept override;

private:
    class Use;

    bool refuse(const char* method, const std::string& text) const;
    bool allocateScratch();
    bool checkReady() const;
    bool checkCapture(CUstream stream) const;
    bool launch(CUstream stream);
    std::shared_ptr<Run> makeRun() const;
    /** Shapes of outputs under the inputs set; null while some are not set. */
    const std::map<std::string, onnx::Shape>* outputShapes() const;

    std::shared_ptr<EngineCore> engine_;
    const nvinfer1::ExecutionContextAllocationStrategy strategy_;
    int32_t profile_ = -1;
    std::map<std::string, onnx::Shape> inputShapes_;
    mutable std::map<std::string, onnx::Shape> outputShapes_;
    std::map<std::string, void*> addresses_;
    nvinfer1::IProfiler* profiler_ = nullptr;
    bool emitsProfile_ = true;
    CUevent inputConsumed_ = nullptr;
    CUdeviceptr scratch_ = 0;
    int64_t scratchBytes_ = 0;
    bool ownsScratch_ = false;
    /** Whether the next enqueue is the first with these shapes. */
    bool shapesChanged_ = true;
    CUstream lastStream_ = nullptr;
    std::shared_ptr<RunState> state_ = std::make_shared<RunState>();
    mutable std::atomic<bool> inUse_{false};
};

}  // namespace trtv_sim
