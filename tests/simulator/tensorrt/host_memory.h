#pragma once

#include <utility>

#include "object.h"

namespace trtv_sim {

/** Bytes handed to the caller, who deletes them. */
class HostMemory final : public nvinfer1::IHostMemory, public nvinfer1::apiv::VHostMemory, Counted {
public:
    explicit HostMemory(std::string bytes) : Counted("IHostMemory"), bytes_(std::move(bytes)) { mImpl = this; }

    void* data() const noexcept override { return const_cast<char*>(bytes_.data()); }
    std::size_t size() const noexcept override { return bytes_.size(); }
    nvinfer1::DataType type() const noexcept override { return nvinfer1::DataType::kINT8; }

private:
    std::string bytes_;
};

}  // namespace trtv_sim
