#include "engine_core.h"

#include <algorithm>

#include "gpu_link.h"

namespace trtv_sim {
namespace {

const onnx::Value* find(const std::vector<onnx::Value>& values, const std::string& name) {
    const auto found = std::find_if(values.begin(), values.end(), [&](auto& value) { return value.name == name; });
    return found == values.end() ? nullptr : &*found;
}

}  // namespace

std::string layerName(const onnx::Node& node, size_t index) {
    return node.name.empty() ? node.operation + "_" + std::to_string(index) : node.name;
}

EngineCore::EngineCore(Plan givenPlan, std::string givenBytes, nvinfer1::ILogger* givenLogger)
    : plan(std::move(givenPlan)), bytes(std::move(givenBytes)), logger(givenLogger), model(onnx::readModel(plan.onnx)) {
    dataDependent_ =
        std::any_of(model.nodes.begin(), model.nodes.end(), [](auto& n) { return n.operation == "NonZero"; });
    if (allocateDevice(weights_, plan.onnx.size()) != CUDA_SUCCESS) {
        throw std::runtime_error("IRuntime::deserializeCudaEngine: Error Code 2: OutOfMemory (Requested size was " +
                                 std::to_string(plan.onnx.size()) + " bytes.)");
    }
}

EngineCore::~EngineCore() {
    ensureContext();
    freeDevice(weights_);
}

const onnx::Value* EngineCore::input(const std::string& name) const { return find(model.inputs, name); }

const onnx::Value* EngineCore::output(const std::string& name) const { return find(model.outputs, name); }

const onnx::Value* EngineCore::tensor(const std::string& name) const {
    const onnx::Value* found = input(name);
    return found ? found : output(name);
}

std::map<std::string, onnx::Shape> EngineCore::infer(const std::map<std::string, onnx::Shape>& inputs) const {
    onnx::Values values;
    for (const onnx::Value& input : model.inputs) {
        values[input.name] = std::make_shared<onnx::Tensor>(onnx::Tensor{input.type, inputs.at(input.name), {}, {}});
    }
    std::map<std::string, onnx::Shape> shapes;
    for (const auto& [name, tensor] : onnx::run(model, values, true)) shapes[name] = tensor->shape;
    return shapes;
}

int64_t EngineCore::scratchBytes(const std::map<std::string, onnx::Shape>& inputs) const {
    // The order of magnitude is what matters to callers: a few times what goes in.
    int64_t bytes = 1 << 16;
    for (const auto& [name, shape] : inputs) bytes += 16 * onnx::countOf(shape);
    return (bytes + 511) / 512 * 512;
}

int64_t EngineCore::scratchBytesOfProfile(size_t profile) const {
    std::map<std::string, onnx::Shape> largest;
    for (const onnx::Value& input : model.inputs) {
        const auto range =
            profile < plan.profiles.size() ? plan.profiles[profile].find(input.name) : ProfileRanges::const_iterator{};
        const bool ranged = profile < plan.profiles.size() && range != plan.profiles[profile].end();
        largest[input.name] = ranged ? range->second.max() : input.shape;
    }
    return scratchBytes(largest);
}

std::string EngineCore::layerName(size_t node) const { return trtv_sim::layerName(model.nodes.at(node), node); }

}  // namespace trtv_sim
