#pragma once

#include "builder_config.h"
#include "network.h"

namespace trtv_sim {

class Builder final : public nvinfer1::IBuilder, public nvinfer1::apiv::VBuilder, Counted {
public:
    explicit Builder(nvinfer1::ILogger* logger) : Counted("IBuilder"), logger_(logger) { mImpl = this; }

    nvinfer1::IBuilderConfig* createBuilderConfig() noexcept override;
    nvinfer1::INetworkDefinition* createNetworkV2(nvinfer1::NetworkDefinitionCreationFlags flags) noexcept override;
    nvinfer1::IOptimizationProfile* createOptimizationProfile() noexcept override;
    nvinfer1::IHostMemory* buildSerializedNetwork(nvinfer1::INetworkDefinition& network,
                                                  nvinfer1::IBuilderConfig& config) noexcept override;

private:
    bool fail(const std::string& text) const;
    bool checkProfiles(const Network& network, const BuilderConfig& config) const;
    bool checkShapes(const Network& network, const ProfileRanges& ranges) const;
    /** False when cancelled. */
    bool reportProgress(const Network& network, nvinfer1::IProgressMonitor* monitor) const;

    nvinfer1::ILogger* logger_;
    std::vector<std::unique_ptr<OptimizationProfile>> profiles_;
};

}  // namespace trtv_sim
