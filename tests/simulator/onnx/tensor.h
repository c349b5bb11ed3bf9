#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace trtv_sim::onnx {

/** ONNX's numbers of the element types in use. */
enum class ElementType : int32_t { kFloat = 1, kInt32 = 6, kInt64 = 7, kBool = 9, kHalf = 10 };

using Shape = std::vector<int64_t>;

/** Row-major values. Halves are held as floats that a half can hold, integers of any width as 64 bits. */
struct Tensor {
    ElementType type = ElementType::kFloat;
    Shape shape;
    std::vector<float> floats;
    std::vector<int64_t> integers;

    bool isFloat() const { return type == ElementType::kFloat || type == ElementType::kHalf; }
    int64_t count() const;
};

using TensorPtr = std::shared_ptr<const Tensor>;

/** The product of sizes. */
int64_t countOf(const Shape& shape);
/** How many elements lie between neighbours along each axis. */
Shape stridesOf(const Shape& shape);
std::string toString(const Shape& shape);
size_t bytesOf(ElementType type);

float halfToFloat(uint16_t half);
/** Rounds to nearest, ties to even. */
uint16_t floatToHalf(float value);
void roundToHalf(std::vector<float>& values);

/** Reads and writes the form tensors have in files and in GPU memory. */
Tensor fromBytes(ElementType type, Shape shape, const void* bytes);
void toBytes(const Tensor& tensor, void* bytes);

}  // namespace trtv_sim::onnx
