#pragma once

#include <memory>
#include <vector>

#include "model.h"
#include "object.h"
#include "shapes.h"

namespace trtv_sim {

class NetworkTensor final : public nvinfer1::ITensor, public nvinfer1::apiv::VTensor {
public:
    explicit NetworkTensor(onnx::Value value) : value_(std::move(value)) { mImpl = this; }
    const char* getName() const noexcept override { return value_.name.c_str(); }
    nvinfer1::Dims getDimensions() const noexcept override { return toDims(value_.shape); }
    nvinfer1::DataType getType() const noexcept override { return toDataType(value_.type); }
    nvinfer1::TensorLocation getLocation() const noexcept override { return nvinfer1::TensorLocation::kDEVICE; }
    bool isShapeTensor() const noexcept override { return false; }

private:
    onnx::Value value_;
};

/** A network that is one ONNX model; the parser, which lives in another library, fills it. */
class Network final : public nvinfer1::INetworkDefinition, public nvinfer1::apiv::VNetworkDefinition, Counted {
public:
    explicit Network(bool stronglyTyped) : Counted("INetworkDefinition"), stronglyTyped(stronglyTyped) { mImpl = this; }

    void fill(onnx::Model newModel, std::string newBytes) {
        model = std::move(newModel);
        bytes = std::move(newBytes);
        for (const onnx::Value& value : model.inputs) inputs_.push_back(std::make_unique<NetworkTensor>(value));
        for (const onnx::Value& value : model.outputs) outputs_.push_back(std::make_unique<NetworkTensor>(value));
    }

    int32_t getNbLayers() const noexcept override { return static_cast<int32_t>(model.nodes.size()); }
    int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(inputs_.size()); }
    nvinfer1::ITensor* getInput(int32_t index) const noexcept override { return at(inputs_, index); }
    int32_t getNbOutputs() const noexcept override { return static_cast<int32_t>(outputs_.size()); }
    nvinfer1::ITensor* getOutput(int32_t index) const noexcept override { return at(outputs_, index); }
    const char* getName() const noexcept override { return "Unnamed Network 0"; }

    const bool stronglyTyped;
    onnx::Model model;
    std::string bytes;

private:
    using Tensors = std::vector<std::unique_ptr<NetworkTensor>>;
    static nvinfer1::ITensor* at(const Tensors& tensors, int32_t index) {
        return index >= 0 && static_cast<size_t>(index) < tensors.size() ? tensors[static_cast<size_t>(index)].get()
                                                                         : nullptr;
    }

    Tensors inputs_;
    Tensors outputs_;
};

}  // namespace trtv_sim
