// libnvonnxparser.so.10: reads a model into a network, or says which node it cannot.
#include <memory>
#include <string>
#include <vector>

#include "NvOnnxParser.h"
#include "interpreter.h"
#include "network.h"

namespace trtv_sim {
namespace {

using nvonnxparser::ErrorCode;

class ParserError final : public nvonnxparser::IParserError {
public:
    ParserError(ErrorCode code, std::string text, int node, std::string name, std::string operation)
        : code_(code), text_(std::move(text)), node_(node), name_(std::move(name)), operation_(std::move(operation)) {}
    ~ParserError() override = default;
    ErrorCode code() const override { return code_; }
    const char* desc() const override { return text_.c_str(); }
    const char* file() const override { return "simulator"; }
    int line() const override { return 0; }
    const char* func() const override { return "parse"; }
    int node() const override { return node_; }
    const char* nodeName() const override { return name_.c_str(); }
    const char* nodeOperator() const override { return operation_.c_str(); }

private:
    ErrorCode code_;
    std::string text_;
    int node_;
    std::string name_;
    std::string operation_;
};

class Parser final : public nvonnxparser::IParser, Counted {
public:
    Parser(Network& network, nvinfer1::ILogger* logger) : Counted("IParser"), network_(network), logger_(logger) {}
    ~Parser() noexcept override = default;

    bool parse(const void* model, std::size_t size, const char*) noexcept override {
        if (injected(logger_, "IParser::parse")) return false;
        std::string bytes(static_cast<const char*>(model), model ? size : 0);
        try {
            onnx::Model read = onnx::readModel(bytes);
            if (!check(read)) return false;
            network_.fill(std::move(read), std::move(bytes));
            return true;
        } catch (const std::exception& error) {
            add(ErrorCode::kMODEL_DESERIALIZE_FAILED, std::string("Failed to parse the ONNX model: ") + error.what(),
                -1, "", "");
            return false;
        }
    }

    int getNbErrors() const noexcept override { return static_cast<int>(errors_.size()); }

    const nvonnxparser::IParserError* getError(int index) const noexcept override {
        return index >= 0 && static_cast<size_t>(index) < errors_.size() ? errors_[static_cast<size_t>(index)].get()
                                                                         : nullptr;
    }

    void clearErrors() noexcept override { errors_.clear(); }

private:
    void add(ErrorCode code, const std::string& text, int node, const std::string& name, const std::string& operation) {
        errors_.push_back(std::make_unique<ParserError>(code, text, node, name, operation));
        logError(logger_, "ModelImporter.cpp: ERROR: " + (name.empty() ? "" : name + ": ") + text);
    }

    bool check(const onnx::Model& model) {
        for (size_t i = 0; i < model.nodes.size(); ++i) {
            const onnx::Node& node = model.nodes[i];
            if (node.domain.empty() && onnx::findOperator(node.operation)) continue;
            add(ErrorCode::kUNSUPPORTED_NODE, "No importer registered for op: " + node.operation, static_cast<int>(i),
                node.name, node.operation);
        }
        return errors_.empty() && tryShapes(model);
    }

    // A dry run with some size for what is not known yet: finds missing values, misfitting weights, refused attributes.
    bool tryShapes(const onnx::Model& model) {
        onnx::Values values;
        for (const onnx::Value& input : model.inputs) {
            onnx::Shape shape = input.shape;
            for (int64_t& size : shape) size = size < 0 ? 32 : size;
            values[input.name] = std::make_shared<onnx::Tensor>(onnx::Tensor{input.type, shape, {}, {}});
        }
        try {
            onnx::run(model, values, true);
            return true;
        } catch (const onnx::NodeError& error) {
            const bool known = error.index < model.nodes.size();
            add(known ? ErrorCode::kINVALID_NODE : ErrorCode::kINVALID_GRAPH, error.what(),
                known ? static_cast<int>(error.index) : -1, known ? model.nodes[error.index].name : "",
                known ? model.nodes[error.index].operation : "");
            return false;
        }
    }

    Network& network_;
    nvinfer1::ILogger* logger_;
    std::vector<std::unique_ptr<ParserError>> errors_;
};

}  // namespace
}  // namespace trtv_sim

// As in factories.cpp: other C++ names, because the header's declarations cannot throw.
extern "C" {
TRTV_SIM_EXPORT void* trtvSimCreateParser(void* network, void* logger, int version) asm("createNvOnnxParser_INTERNAL");
TRTV_SIM_EXPORT int trtvSimParserVersion() asm("getNvOnnxParserVersion");

void* trtvSimCreateParser(void* network, void* logger, int) {
    using trtv_sim::FaultAction;
    const FaultAction fault = trtv_sim::Simulation::instance().enter("createNvOnnxParser_INTERNAL");
    if (fault.kind == FaultAction::Kind::kThrow)
        throw std::runtime_error("createNvOnnxParser_INTERNAL: injected fault");
    if (fault.kind != FaultAction::Kind::kNone || !network || !logger) return nullptr;
    auto& given = static_cast<trtv_sim::Network&>(*static_cast<nvinfer1::INetworkDefinition*>(network));
    return static_cast<nvonnxparser::IParser*>(new trtv_sim::Parser(given, static_cast<nvinfer1::ILogger*>(logger)));
}

// The parser counts by itself: 0.1.0, as the real one of TensorRT 10.
int trtvSimParserVersion() { return 100; }
}
