// What an engine's objects share and keep alive: model, plan, weights on the GPU.
#pragma once

#include <atomic>
#include <memory>

#include "interpreter.h"
#include "object.h"
#include "plan.h"

namespace trtv_sim {

class EngineCore {
public:
    /** Throws std::runtime_error when the model cannot be read or the GPU lacks the memory. */
    EngineCore(Plan plan, std::string bytes, nvinfer1::ILogger* logger);
    ~EngineCore();

    const onnx::Value* input(const std::string& name) const;
    const onnx::Value* output(const std::string& name) const;
    /** The input or output of a name, null if there is none. */
    const onnx::Value* tensor(const std::string& name) const;
    /** The outputs' shapes for these input shapes; sizes that depend on data are -1. */
    std::map<std::string, onnx::Shape> infer(const std::map<std::string, onnx::Shape>& inputs) const;
    /** Scratch memory for these inputs, in bytes. */
    int64_t scratchBytes(const std::map<std::string, onnx::Shape>& inputs) const;
    int64_t scratchBytesOfProfile(size_t profile) const;
    /** Whether some output's size depends on data. */
    bool dataDependent() const { return dataDependent_; }
    std::string layerName(size_t node) const;

    const Plan plan;
    const std::string bytes;
    nvinfer1::ILogger* const logger;
    onnx::Model model;
    std::atomic<int> contexts{0};
    std::atomic<int> contextsEver{0};

private:
    uint64_t weights_ = 0;
    bool dataDependent_ = false;
};

/** The name a layer goes by in profiles and inspection: the node's, or one made of its operator and place. */
std::string layerName(const onnx::Node& node, size_t index);

}  // namespace trtv_sim
