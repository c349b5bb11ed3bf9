// Walking through tensors by index and stride: what broadcasting and every operator that only moves elements comes down
// to.
#pragma once

#include "tensor.h"

namespace trtv_sim::onnx {

/** The shape of two broadcast against each other; throws when they do not match. */
Shape broadcastShapes(const Shape& a, const Shape& b);

/** The strides by which a tensor of `shape` is read as one of `target`: 0 along axes that repeat. */
inline Shape broadcastStrides(const Shape& shape, const Shape& target) {
    const Shape own = stridesOf(shape);
    Shape strides(target.size(), 0);
    const size_t lead = target.size() - shape.size();
    for (size_t i = 0; i < shape.size(); ++i) strides[lead + i] = shape[i] == 1 ? 0 : own[i];
    return strides;
}

/** The offset of an index; strides beyond the index's rank do not count. */
inline int64_t dot(const Shape& index, const Shape& strides) {
    int64_t offset = 0;
    for (size_t i = 0; i < index.size(); ++i) offset += index[i] * strides[i];
    return offset;
}

/** Calls for every index of a shape, in row-major order; once, with an empty index, for a scalar. */
template <typename Visit>
void forEachIndex(const Shape& shape, Visit visit) {
    if (countOf(shape) == 0) return;
    Shape index(shape.size(), 0);
    while (true) {
        visit(index);
        size_t axis = shape.size();
        while (axis > 0 && ++index[axis - 1] == shape[axis - 1]) index[--axis] = 0;
        if (axis == 0) return;
    }
}

/** Copies a block of `shape` between two tensors of one type, each walked by its own offset and strides. */
inline void copyBlock(const Tensor& from, int64_t fromOffset, const Shape& fromStrides, Tensor& to, int64_t toOffset,
                      const Shape& toStrides, const Shape& shape) {
    const auto copy = [&](const auto& source, auto& target) {
        forEachIndex(shape, [&](const Shape& index) {
            target[static_cast<size_t>(toOffset + dot(index, toStrides))] =
                source[static_cast<size_t>(fromOffset + dot(index, fromStrides))];
        });
    };
    if (to.isFloat()) {
        copy(from.floats, to.floats);
    } else {
        copy(from.integers, to.integers);
    }
}

}  // namespace trtv_sim::onnx
