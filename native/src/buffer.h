// Bytes that TensorRT made, or text made of what it said.
#pragma once

#include <NvInfer.h>

#include <memory>
#include <string>
#include <variant>

#include "trtvocoder_shim.h"

struct trtv_buffer {
    std::variant<std::unique_ptr<nvinfer1::IHostMemory>, std::string> content;
};
