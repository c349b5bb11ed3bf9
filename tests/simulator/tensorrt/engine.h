#pragma once

#include "engine_core.h"

namespace trtv_sim {

class Engine final : public nvinfer1::ICudaEngine, public nvinfer1::apiv::VCudaEngine, Counted {
public:
    Engine(std::shared_ptr<EngineCore> core, std::shared_ptr<std::atomic<int>> siblings);
    ~Engine() noexcept override;

    int32_t getNbLayers() const noexcept override;
    nvinfer1::IHostMemory* serialize() const noexcept override;
    nvinfer1::IExecutionContext* createExecutionContext(
        nvinfer1::ExecutionContextAllocationStrategy strategy) noexcept override;
    bool isRefittable() const noexcept override;
    const char* getName() const noexcept override;
    int32_t getNbOptimizationProfiles() const noexcept override;
    nvinfer1::ProfilingVerbosity getProfilingVerbosity() const noexcept override;
    nvinfer1::IEngineInspector* createEngineInspector() const noexcept override;
    nvinfer1::Dims getTensorShape(const char* tensorName) const noexcept override;
    nvinfer1::DataType getTensorDataType(const char* tensorName) const noexcept override;
    nvinfer1::TensorLocation getTensorLocation(const char* tensorName) const noexcept override;
    bool isShapeInferenceIO(const char* tensorName) const noexcept override;
    nvinfer1::TensorIOMode getTensorIOMode(const char* tensorName) const noexcept override;
    int32_t getTensorBytesPerComponent(const char* tensorName) const noexcept override;
    int32_t getTensorComponentsPerElement(const char* tensorName) const noexcept override;
    nvinfer1::TensorFormat getTensorFormat(const char* tensorName) const noexcept override;
    const char* getTensorFormatDesc(const char* tensorName) const noexcept override;
    int32_t getTensorVectorizedDim(const char* tensorName) const noexcept override;
    nvinfer1::Dims getProfileShape(const char* tensorName, int32_t profileIndex,
                                   nvinfer1::OptProfileSelector select) const noexcept override;
    int32_t getNbIOTensors() const noexcept override;
    const char* getIOTensorName(int32_t index) const noexcept override;
    nvinfer1::HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept override;
    int32_t getNbAuxStreams() const noexcept override;
    int64_t getDeviceMemorySizeV2() const noexcept override;
    int64_t getDeviceMemorySizeForProfileV2(int32_t profileIndex) const noexcept override;

private:
    const onnx::Value* tensor(const char* name, const char* method) const;

    std::shared_ptr<EngineCore> core_;
    std::shared_ptr<std::atomic<int>> siblings_;
};

}  // namespace trtv_sim
