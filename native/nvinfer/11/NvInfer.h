/*
 * TensorRT 11's builder classes, as far as they are used. Our own declarations: names, slots and numbers are
 * TensorRT's.
 */
#ifndef TRTVOCODER_NVINFER11_NVINFER_H
#define TRTVOCODER_NVINFER11_NVINFER_H

#include "NvInferRuntime.h"

namespace nvinfer1 {

/** A tensor of a network. */
class ITensor : public INoCopy {
public:
    char const* getName() const noexcept { return mImpl->getName(); }
    Dims getDimensions() const noexcept { return mImpl->getDimensions(); }
    DataType getType() const noexcept { return mImpl->getType(); }
    TensorLocation getLocation() const noexcept { return mImpl->getLocation(); }
    bool isShapeTensor() const noexcept { return mImpl->isShapeTensor(); }

protected:
    apiv::VTensor* mImpl;
    virtual ~ITensor() noexcept = default;
};

/** A graph of layers to build. */
class INetworkDefinition : public INoCopy {
public:
    virtual ~INetworkDefinition() noexcept = default;

    int32_t getNbLayers() const noexcept { return mImpl->getNbLayers(); }
    int32_t getNbInputs() const noexcept { return mImpl->getNbInputs(); }
    ITensor* getInput(int32_t index) const noexcept { return mImpl->getInput(index); }
    int32_t getNbOutputs() const noexcept { return mImpl->getNbOutputs(); }
    ITensor* getOutput(int32_t index) const noexcept { return mImpl->getOutput(index); }
    char const* getName() const noexcept { return mImpl->getName(); }

protected:
    apiv::VNetworkDefinition* mImpl;
};

/** The shapes that an engine is built for. */
class IOptimizationProfile : public INoCopy {
public:
    bool setDimensions(char const* inputName, OptProfileSelector select, Dims const& dims) noexcept {
        return mImpl->setDimensions(inputName, select, dims);
    }
    Dims getDimensions(char const* inputName, OptProfileSelector select) const noexcept {
        return mImpl->getDimensions(inputName, select);
    }
    bool isValid() const noexcept { return mImpl->isValid(); }

protected:
    apiv::VOptimizationProfile* mImpl;
    virtual ~IOptimizationProfile() noexcept = default;
};

/** Measured times of tactics, kept between builds. */
class ITimingCache : public INoCopy {
public:
    virtual ~ITimingCache() noexcept = default;

    IHostMemory* serialize() const noexcept { return mImpl->serialize(); }
    bool combine(ITimingCache const& inputCache, bool ignoreMismatch) noexcept {
        return mImpl->combine(inputCache, ignoreMismatch);
    }

protected:
    apiv::VTimingCache* mImpl;
};

/** How to build. */
class IBuilderConfig : public INoCopy {
public:
    virtual ~IBuilderConfig() noexcept = default;

    void clearFlag(BuilderFlag builderFlag) noexcept { mImpl->clearFlag(builderFlag); }
    void setFlag(BuilderFlag builderFlag) noexcept { mImpl->setFlag(builderFlag); }
    bool getFlag(BuilderFlag builderFlag) const noexcept { return mImpl->getFlag(builderFlag); }
    int32_t addOptimizationProfile(IOptimizationProfile const* profile) noexcept {
        return mImpl->addOptimizationProfile(profile);
    }
    int32_t getNbOptimizationProfiles() const noexcept { return mImpl->getNbOptimizationProfiles(); }
    void setProfilingVerbosity(ProfilingVerbosity verbosity) noexcept { mImpl->setProfilingVerbosity(verbosity); }
    ITimingCache* createTimingCache(void const* blob, std::size_t size) const noexcept {
        return mImpl->createTimingCache(blob, size);
    }
    bool setTimingCache(ITimingCache const& cache, bool ignoreMismatch) noexcept {
        return mImpl->setTimingCache(cache, ignoreMismatch);
    }
    ITimingCache const* getTimingCache() const noexcept { return mImpl->getTimingCache(); }
    void setMemoryPoolLimit(MemoryPoolType pool, std::size_t poolSize) noexcept {
        mImpl->setMemoryPoolLimit(pool, poolSize);
    }
    std::size_t getMemoryPoolLimit(MemoryPoolType pool) const noexcept { return mImpl->getMemoryPoolLimit(pool); }
    void setBuilderOptimizationLevel(int32_t level) noexcept { mImpl->setBuilderOptimizationLevel(level); }
    void setHardwareCompatibilityLevel(HardwareCompatibilityLevel hardwareCompatibilityLevel) noexcept {
        mImpl->setHardwareCompatibilityLevel(hardwareCompatibilityLevel);
    }
    bool setMaxAuxStreams(int32_t nbStreams) noexcept { return mImpl->setMaxAuxStreams(nbStreams); }
    void setProgressMonitor(IProgressMonitor* monitor) noexcept { mImpl->setProgressMonitor(monitor); }

protected:
    apiv::VBuilderConfig* mImpl;
};

/** Builds plans. */
class IBuilder : public INoCopy {
public:
    virtual ~IBuilder() noexcept = default;

    IBuilderConfig* createBuilderConfig() noexcept { return mImpl->createBuilderConfig(); }
    INetworkDefinition* createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept {
        return mImpl->createNetworkV2(flags);
    }
    IOptimizationProfile* createOptimizationProfile() noexcept { return mImpl->createOptimizationProfile(); }
    IHostMemory* buildSerializedNetwork(INetworkDefinition& network, IBuilderConfig& config) noexcept {
        return mImpl->buildSerializedNetwork(network, config);
    }

protected:
    apiv::VBuilder* mImpl;
};

}  // namespace nvinfer1

extern "C" void* createInferBuilder_INTERNAL(void* logger, int32_t version) noexcept;

#endif
