// Between nvinfer1::Dims and the C API's shapes.
#pragma once

#include <NvInfer.h>

#include <algorithm>
#include <iterator>

#include "core/boundary.h"

namespace trtv {

static_assert(nvinfer1::Dims::MAX_DIMS == TRTV_MAX_RANK, "the C API's shapes hold as many dimensions as TensorRT's");

inline nvinfer1::Dims to_dims(const int64_t* sizes, int32_t rank) {
    require_range(rank, 0, TRTV_MAX_RANK, "rank");
    if (rank > 0) require(sizes, "sizes");
    nvinfer1::Dims dims{};
    dims.nbDims = rank;
    std::copy_n(sizes, rank, dims.d);
    return dims;
}

/** Fills rank and sizes of a trtv_shape or trtv_tensor_info. */
template <typename Target>
void write_dims(const nvinfer1::Dims& dims, Target& target) {
    target.rank = dims.nbDims;
    std::fill(std::begin(target.sizes), std::end(target.sizes), 0);
    std::copy_n(dims.d, std::clamp(dims.nbDims, 0, TRTV_MAX_RANK), target.sizes);
}

inline nvinfer1::OptProfileSelector to_selector(int32_t selector) {
    require_range(selector, TRTV_PROFILE_MIN, TRTV_PROFILE_MAX, "selector");
    return static_cast<nvinfer1::OptProfileSelector>(selector);
}

}  // namespace trtv
