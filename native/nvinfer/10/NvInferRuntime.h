/*
 * TensorRT 10's runtime classes, as far as they are used: each is a vtable pointer for its destructor, then mImpl.
 */
#ifndef TRTVOCODER_NVINFER10_NVINFERRUNTIME_H
#define TRTVOCODER_NVINFER10_NVINFERRUNTIME_H

#include "NvInferImpl.h"

namespace nvinfer1 {

/** What may be neither copied nor moved: TensorRT hands out pointers only. */
class INoCopy {
protected:
    INoCopy() = default;
    virtual ~INoCopy() = default;
    INoCopy(INoCopy const& other) = delete;
    INoCopy& operator=(INoCopy const& other) = delete;
    INoCopy(INoCopy&& other) = delete;
    INoCopy& operator=(INoCopy&& other) = delete;
};

/** Memory on the host that TensorRT made. */
class IHostMemory : public INoCopy {
public:
    virtual ~IHostMemory() noexcept = default;

    void* data() const noexcept { return mImpl->data(); }
    std::size_t size() const noexcept { return mImpl->size(); }
    DataType type() const noexcept { return mImpl->type(); }

protected:
    apiv::VHostMemory* mImpl;
};

/** Loads plans. */
class IRuntime : public INoCopy {
public:
    virtual ~IRuntime() noexcept = default;

    ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size) noexcept {
        return mImpl->deserializeCudaEngine(blob, size);
    }
    void setEngineHostCodeAllowed(bool allowed) noexcept { mImpl->setEngineHostCodeAllowed(allowed); }

protected:
    apiv::VRuntime* mImpl;
};

/** A loaded plan; many contexts may share it. */
class ICudaEngine : public INoCopy {
public:
    virtual ~ICudaEngine() noexcept = default;

    int32_t getNbLayers() const noexcept { return mImpl->getNbLayers(); }
    IHostMemory* serialize() const noexcept { return mImpl->serialize(); }
    IExecutionContext* createExecutionContext(ExecutionContextAllocationStrategy strategy) noexcept {
        return mImpl->createExecutionContext(strategy);
    }
    bool isRefittable() const noexcept { return mImpl->isRefittable(); }
    char const* getName() const noexcept { return mImpl->getName(); }
    int32_t getNbOptimizationProfiles() const noexcept { return mImpl->getNbOptimizationProfiles(); }
    ProfilingVerbosity getProfilingVerbosity() const noexcept { return mImpl->getProfilingVerbosity(); }
    IEngineInspector* createEngineInspector() const noexcept { return mImpl->createEngineInspector(); }
    Dims getTensorShape(char const* tensorName) const noexcept { return mImpl->getTensorShape(tensorName); }
    DataType getTensorDataType(char const* tensorName) const noexcept { return mImpl->getTensorDataType(tensorName); }
    TensorLocation getTensorLocation(char const* tensorName) const noexcept {
        return mImpl->getTensorLocation(tensorName);
    }
    bool isShapeInferenceIO(char const* tensorName) const noexcept { return mImpl->isShapeInferenceIO(tensorName); }
    TensorIOMode getTensorIOMode(char const* tensorName) const noexcept { return mImpl->getTensorIOMode(tensorName); }
    int32_t getTensorBytesPerComponent(char const* tensorName) const noexcept {
        return mImpl->getTensorBytesPerComponent(tensorName);
    }
    int32_t getTensorComponentsPerElement(char const* tensorName) const noexcept {
        return mImpl->getTensorComponentsPerElement(tensorName);
    }
    TensorFormat getTensorFormat(char const* tensorName) const noexcept { return mImpl->getTensorFormat(tensorName); }
    char const* getTensorFormatDesc(char const* tensorName) const noexcept {
        return mImpl->getTensorFormatDesc(tensorName);
    }
    int32_t getTensorVectorizedDim(char const* tensorName) const noexcept {
        return mImpl->getTensorVectorizedDim(tensorName);
    }
    Dims getProfileShape(char const* tensorName, int32_t profileIndex, OptProfileSelector select) const noexcept {
        return mImpl->getProfileShape(tensorName, profileIndex, select);
    }
    int32_t getNbIOTensors() const noexcept { return mImpl->getNbIOTensors(); }
    char const* getIOTensorName(int32_t index) const noexcept { return mImpl->getIOTensorName(index); }
    HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept {
        return mImpl->getHardwareCompatibilityLevel();
    }
    int32_t getNbAuxStreams() const noexcept { return mImpl->getNbAuxStreams(); }
    int64_t getDeviceMemorySizeV2() const noexcept { return mImpl->getDeviceMemorySizeV2(); }
    int64_t getDeviceMemorySizeForProfileV2(int32_t profileIndex) const noexcept {
        return mImpl->getDeviceMemorySizeForProfileV2(profileIndex);
    }

protected:
    apiv::VCudaEngine* mImpl;
};

