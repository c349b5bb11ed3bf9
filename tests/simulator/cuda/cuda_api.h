// The driver functions that the managed code calls, from the header its bindings are generated from, marked for export.
#pragma once

#pragma GCC visibility push(default)
#include "cuda.h"
#pragma GCC visibility pop

namespace trtv_sim {

// Results that callers never need by name, but the driver gives.
constexpr CUresult kIllegalState = static_cast<CUresult>(401);
constexpr CUresult kContextIsDestroyed = static_cast<CUresult>(709);
constexpr CUresult kCaptureUnjoined = static_cast<CUresult>(904);
constexpr CUresult kCaptureIsolation = static_cast<CUresult>(905);
constexpr CUresult kCaptureImplicit = static_cast<CUresult>(906);
constexpr CUresult kCapturedEvent = static_cast<CUresult>(907);
constexpr CUresult kCaptureWrongThread = static_cast<CUresult>(908);

}  // namespace trtv_sim
