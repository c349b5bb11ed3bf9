#pragma once

#include <atomic>
#include <memory>

#include "object.h"

namespace trtv_sim {

class Runtime final : public nvinfer1::IRuntime, public nvinfer1::apiv::VRuntime, Counted {
public:
    explicit Runtime(nvinfer1::ILogger* logger) : Counted("IRuntime"), logger_(logger) { mImpl = this; }
    ~Runtime() noexcept override;
    nvinfer1::ICudaEngine* deserializeCudaEngine(const void* blob, std::size_t size) noexcept override;
    void setEngineHostCodeAllowed(bool allowed) noexcept override { hostCodeAllowed_ = allowed; }

private:
    nvinfer1::ILogger* logger_;
    bool hostCodeAllowed_ = false;
    std::shared_ptr<std::atomic<int>> engines_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace trtv_sim
