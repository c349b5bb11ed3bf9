// nvinfer1::IBuilder with one network, one configuration and the ONNX parser.
#include "builder.h"

#include <algorithm>

#include "core/boundary.h"
#include "core/shapes.h"

namespace trtv {
namespace {

uint32_t network_flags(bool strongly_typed) {
#if NV_TENSORRT_MAJOR >= 11
    if (!strongly_typed)
        throw Error(TRTV_ERROR_UNSUPPORTED,
                    "TensorRT 11 and TensorRT-RTX build strongly typed networks only: give the model the types that it "
                    "shall run in.");
#endif
    return strongly_typed ? 1U << static_cast<uint32_t>(nvinfer1::NetworkDefinitionCreationFlag::kSTRONGLY_TYPED) : 0U;
}

bool is_dynamic(const nvinfer1::Dims& dims) {
    return std::any_of(dims.d, dims.d + std::max(dims.nbDims, 0), [](int64_t size) { return size < 0; });
}

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

std::string describe(const ParserError& error) {
    std::string place;
    if (error.node >= 0) place = "node " + std::to_string(error.node);
    if (!error.node_name.empty()) place += (place.empty() ? "node '" : " '") + error.node_name + "'";
    if (!error.node_operator.empty())
        place += (place.empty() ? "" : " ") + std::string("(") + error.node_operator + ")";
    return place.empty() ? error.description : place + ": " + error.description;
}

}  // namespace

Builder::Builder(std::shared_ptr<Nvidia> nvidia, bool strongly_typed) : nvidia_(std::move(nvidia)) {
    const uint32_t flags = network_flags(strongly_typed);
    builder_ = nvidia_->create_builder();
    network_.reset(builder_->createNetworkV2(flags));
    if (network_ == nullptr) throw tensorrt_error("The network could not be made.");
    config_.reset(builder_->createBuilderConfig());
    if (config_ == nullptr) throw tensorrt_error("The build configuration could not be made.");
    config_->setProgressMonitor(&progress_);
    parser_ = nvidia_->create_parser(*network_);
}

void Builder::parse(const void* model, int64_t size, const char* path) {
    if (is_parsed_) throw Error(TRTV_ERROR_INVALID_ARGUMENT, "This builder's network is filled: make another builder.");
    if (size <= 0) throw Error(TRTV_ERROR_PARSER, "The ONNX model is empty.", TRTV_DOMAIN_PARSER);
    is_parsed_ = true;
    const bool parsed = parser_->parse(model, static_cast<size_t>(size), path);
    collect_parser_errors();
    // The parser takes some bytes that are no model for a model with nothing in it.
    if (parsed && network_->getNbOutputs() == 0)
        throw Error(TRTV_ERROR_PARSER, "The ONNX model has no outputs: is it an ONNX model?", TRTV_DOMAIN_PARSER);
    if (parsed) return;
    if (parser_errors_.empty()) throw tensorrt_error("The ONNX model could not be parsed.", TRTV_ERROR_PARSER);
    std::string message = "The ONNX model could not be parsed: " + describe(parser_errors_.front());
    if (parser_errors_.size() > 1) message += " (and " + std::to_string(parser_errors_.size() - 1) + " more)";
    throw Error(TRTV_ERROR_PARSER, message, TRTV_DOMAIN_PARSER, parser_errors_.front().code);
}

void Builder::collect_parser_errors() {
    parser_errors_.clear();
    for (int32_t i = 0; i < parser_->getNbErrors(); ++i) {
        const nvonnxparser::IParserError* error = parser_->getError(i);
        if (error == nullptr) continue;
        parser_errors_.push_back({static_cast<int32_t>(error->code()), error->node(), error->line(),
                                  text_of(error->nodeName()), text_of(error->nodeOperator()), text_of(error->desc()),
                                  text_of(error->file()), text_of(error->func())});
    }
}

int32_t Builder::tensor_count() const { return network_->getNbInputs() + network_->getNbOutputs(); }

void Builder::describe_tensor(int32_t index, trtv_tensor_info& info) const {
    if (index < 0 || index >= tensor_count())
        throw Error(TRTV_ERROR_NOT_FOUND, "The network has no tensor " + std::to_string(index) + "; it has " +
                                              std::to_string(tensor_count()) + ", counted from 0.");
    const int32_t input_count = network_->getNbInputs();
    const bool is_input = index < input_count;
    const nvinfer1::ITensor& tensor = is_input ? *network_->getInput(index) : *network_->getOutput(index - input_count);
    info.mode = is_input ? TRTV_TENSOR_MODE_INPUT : TRTV_TENSOR_MODE_OUTPUT;
    info.data_type = static_cast<int32_t>(tensor.getType());
    info.location = static_cast<int32_t>(tensor.getLocation());
    info.format = TRTV_TENSOR_FORMAT_LINEAR;
    info.bytes_per_component = -1;
    info.components_per_element = -1;
    info.vectorized_dimension = -1;
    info.is_shape_tensor = tensor.isShapeTensor() ? 1 : 0;
    write_dims(tensor.getDimensions(), info);
    info.name = tensor.getName();
    info.format_description = "";
}

int32_t Builder::add_profile() {
    nvinfer1::IOptimizationProfile* profile = builder_->createOptimizationProfile();
    if (profile == nullptr) throw tensorrt_error("The optimisation profile could not be made.");
    profiles_.push_back(profile);
    return static_cast<int32_t>(profiles_.size()) - 1;
}

void Builder::set_profile_shape(int32_t profile, const char* tensor, nvinfer1::OptProfileSelector selector,
                                const nvinfer1::Dims& dims) {
    if (profile < 0 || profile >= static_cast<int32_t>(profiles_.size()))
        throw Error(TRTV_ERROR_NOT_FOUND, "There is no optimisation profile " + std::to_string(profile) + "; " +
                                              std::to_string(profiles_.size()) + " were added.");
    std::string known;
    for (int32_t i = 0; i < network_->getNbInputs(); ++i) {
        const char* name = network_->getInput(i)->getName();
        if (std::string(name) == tensor) {
            if (!profiles_[static_cast<size_t>(profile)]->setDimensions(name, selector, dims))
                throw tensorrt_error("Input '" + std::string(name) + "' cannot have this shape in a profile.");
            return;
        }
        known += (known.empty() ? "" : ", ") + std::string(name);
    }
    throw Error(TRTV_ERROR_NOT_FOUND, "The network has no input '" + std::string(tensor) + "'; it has " + known + ".");
}

void Builder::set_flag(trtv_builder_flag flag, bool value) {
    nvinfer1::BuilderFlag target{};
    switch (flag) {
#if NV_TENSORRT_MAJOR < 11
        case TRTV_BUILDER_FLAG_FP16:
            target = nvinfer1::BuilderFlag::kFP16;
            break;
        case TRTV_BUILDER_FLAG_BF16:
            target = nvinfer1::BuilderFlag::kBF16;
            break;
#else
        case TRTV_BUILDER_FLAG_FP16:
        case TRTV_BUILDER_FLAG_BF16:
            throw Error(
                TRTV_ERROR_UNSUPPORTED,
                "TensorRT 11 and TensorRT-RTX have no precision flags: give the model the types that it shall run in.");
#endif
        case TRTV_BUILDER_FLAG_TF32:
            target = nvinfer1::BuilderFlag::kTF32;
            break;
        case TRTV_BUILDER_FLAG_REFIT:
            target = nvinfer1::BuilderFlag::kREFIT;
            break;
        case TRTV_BUILDER_FLAG_VERSION_COMPATIBLE:
            target = nvinfer1::BuilderFlag::kVERSION_COMPATIBLE;
            break;
        case TRTV_BUILDER_FLAG_EXCLUDE_LEAN_RUNTIME:
            target = nvinfer1::BuilderFlag::kEXCLUDE_LEAN_RUNTIME;
            break;
        case TRTV_BUILDER_FLAG_DISABLE_TIMING_CACHE:
            target = nvinfer1::BuilderFlag::kDISABLE_TIMING_CACHE;
            break;
        default:
            throw Error(TRTV_ERROR_INVALID_ARGUMENT, "There is no builder flag " + std::to_string(flag) + ".");
    }
    if (value)
        config_->setFlag(target);
    else
        config_->clearFlag(target);
    if (config_->getFlag(target) != value)
        throw tensorrt_error("The builder flag was refused.", TRTV_ERROR_UNSUPPORTED);
}

void Builder::set_timing_cache(const void* data, int64_t size) {
    std::unique_ptr<nvinfer1::ITimingCache> cache(config_->createTimingCache(data, static_cast<size_t>(size)));
    if (cache == nullptr) throw tensorrt_error("The timing cache could not be read.");
    if (!config_->setTimingCache(*cache, false))
        throw tensorrt_error("The timing cache is of another TensorRT or GPU.");
    timing_cache_ = std::move(cache);
}

std::unique_ptr<nvinfer1::IHostMemory> Builder::timing_cache() const {
    const nvinfer1::ITimingCache* cache = config_->getTimingCache();
    if (cache == nullptr) throw Error(TRTV_ERROR_NOT_FOUND, "There is no timing cache: none was set before the build.");
    std::unique_ptr<nvinfer1::IHostMemory> memory(cache->serialize());
    if (memory == nullptr) throw tensorrt_error("The timing cache could not be written.");
    return memory;
}

void Builder::require_profile_shapes() const {
    for (int32_t i = 0; i < network_->getNbInputs(); ++i) {
        const nvinfer1::ITensor& input = *network_->getInput(i);
        if (!is_dynamic(input.getDimensions())) continue;
        const std::string name = input.getName();
        if (profiles_.empty())
            throw Error(TRTV_ERROR_INCOMPLETE,
                        "Input '" + name + "' has dynamic dimensions, and there is no optimisation profile.");
        for (size_t profile = 0; profile < profiles_.size(); ++profile) {
            for (const auto& [selector, word] : {std::pair(nvinfer1::OptProfileSelector::kMIN, "min"),
                                                 std::pair(nvinfer1::OptProfileSelector::kOPT, "opt"),
                                                 std::pair(nvinfer1::OptProfileSelector::kMAX, "max")}) {
                if (profiles_[profile]->getDimensions(name.c_str(), selector).nbDims < 0)
                    throw Error(TRTV_ERROR_INCOMPLETE, "Input '" + name + "' has no " + word +
                                                           " shape in optimisation profile " + std::to_string(profile) +
                                                           ".");
            }
        }
    }
}

std::unique_ptr<nvinfer1::IHostMemory> Builder::build() {
    const Error cancelled(TRTV_ERROR_CANCELLED, "The build was cancelled.");
    if (progress_.take_cancelled()) throw cancelled;
    if (network_->getNbOutputs() == 0) throw Error(TRTV_ERROR_INCOMPLETE, "The network is empty: parse a model first.");
    require_profile_shapes();
    for (size_t i = static_cast<size_t>(config_->getNbOptimizationProfiles()); i < profiles_.size(); ++i) {
        if (config_->addOptimizationProfile(profiles_[i]) < 0)
            throw tensorrt_error("Optimisation profile " + std::to_string(i) + " was refused.");
    }
    std::unique_ptr<nvinfer1::IHostMemory> plan(builder_->buildSerializedNetwork(*network_, *config_));
    if (progress_.take_cancelled()) throw cancelled;
    if (plan == nullptr) throw tensorrt_error("The engine could not be built.");
    return plan;
}

}  // namespace trtv
