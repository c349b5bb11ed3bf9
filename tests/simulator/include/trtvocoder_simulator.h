/*
 * Control of the simulator: a libcuda.so.1, a libnvinfer.so.10 and a libnvonnxparser.so.10 of our own that keep the
 * rules of CUDA and TensorRT and compute on the CPU, so that tests can run, and fail, on machines without NVIDIA
 * software.
 *
 * All functions are exported by the simulated libcuda.so.1, are safe to call from any thread and take effect for the
 * whole process. A process that cannot call them is controlled by environment variables, read at the first call into
 * the library: TRTV_SIM_FAULT holds fault specifications separated by ';', TRTV_SIM_<SETTING> a setting in capitals
 * (TRTV_SIM_DEVICES=0).
 */
#ifndef TRTVOCODER_SIMULATOR_H
#define TRTVOCODER_SIMULATOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Changes a setting. Returns 0, or -1 for an unknown setting. Settings and their defaults:
 *
 * devices 1             GPUs in the machine; 0: driver without GPU
 * driver_version 12060  what cuDriverGetVersion says
 * name "Simulated GPU"  the GPU's name
 * compute_capability 8.9
 * integrated 0          1: the GPU shares the host's memory, as on Jetson
 * multiprocessors 16
 * memory_mib 4096       device memory
 * version 10.3.0.26     TensorRT's and its parser's version
 * shape_change_ms 2     extra time of the first enqueue after a shape change
 * enqueue_us 0          extra time of every enqueue on the stream, to make asynchrony visible
 * clock_ms 0            added to the GPU's clock, as events show it
 * build_layer_ms 0      extra time of a build for every layer, to leave time for cancelling
 * outputs right         what an engine puts out: "right", or "nan", "silent", "noisy" (each value off by a third, up
 * and down in turn), as engines have been seen to do
 */
int32_t trtv_sim_set(const char* setting, const char* value);

/**
 * Adds a fault, "function@N=action" (the N-th call from now on, counted from 1), "function@N+=action" (it and all later
 * ones) or "function=action" (every call). Returns 0, or -1 when the text is none.
 *
 * function: a CUDA function as exported (cuMemAlloc_v2); a factory (createInferRuntime_INTERNAL); Class::method of
 * TensorRT (IRuntime::deserializeCudaEngine, IExecutionContext::enqueueV3); "kernel" for an engine's work on the GPU,
 * which fails later, on the stream, and loses the context. action: a CUresult number for CUDA functions and kernel; for
 * TensorRT "null" (null pointer or false, with an error in the log), "null WORDS" (the same, with these words in the
 * log; "null Internal Error (Could not find any implementation for node x)") or "throw" (a C++ exception); with CUDA
 * functions all of them mean CUDA_ERROR_UNKNOWN. The N-th build fails when its layers are timed, as real ones do.
 */
int32_t trtv_sim_fault(const char* specification);

/** Restores every setting to its default, whatever the environment says, and drops faults, call counts and violation
 * counts. */
void trtv_sim_reset(void);

/** Calls of a function, named as in trtv_sim_fault, since the start or the last reset. */
int64_t trtv_sim_calls(const char* function);

/**
 * A counter, or -1 for an unknown one. Live now: device_allocations, device_bytes, host_allocations, host_bytes,
 * streams, events, graphs, graph_execs, modules, context_references, tensorrt_objects (of all classes; a class by its
 * name: IRuntime, ICudaEngine, IExecutionContext, IBuilder, IHostMemory…). Since the last reset: device_to_host_bytes,
 * pageable_copies (asynchronous copies that the driver had to make synchronous because the host memory is not pinned),
 * shape_changes (first enqueues after one), violations (rules broken that the real libraries may not notice; see
 * trtv_sim_last_violation).
 */
int64_t trtv_sim_count(const char* counter);

/** The last rule broken, as text; "" when none. Valid until the next violation or reset. */
const char* trtv_sim_last_violation(void);

#ifdef __cplusplus
}
#endif

#endif
