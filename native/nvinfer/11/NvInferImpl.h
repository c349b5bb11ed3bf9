/*
 * The virtual tables behind TensorRT 11's classes: only the order of the slots is TensorRT's ABI, so only the calls
 * that are made are declared by name; the others are numbered. Slots are counted from 0 behind the two of VRoot's
 * destructor. A table ends with the last slot in use: TensorRT's own goes on, which does not matter to who only calls.
 */
#ifndef TRTVOCODER_NVINFER11_NVINFERIMPL_H
#define TRTVOCODER_NVINFER11_NVINFERIMPL_H

#include <cstdlib>

#include "NvInferTypes.h"

/** A slot that this project never calls; a double that implements the class need not either. */
#define NVINFER_RESERVED_SLOT(slot)                          \
    virtual void reserved##slot() noexcept { std::abort(); } \
    static_assert((slot) >= 0, "slots count from 0")

namespace nvinfer1 {

class IHostMemory;
class IRuntime;
class ICudaEngine;
class IExecutionContext;
class IEngineInspector;
class ITensor;
class INetworkDefinition;
class IOptimizationProfile;
class ITimingCache;
class IBuilderConfig;
class IBuilder;

namespace apiv {

class VRoot {
public:
    virtual ~VRoot() noexcept = default;
};

class VHostMemory : public VRoot {
public:
    virtual void* data() const noexcept = 0;
    virtual std::size_t size() const noexcept = 0;
    virtual DataType type() const noexcept = 0;
};

class VRuntime : public VRoot {
public:
    NVINFER_RESERVED_SLOT(0);
    virtual ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size) noexcept = 0;
    NVINFER_RESERVED_SLOT(2);
    NVINFER_RESERVED_SLOT(3);
    NVINFER_RESERVED_SLOT(4);
    NVINFER_RESERVED_SLOT(5);
    NVINFER_RESERVED_SLOT(6);
    NVINFER_RESERVED_SLOT(7);
    NVINFER_RESERVED_SLOT(8);
    NVINFER_RESERVED_SLOT(9);
    NVINFER_RESERVED_SLOT(10);
    NVINFER_RESERVED_SLOT(11);
    NVINFER_RESERVED_SLOT(12);
    NVINFER_RESERVED_SLOT(13);
    NVINFER_RESERVED_SLOT(14);
    NVINFER_RESERVED_SLOT(15);
    NVINFER_RESERVED_SLOT(16);
    NVINFER_RESERVED_SLOT(17);
    virtual void setEngineHostCodeAllowed(bool allowed) noexcept = 0;
};

class VCudaEngine : public VRoot {
public:
    NVINFER_RESERVED_SLOT(0);
    virtual int32_t getNbLayers() const noexcept = 0;
    virtual IHostMemory* serialize() const noexcept = 0;
    virtual IExecutionContext* createExecutionContext(ExecutionContextAllocationStrategy strategy) noexcept = 0;
    virtual bool isRefittable() const noexcept = 0;
    virtual char const* getName() const noexcept = 0;
    virtual int32_t getNbOptimizationProfiles() const noexcept = 0;
    NVINFER_RESERVED_SLOT(7);
    NVINFER_RESERVED_SLOT(8);
    NVINFER_RESERVED_SLOT(9);
    NVINFER_RESERVED_SLOT(10);
    virtual ProfilingVerbosity getProfilingVerbosity() const noexcept = 0;
    virtual IEngineInspector* createEngineInspector() const noexcept = 0;
    virtual Dims getTensorShape(char const* tensorName) const noexcept = 0;
    virtual DataType getTensorDataType(char const* tensorName) const noexcept = 0;
    virtual TensorLocation getTensorLocation(char const* tensorName) const noexcept = 0;
    virtual bool isShapeInferenceIO(char const* tensorName) const noexcept = 0;
    virtual TensorIOMode getTensorIOMode(char const* tensorName) const noexcept = 0;
    virtual int32_t getTensorBytesPerComponent(char const* tensorName) const noexcept = 0;
    virtual int32_t getTensorComponentsPerElement(char const* tensorName) const noexcept = 0;
    virtual TensorFormat getTensorFormat(char const* tensorName) const noexcept = 0;
    virtual char const* getTensorFormatDesc(char const* tensorName) const noexcept = 0;
    virtual int32_t getTensorVectorizedDim(char const* tensorName) const noexcept = 0;
    virtual Dims getProfileShape(char const* tensorName, int32_t profileIndex,
                                 OptProfileSelector select) const noexcept = 0;
    virtual int32_t getNbIOTensors() const noexcept = 0;
    virtual char const* getIOTensorName(int32_t index) const noexcept = 0;
    virtual HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept = 0;
    virtual int32_t getNbAuxStreams() const noexcept = 0;
    NVINFER_RESERVED_SLOT(28);
    NVINFER_RESERVED_SLOT(29);
    NVINFER_RESERVED_SLOT(30);
    NVINFER_RESERVED_SLOT(31);
    NVINFER_RESERVED_SLOT(32);
    NVINFER_RESERVED_SLOT(33);
    NVINFER_RESERVED_SLOT(34);
    NVINFER_RESERVED_SLOT(35);
    NVINFER_RESERVED_SLOT(36);
    NVINFER_RESERVED_SLOT(37);
    NVINFER_RESERVED_SLOT(38);
    NVINFER_RESERVED_SLOT(39);
    NVINFER_RESERVED_SLOT(40);
    NVINFER_RESERVED_SLOT(41);
    virtual int64_t getDeviceMemorySizeV2() const noexcept = 0;
    virtual int64_t getDeviceMemorySizeForProfileV2(int32_t profileIndex) const noexcept = 0;
};

class VExecutionContext : public VRoot {
public:
    NVINFER_RESERVED_SLOT(0);
    NVINFER_RESERVED_SLOT(1);
    NVINFER_RESERVED_SLOT(2);
    virtual void setProfiler(IProfiler* profiler) noexcept = 0;
    NVINFER_RESERVED_SLOT(4);
    NVINFER_RESERVED_SLOT(5);
    NVINFER_RESERVED_SLOT(6);
    NVINFER_RESERVED_SLOT(7);
    NVINFER_RESERVED_SLOT(8);
    virtual int32_t getOptimizationProfile() const noexcept = 0;
    virtual bool allInputDimensionsSpecified() const noexcept = 0;
    NVINFER_RESERVED_SLOT(11);
    NVINFER_RESERVED_SLOT(12);
    NVINFER_RESERVED_SLOT(13);
    virtual bool setOptimizationProfileAsync(int32_t profileIndex, cudaStream_t stream) noexcept = 0;
    virtual void setEnqueueEmitsProfile(bool enqueueEmitsProfile) noexcept = 0;
    virtual bool getEnqueueEmitsProfile() const noexcept = 0;
    virtual bool reportToProfiler() const noexcept = 0;
    virtual bool setInputShape(char const* tensorName, Dims const& dims) noexcept = 0;
    virtual Dims getTensorShape(char const* tensorName) const noexcept = 0;
    NVINFER_RESERVED_SLOT(20);
    virtual bool setTensorAddress(char const* tensorName, void* data) noexcept = 0;
    virtual void const* getTensorAddress(char const* tensorName) const noexcept = 0;
    NVINFER_RESERVED_SLOT(23);
    NVINFER_RESERVED_SLOT(24);
    virtual int32_t inferShapes(int32_t nbMaxNames, char const** tensorNames) noexcept = 0;
    virtual bool setInputConsumedEvent(cudaEvent_t event) noexcept = 0;
    NVINFER_RESERVED_SLOT(27);
    NVINFER_RESERVED_SLOT(28);
    NVINFER_RESERVED_SLOT(29);
    NVINFER_RESERVED_SLOT(30);
    virtual int64_t getMaxOutputSize(char const* tensorName) const noexcept = 0;
    NVINFER_RESERVED_SLOT(32);
    NVINFER_RESERVED_SLOT(33);
    virtual bool enqueueV3(cudaStream_t stream) noexcept = 0;
    NVINFER_RESERVED_SLOT(35);
    NVINFER_RESERVED_SLOT(36);
    NVINFER_RESERVED_SLOT(37);
    NVINFER_RESERVED_SLOT(38);
    NVINFER_RESERVED_SLOT(39);
    NVINFER_RESERVED_SLOT(40);
    NVINFER_RESERVED_SLOT(41);
    NVINFER_RESERVED_SLOT(42);
    NVINFER_RESERVED_SLOT(43);
    NVINFER_RESERVED_SLOT(44);
    virtual std::size_t updateDeviceMemorySizeForShapes() noexcept = 0;
    virtual void setDeviceMemoryV2(void* memory, int64_t size) noexcept = 0;
};

class VEngineInspector : public VRoot {
public:
    NVINFER_RESERVED_SLOT(0);
    virtual bool setExecutionContext(IExecutionContext const* context) noexcept = 0;
    NVINFER_RESERVED_SLOT(2);
    NVINFER_RESERVED_SLOT(3);
    virtual char const* getEngineInformation(LayerInformationFormat format) const noexcept = 0;
};

class VTensor : public VRoot {
public:
    NVINFER_RESERVED_SLOT(0);
    virtual char const* getName() const noexcept = 0;
    NVINFER_RESERVED_SLOT(2);
    virtual Dims getDimensions() const noexcept = 0;
    virtual DataType getType() const noexcept = 0;
    NVINFER_RESERVED_SLOT(5);
    NVINFER_RESERVED_SLOT(6);
    NVINFER_RESERVED_SLOT(7);
    NVINFER_RESERVED_SLOT(8);
    virtual TensorLocation getLocation() const noexcept = 0;
    NVINFER_RESERVED_SLOT(10);
    NVINFER_RESERVED_SLOT(11);
    NVINFER_RESERVED_SLOT(12);
    virtual bool isShapeTensor() const noexcept = 0;
};

class VNetworkDefinition : public VRoot {
public:
    NVINFER_RESERVED_SLOT(0);
    NVINFER_RESERVED_SLOT(1);
    NVINFER_RESERVED_SLOT(2);
    NVINFER_RESERVED_SLOT(3);
    NVINFER_RESERVED_SLOT(4);
    NVINFER_RESERVED_SLOT(5);
    NVINFER_RESERVED_SLOT(6);
    NVINFER_RESERVED_SLOT(7);
    NVINFER_RESERVED_SLOT(8);
    NVINFER_RESERVED_SLOT(9);
    virtual int32_t getNbLayers() const noexcept = 0;
    NVINFER_RESERVED_SLOT(11);
    virtual int32_t getNbInputs() const noexcept = 0;
    virtual ITensor* getInput(int32_t index) const noexcept = 0;
    virtual int32_t getNbOutputs() const noexcept = 0;
    virtual ITensor* getOutput(int32_t index) const noexcept = 0;
    NVINFER_RESERVED_SLOT(16);
    NVINFER_RESERVED_SLOT(17);
    NVINFER_RESERVED_SLOT(18);
    NVINFER_RESERVED_SLOT(19);
    NVINFER_RESERVED_SLOT(20);
    NVINFER_RESERVED_SLOT(21);
    NVINFER_RESERVED_SLOT(22);
    NVINFER_RESERVED_SLOT(23);
    NVINFER_RESERVED_SLOT(24);
    NVINFER_RESERVED_SLOT(25);
    NVINFER_RESERVED_SLOT(26);
    NVINFER_RESERVED_SLOT(27);
    NVINFER_RESERVED_SLOT(28);
    virtual char const* getName() const noexcept = 0;
};

class VOptimizationProfile : public VRoot {
public:
    virtual bool setDimensions(char const* inputName, OptProfileSelector select, Dims const& dims) noexcept = 0;
    virtual Dims getDimensions(char const* inputName, OptProfileSelector select) const noexcept = 0;
    NVINFER_RESERVED_SLOT(2);
    NVINFER_RESERVED_SLOT(3);
    NVINFER_RESERVED_SLOT(4);
    virtual bool isValid() const noexcept = 0;
};

class VTimingCache : public VRoot {
public:
    virtual IHostMemory* serialize() const noexcept = 0;
    virtual bool combine(ITimingCache const& inputCache, bool ignoreMismatch) noexcept = 0;
};

class VBuilderConfig : public VRoot {
public:
    NVINFER_RESERVED_SLOT(0);
    NVINFER_RESERVED_SLOT(1);
    NVINFER_RESERVED_SLOT(2);
    NVINFER_RESERVED_SLOT(3);
    NVINFER_RESERVED_SLOT(4);
    NVINFER_RESERVED_SLOT(5);
    virtual void clearFlag(BuilderFlag builderFlag) noexcept = 0;
    virtual void setFlag(BuilderFlag builderFlag) noexcept = 0;
    virtual bool getFlag(BuilderFlag builderFlag) const noexcept = 0;
    NVINFER_RESERVED_SLOT(9);
    NVINFER_RESERVED_SLOT(10);
    NVINFER_RESERVED_SLOT(11);
    NVINFER_RESERVED_SLOT(12);
    NVINFER_RESERVED_SLOT(13);
    NVINFER_RESERVED_SLOT(14);
    NVINFER_RESERVED_SLOT(15);
    NVINFER_RESERVED_SLOT(16);
    NVINFER_RESERVED_SLOT(17);
    NVINFER_RESERVED_SLOT(18);
    NVINFER_RESERVED_SLOT(19);
    NVINFER_RESERVED_SLOT(20);
    virtual int32_t addOptimizationProfile(IOptimizationProfile const* profile) noexcept = 0;
    virtual int32_t getNbOptimizationProfiles() const noexcept = 0;
    virtual void setProfilingVerbosity(ProfilingVerbosity verbosity) noexcept = 0;
    NVINFER_RESERVED_SLOT(24);
    NVINFER_RESERVED_SLOT(25);
    NVINFER_RESERVED_SLOT(26);
    virtual ITimingCache* createTimingCache(void const* blob, std::size_t size) const noexcept = 0;
    virtual bool setTimingCache(ITimingCache const& cache, bool ignoreMismatch) noexcept = 0;
    virtual ITimingCache const* getTimingCache() const noexcept = 0;
    virtual void setMemoryPoolLimit(MemoryPoolType pool, std::size_t poolSize) noexcept = 0;
    virtual std::size_t getMemoryPoolLimit(MemoryPoolType pool) const noexcept = 0;
    NVINFER_RESERVED_SLOT(32);
    NVINFER_RESERVED_SLOT(33);
    virtual void setBuilderOptimizationLevel(int32_t level) noexcept = 0;
    NVINFER_RESERVED_SLOT(35);
    virtual void setHardwareCompatibilityLevel(HardwareCompatibilityLevel hardwareCompatibilityLevel) noexcept = 0;
    NVINFER_RESERVED_SLOT(37);
    NVINFER_RESERVED_SLOT(38);
    NVINFER_RESERVED_SLOT(39);
    NVINFER_RESERVED_SLOT(40);
    virtual bool setMaxAuxStreams(int32_t nbStreams) noexcept = 0;
    NVINFER_RESERVED_SLOT(42);
    virtual void setProgressMonitor(IProgressMonitor* monitor) noexcept = 0;
};

class VBuilder : public VRoot {
public:
    NVINFER_RESERVED_SLOT(0);
    NVINFER_RESERVED_SLOT(1);
    NVINFER_RESERVED_SLOT(2);
    virtual IBuilderConfig* createBuilderConfig() noexcept = 0;
    virtual INetworkDefinition* createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept = 0;
    virtual IOptimizationProfile* createOptimizationProfile() noexcept = 0;
    NVINFER_RESERVED_SLOT(6);
    NVINFER_RESERVED_SLOT(7);
    NVINFER_RESERVED_SLOT(8);
    virtual IHostMemory* buildSerializedNetwork(INetworkDefinition& network, IBuilderConfig& config) noexcept = 0;
};

}  // namespace apiv
}  // namespace nvinfer1

#endif
