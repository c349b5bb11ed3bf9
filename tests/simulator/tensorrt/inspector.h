#pragma once

#include "engine_core.h"

namespace trtv_sim {

class Inspector final : public nvinfer1::IEngineInspector, public nvinfer1::apiv::VEngineInspector, Counted {
public:
    explicit Inspector(std::shared_ptr<EngineCore> engine);
    bool setExecutionContext(const nvinfer1::IExecutionContext* context) noexcept override;
    const char* getEngineInformation(nvinfer1::LayerInformationFormat format) const noexcept override;

private:
    std::string describe(bool json) const;
    std::shared_ptr<EngineCore> engine_;
    mutable std::string text_;
};

}  // namespace trtv_sim
