#include "half.h"

#include <cstring>

namespace trtv::triton {
namespace {

uint32_t bits_of(float value) noexcept {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
}

float float_of(uint32_t bits) noexcept {
    float value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

// Exponent and mantissa shifted into place are the value times 2^-112, subnormals included.
float widen_one(uint16_t half) noexcept {
    const uint32_t magnitude = (half & 0x7FFFU) << 13;
    const uint32_t scaled = bits_of(float_of(magnitude) * float_of(0x77800000U));
    const uint32_t special = magnitude | 0x7F800000U;
    return float_of((magnitude >= 0x7C00U << 13 ? special : scaled) | (half & 0x8000U) << 16);
}

uint16_t narrow_one(float value) noexcept {
    const uint32_t bits = bits_of(value);
    const uint32_t magnitude = bits & 0x7FFFFFFFU;
    // Below 2^-14: adding 0.5 moves the bits to where FP16's subnormals have them, rounded by the adder.
    const uint32_t subnormal = bits_of(float_of(magnitude) + 0.5F) - bits_of(0.5F);
    // Else: the other exponent bias, and half a unit (less one bit when even) for rounding to nearest, ties to even.
    const uint32_t normal = (magnitude + 0xC8000FFFU + ((magnitude >> 13) & 1U)) >> 13;
    const uint32_t special = magnitude > 0x7F800000U ? 0x7E00U : 0x7C00U;
    const uint32_t finite = magnitude < 0x38800000U ? subnormal : normal;
    const uint32_t result = magnitude >= 0x47800000U ? special : finite;
    return static_cast<uint16_t>(result | (bits >> 16 & 0x8000U));
}

}  // namespace

void widen(const uint16_t* halves, size_t count, float* values) noexcept {
    for (size_t index = 0; index < count; index++) values[index] = widen_one(halves[index]);
}

void narrow(const float* values, size_t count, uint16_t* halves) noexcept {
    for (size_t index = 0; index < count; index++) halves[index] = narrow_one(values[index]);
}

}  // namespace trtv::triton
