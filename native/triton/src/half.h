// FP16 <-> FP32, as TrtVocoder.Internal.HalfConversion does it: without branches, so that the compiler makes vectors of
// it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace trtv::triton {

/** Widens; exact. */
void widen(const uint16_t* halves, size_t count, float* values) noexcept;

/** Narrows, to the nearest, ties to even; what is too large becomes infinite. */
void narrow(const float* values, size_t count, uint16_t* halves) noexcept;

}  // namespace trtv::triton