/** What one execution at a time needs of an engine. */
class IExecutionContext : public INoCopy {
public:
    virtual ~IExecutionContext() noexcept = default;

    void setProfiler(IProfiler* profiler) noexcept { mImpl->setProfiler(profiler); }
    int32_t getOptimizationProfile() const noexcept { return mImpl->getOptimizationProfile(); }
    bool allInputDimensionsSpecified() const noexcept { return mImpl->allInputDimensionsSpecified(); }
    bool setOptimizationProfileAsync(int32_t profileIndex, cudaStream_t stream) noexcept {
        return mImpl->setOptimizationProfileAsync(profileIndex, stream);
    }
    void setEnqueueEmitsProfile(bool enqueueEmitsProfile) noexcept {
        mImpl->setEnqueueEmitsProfile(enqueueEmitsProfile);
    }
    bool getEnqueueEmitsProfile() const noexcept { return mImpl->getEnqueueEmitsProfile(); }
    bool reportToProfiler() const noexcept { return mImpl->reportToProfiler(); }
    bool setInputShape(char const* tensorName, Dims const& dims) noexcept {
        return mImpl->setInputShape(tensorName, dims);
    }
    Dims getTensorShape(char const* tensorName) const noexcept { return mImpl->getTensorShape(tensorName); }
    bool setTensorAddress(char const* tensorName, void* data) noexcept {
        return mImpl->setTensorAddress(tensorName, data);
    }
    void const* getTensorAddress(char const* tensorName) const noexcept { return mImpl->getTensorAddress(tensorName); }
    int32_t inferShapes(int32_t nbMaxNames, char const** tensorNames) noexcept {
        return mImpl->inferShapes(nbMaxNames, tensorNames);
    }
    bool setInputConsumedEvent(cudaEvent_t event) noexcept { return mImpl->setInputConsumedEvent(event); }
    int64_t getMaxOutputSize(char const* tensorName) const noexcept { return mImpl->getMaxOutputSize(tensorName); }
    bool enqueueV3(cudaStream_t stream) noexcept { return mImpl->enqueueV3(stream); }
    std::size_t updateDeviceMemorySizeForShapes() noexcept { return mImpl->updateDeviceMemorySizeForShapes(); }
    void setDeviceMemoryV2(void* memory, int64_t size) noexcept { mImpl->setDeviceMemoryV2(memory, size); }

protected:
    apiv::VExecutionContext* mImpl;
};

/** Describes the layers of an engine. */
class IEngineInspector : public INoCopy {
public:
    virtual ~IEngineInspector() noexcept = default;

    bool setExecutionContext(IExecutionContext const* context) noexcept { return mImpl->setExecutionContext(context); }
    char const* getEngineInformation(LayerInformationFormat format) const noexcept {
        return mImpl->getEngineInformation(format);
    }

protected:
    apiv::VEngineInspector* mImpl;
};

}  // namespace nvinfer1

extern "C" void* createInferRuntime_INTERNAL(void* logger, int32_t version) noexcept;
extern "C" int32_t getInferLibVersion() noexcept;

#endif
