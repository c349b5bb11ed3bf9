// Between TensorRT's and ONNX's notions of shapes and element types.
#pragma once

#include <map>

#include "NvInfer.h"
#include "tensor.h"

namespace trtv_sim {

using onnx::toString;

nvinfer1::Dims toDims(const onnx::Shape& shape);
onnx::Shape toShape(const nvinfer1::Dims& dims);
/** What TensorRT answers for a tensor that does not exist. */
nvinfer1::Dims invalidDims();
nvinfer1::DataType toDataType(onnx::ElementType type);

/** An input's three shapes in a profile. */
struct ProfileRange {
    onnx::Shape shapes[3];
    const onnx::Shape& min() const { return shapes[0]; }
    const onnx::Shape& max() const { return shapes[2]; }
};

/** One profile: ranges by input name. */
using ProfileRanges = std::map<std::string, ProfileRange>;

}  // namespace trtv_sim
