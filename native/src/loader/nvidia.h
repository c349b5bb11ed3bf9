// NVIDIA's libraries, loaded: the C factories behind which all of TensorRT's C++ API lies.
#pragma once

#include <NvInfer.h>
#include <NvOnnxParser.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "loader/shared_library.h"
#include "trtvocoder_shim.h"

namespace trtv {

class Nvidia {
public:
    explicit Nvidia(const trtv_library_options& options);

    void load_parser();
    void describe_to(trtv_library_info& info);

    /** The factories, called with the loaded library's own version; what they throw becomes an Error. */
    std::unique_ptr<nvinfer1::IRuntime> create_runtime();
    std::unique_ptr<nvinfer1::IBuilder> create_builder();
    std::unique_ptr<nvonnxparser::IParser> create_parser(nvinfer1::INetworkDefinition& network);

private:
    void load_runtime(const std::vector<std::string>& candidates);
    void* create(const char* factory, const char* what);

    trtv_flavour flavour_;
    std::vector<std::string> parser_candidates_;
    std::vector<std::string> driver_candidates_;
    SharedLibrary runtime_;
    int32_t version_ = 0;
    int32_t build_ = 0;

    std::mutex parser_mutex_;
    SharedLibrary parser_;
    int32_t parser_version_ = 0;
};

}  // namespace trtv

/** The handle: its children keep what it holds, not the handle. */
struct trtv_library {
    std::shared_ptr<trtv::Nvidia> state;
};
