// What the simulated TensorRT needs of the simulated driver beyond its C API: running work of its own on a stream.
#pragma once

#include <cstddef>
#include <functional>

#include "cuda_api.h"
#include "simulation.h"

namespace trtv_sim {

/** Whether there is a GPU and cuInit can succeed; initialises the driver as the CUDA runtime inside TensorRT does. */
TRTV_SIM_EXPORT CUresult ensureInitialized();
/** Binds GPU 0's primary context when the thread has none, as the CUDA runtime does; never gives it back. */
TRTV_SIM_EXPORT CUresult ensureContext();
/** Puts work behind what the stream holds, or records it in its capture. Fails as a kernel launch does. */
TRTV_SIM_EXPORT CUresult launchWork(CUstream stream, std::function<CUresult()> work);
/** cuEventRecord for the library's own use: no fault applies. */
TRTV_SIM_EXPORT CUresult recordEvent(CUevent event, CUstream stream);
/** Whether the stream is the default one. */
TRTV_SIM_EXPORT bool isDefaultStream(CUstream stream);
TRTV_SIM_EXPORT bool isCapturing(CUstream stream);
/** Makes the stream's capture worthless, as a call does that is not allowed in one. */
TRTV_SIM_EXPORT void spoilCapture(CUstream stream);
/** Waits for the stream; no fault applies. */
TRTV_SIM_EXPORT CUresult waitForStream(CUstream stream);
/** Memory that the GPU may touch, as host bytes; null when any of the range is not. */
TRTV_SIM_EXPORT void* resolveAddress(CUdeviceptr address, size_t bytes);
TRTV_SIM_EXPORT CUresult allocateDevice(CUdeviceptr& address, size_t bytes);
TRTV_SIM_EXPORT void freeDevice(CUdeviceptr address);

}  // namespace trtv_sim
