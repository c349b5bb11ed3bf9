#include "tensor.h"

#include <cmath>
#include <cstring>
#include <stdexcept>

namespace trtv_sim::onnx {

int64_t countOf(const Shape& shape) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    return count;
}

int64_t Tensor::count() const { return countOf(shape); }

Shape stridesOf(const Shape& shape) {
    Shape strides(shape.size());
    int64_t stride = 1;
    for (size_t axis = shape.size(); axis-- > 0;) {
        strides[axis] = stride;
        stride *= shape[axis];
    }
    return strides;
}

std::string toString(const Shape& shape) {
    std::string text = "[";
    for (const int64_t size : shape) text += (text.size() > 1 ? "," : "") + std::to_string(size);
    return text + "]";
}

size_t bytesOf(ElementType type) {
    switch (type) {
        case ElementType::kFloat:
        case ElementType::kInt32:
            return 4;
        case ElementType::kInt64:
            return 8;
        case ElementType::kHalf:
            return 2;
        case ElementType::kBool:
            return 1;
    }
    throw std::runtime_error("unsupported element type " + std::to_string(static_cast<int32_t>(type)));
}

float halfToFloat(uint16_t half) {
    const int exponent = (half >> 10) & 31;
    const int mantissa = half & 1023;
    float value = 0;
    if (exponent == 0) {
        value = std::ldexp(static_cast<float>(mantissa), -24);
    } else if (exponent == 31) {
        value = mantissa ? NAN : INFINITY;
    } else {
        value = std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
    }
    return half & 0x8000 ? -value : value;
}

uint16_t floatToHalf(float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, 4);
    const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
    bits &= 0x7FFFFFFF;
    if (bits > 0x7F800000) return sign | 0x7E00;
    if (bits >= 0x477FF000) return sign | 0x7C00;  // From 65520 on, the nearest half is infinity.
    if (bits < 0x38800000) {                       // Subnormal halves: a multiple of 2^-24.
        float magnitude = 0;
        std::memcpy(&magnitude, &bits, 4);
        return sign | static_cast<uint16_t>(std::nearbyint(magnitude * 16777216.0f));
    }
    const uint32_t odd = (bits >> 13) & 1;
    return sign | static_cast<uint16_t>((bits - 0x38000000 + 0xFFF + odd) >> 13);
}

void roundToHalf(std::vector<float>& values) {
    for (float& value : values) {
        uint32_t bits = 0;
        std::memcpy(&bits, &value, 4);
        const uint32_t magnitude = bits & 0x7FFFFFFF;
        if (magnitude >= 0x38800000 && magnitude < 0x477FF000) {
            // The usual case without leaving the float format: drop 13 bits, rounding to even.
            bits = (bits + 0xFFF + ((bits >> 13) & 1)) & 0xFFFFE000;
            std::memcpy(&value, &bits, 4);
        } else {
            value = halfToFloat(floatToHalf(value));
        }
    }
}

Tensor fromBytes(ElementType type, Shape shape, const void* bytes) {
    Tensor tensor{type, std::move(shape), {}, {}};
    const auto count = static_cast<size_t>(tensor.count());
    if (tensor.isFloat()) {
        tensor.floats.resize(count);
    } else {
        tensor.integers.resize(count);
    }
    for (size_t i = 0; type == ElementType::kHalf && i < count; ++i) {
        uint16_t half = 0;
        std::memcpy(&half, static_cast<const char*>(bytes) + 2 * i, 2);
        tensor.floats[i] = halfToFloat(half);
    }
    for (size_t i = 0; type == ElementType::kInt32 && i < count; ++i) {
        int32_t value = 0;
        std::memcpy(&value, static_cast<const char*>(bytes) + 4 * i, 4);
        tensor.integers[i] = value;
    }
    for (size_t i = 0; type == ElementType::kBool && i < count; ++i) {
        tensor.integers[i] = static_cast<const char*>(bytes)[i] != 0;
    }
    if (type == ElementType::kFloat && count) std::memcpy(tensor.floats.data(), bytes, 4 * count);
    if (type == ElementType::kInt64 && count) std::memcpy(tensor.integers.data(), bytes, 8 * count);
    return tensor;
}

void toBytes(const Tensor& tensor, void* bytes) {
    auto* out = static_cast<char*>(bytes);
    const auto count = static_cast<size_t>(tensor.count());
    for (size_t i = 0; i < count; ++i) {
        switch (tensor.type) {
            case ElementType::kFloat:
                std::memcpy(out + 4 * i, &tensor.floats[i], 4);
                break;
            case ElementType::kHalf: {
                const uint16_t half = floatToHalf(tensor.floats[i]);
                std::memcpy(out + 2 * i, &half, 2);
                break;
            }
            case ElementType::kInt32: {
                const auto value = static_cast<int32_t>(tensor.integers[i]);
                std::memcpy(out + 4 * i, &value, 4);
                break;
            }
            case ElementType::kInt64:
                std::memcpy(out + 8 * i, &tensor.integers[i], 8);
                break;
            case ElementType::kBool:
                out[i] = tensor.integers[i] != 0;
                break;
        }
    }
}

}  // namespace trtv_sim::onnx
