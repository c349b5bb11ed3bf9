#pragma once

#include <memory>
#include <set>
#include <vector>

#include "object.h"
#include "shapes.h"

namespace trtv_sim {

class OptimizationProfile final : public nvinfer1::IOptimizationProfile,
                                  public nvinfer1::apiv::VOptimizationProfile,
                                  Counted {
public:
    explicit OptimizationProfile(nvinfer1::ILogger* logger) : Counted("IOptimizationProfile"), logger_(logger) {
        mImpl = this;
    }
    bool setDimensions(const char* inputName, nvinfer1::OptProfileSelector select,
                       const nvinfer1::Dims& dims) noexcept override;
    nvinfer1::Dims getDimensions(const char* inputName, nvinfer1::OptProfileSelector select) const noexcept override;
    bool isValid() const noexcept override;

    ProfileRanges ranges;

private:
    nvinfer1::ILogger* logger_;
};

/** Remembers how many builds used it, which is enough to be seen to grow. */
class TimingCache final : public nvinfer1::ITimingCache, public nvinfer1::apiv::VTimingCache, Counted {
public:
    TimingCache() : Counted("ITimingCache") { mImpl = this; }
    /** Reads a blob of this version and GPU; an empty one begins anew. False when it is of another. */
    bool load(const void* blob, std::size_t size);
    nvinfer1::IHostMemory* serialize() const noexcept override;
    bool combine(const nvinfer1::ITimingCache& inputCache, bool ignoreMismatch) noexcept override;

    mutable int64_t builds = 0;
};

class BuilderConfig final : public nvinfer1::IBuilderConfig, public nvinfer1::apiv::VBuilderConfig, Counted {
public:
    explicit BuilderConfig(nvinfer1::ILogger* logger) : Counted("IBuilderConfig"), logger_(logger) { mImpl = this; }

    void clearFlag(nvinfer1::BuilderFlag builderFlag) noexcept override { flags_.erase(builderFlag); }
    void setFlag(nvinfer1::BuilderFlag builderFlag) noexcept override { flags_.insert(builderFlag); }
    bool getFlag(nvinfer1::BuilderFlag builderFlag) const noexcept override { return flags_.count(builderFlag) > 0; }
    int32_t addOptimizationProfile(const nvinfer1::IOptimizationProfile* profile) noexcept override;
    int32_t getNbOptimizationProfiles() const noexcept override { return static_cast<int32_t>(profiles.size()); }
    void setProfilingVerbosity(nvinfer1::ProfilingVerbosity given) noexcept override { verbosity = given; }
    nvinfer1::ITimingCache* createTimingCache(const void* blob, std::size_t size) const noexcept override;
    bool setTimingCache(const nvinfer1::ITimingCache& cache, bool ignoreMismatch) noexcept override;
    const nvinfer1::ITimingCache* getTimingCache() const noexcept override { return timingCache; }
    void setMemoryPoolLimit(nvinfer1::MemoryPoolType, std::size_t poolSize) noexcept override { workspace_ = poolSize; }
    std::size_t getMemoryPoolLimit(nvinfer1::MemoryPoolType) const noexcept override { return workspace_; }
    void setBuilderOptimizationLevel(int32_t) noexcept override {}
    void setHardwareCompatibilityLevel(nvinfer1::HardwareCompatibilityLevel level) noexcept override {
        hardware = level;
    }
    void setMaxAuxStreams(int32_t) noexcept override {}
    void setProgressMonitor(nvinfer1::IProgressMonitor* given) noexcept override { monitor = given; }

    std::vector<const OptimizationProfile*> profiles;
    nvinfer1::ProfilingVerbosity verbosity = nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY;
    nvinfer1::HardwareCompatibilityLevel hardware = nvinfer1::HardwareCompatibilityLevel::kNONE;
    nvinfer1::IProgressMonitor* monitor = nullptr;
    const TimingCache* timingCache = nullptr;

private:
    nvinfer1::ILogger* logger_;
    std::set<nvinfer1::BuilderFlag> flags_{nvinfer1::BuilderFlag::kTF32};
    std::size_t workspace_ = 0;
};

}  // namespace trtv_sim
