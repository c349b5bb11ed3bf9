#pragma once

#include <string>
#include <vector>

#include "loader/nvidia.h"
#include "progress.h"

namespace trtv {

/** The parser's own strings live until its next parse; copies live as long as the builder. */
struct ParserError {
    int32_t code;
    int32_t node;
    int32_t line;
    std::string node_name;
    std::string node_operator;
    std::string description;
    std::string file;
    std::string function;
};

/** One network and how to build it. Members are destroyed from the last to the first, the builder after what it made.
 */
class Builder {
public:
    Builder(std::shared_ptr<Nvidia> nvidia, bool strongly_typed);

    void parse(const void* model, int64_t size, const char* path);
    int32_t tensor_count() const;
    void describe_tensor(int32_t index, trtv_tensor_info& info) const;
    int32_t add_profile();
    void set_profile_shape(int32_t profile, const char* tensor, nvinfer1::OptProfileSelector selector,
                           const nvinfer1::Dims& dims);
    void set_flag(trtv_builder_flag flag, bool value);
    void set_timing_cache(const void* data, int64_t size);
    std::unique_ptr<nvinfer1::IHostMemory> timing_cache() const;
    std::unique_ptr<nvinfer1::IHostMemory> build();

    nvinfer1::IBuilderConfig& config() { return *config_; }
    ProgressMonitor& progress() { return progress_; }
    const std::vector<ParserError>& parser_errors() const { return parser_errors_; }

private:
    void collect_parser_errors();
    void require_profile_shapes() const;

    std::shared_ptr<Nvidia> nvidia_;
    // Outlives the configuration that points to it.
    ProgressMonitor progress_;
    std::unique_ptr<nvinfer1::IBuilder> builder_;
    std::unique_ptr<nvinfer1::INetworkDefinition> network_;
    std::unique_ptr<nvinfer1::IBuilderConfig> config_;
    std::unique_ptr<nvinfer1::ITimingCache> timing_cache_;
    // The network's weights point into what the parser read.
    std::unique_ptr<nvonnxparser::IParser> parser_;
    std::vector<nvinfer1::IOptimizationProfile*> profiles_;
    std::vector<ParserError> parser_errors_;
    bool is_parsed_ = false;
};

}  // namespace trtv

struct trtv_builder {
    trtv::Builder state;
};
