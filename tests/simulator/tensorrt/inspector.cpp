#include "inspector.h"

namespace trtv_sim {
namespace {

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string list(const std::vector<std::string>& names) {
    std::string out = "[";
    for (const std::string& name : names) out += (out.size() > 1 ? ", " : "") + ("{\"Name\": " + quoted(name) + "}");
    return out + "]";
}

}  // namespace

Inspector::Inspector(std::shared_ptr<EngineCore> engine) : Counted("IEngineInspector"), engine_(std::move(engine)) {
    mImpl = this;
}

bool Inspector::setExecutionContext(const nvinfer1::IExecutionContext*) noexcept { return true; }

std::string Inspector::describe(bool json) const {
    const auto verbosity = engine_->plan.verbosity;
    const auto& nodes = engine_->model.nodes;
    std::string layers;
    for (size_t i = 0; verbosity != nvinfer1::ProfilingVerbosity::kNONE && i < nodes.size(); ++i) {
        const std::string name = engine_->layerName(i);
        if (!layers.empty()) layers += json ? ",\n" : "\n";
        if (!json) {
            layers += name;
        } else if (verbosity == nvinfer1::ProfilingVerbosity::kDETAILED) {
            layers += "{\"Name\": " + quoted(name) + ", \"LayerType\": " + quoted(nodes[i].operation) +
                      ", \"Inputs\": " + list(nodes[i].inputs) + ", \"Outputs\": " + list(nodes[i].outputs) + "}";
        } else {
            layers += quoted(name);
        }
    }
    if (!json) return layers;
    std::string bindings;
    for (const auto* values : {&engine_->model.inputs, &engine_->model.outputs}) {
        for (const onnx::Value& value : *values) bindings += (bindings.empty() ? "" : ", ") + quoted(value.name);
    }
    return "{\"Layers\": [" + layers + "],\n\"Bindings\": [" + bindings + "]}\n";
}

const char* Inspector::getEngineInformation(nvinfer1::LayerInformationFormat format) const noexcept {
    if (injected(engine_->logger, "IEngineInspector::getEngineInformation")) return nullptr;
    text_ = describe(format == nvinfer1::LayerInformationFormat::kJSON);
    return text_.c_str();
}

}  // namespace trtv_sim
