#include "shapes.h"

#include <algorithm>
#include <stdexcept>

namespace trtv_sim {

nvinfer1::Dims toDims(const onnx::Shape& shape) {
    nvinfer1::Dims dims{};
    if (shape.size() > static_cast<size_t>(nvinfer1::Dims::MAX_DIMS))
        throw std::runtime_error("more than 8 dimensions");
    dims.nbDims = static_cast<int32_t>(shape.size());
    std::copy(shape.begin(), shape.end(), dims.d);
    return dims;
}

onnx::Shape toShape(const nvinfer1::Dims& dims) {
    return onnx::Shape(dims.d, dims.d + std::clamp(dims.nbDims, 0, nvinfer1::Dims::MAX_DIMS));
}

nvinfer1::Dims invalidDims() {
    nvinfer1::Dims dims{};
    dims.nbDims = -1;
    return dims;
}

nvinfer1::DataType toDataType(onnx::ElementType type) {
    switch (type) {
        case onnx::ElementType::kFloat:
            return nvinfer1::DataType::kFLOAT;
        case onnx::ElementType::kHalf:
            return nvinfer1::DataType::kHALF;
        case onnx::ElementType::kInt32:
            return nvinfer1::DataType::kINT32;
        case onnx::ElementType::kInt64:
            return nvinfer1::DataType::kINT64;
        case onnx::ElementType::kBool:
            return nvinfer1::DataType::kBOOL;
    }
    throw std::runtime_error("unsupported element type " + std::to_string(static_cast<int32_t>(type)));
}

}  // namespace trtv_sim
