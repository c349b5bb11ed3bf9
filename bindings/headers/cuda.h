/*
 * The part of the CUDA driver API (libcuda.so.1) that TrtVocoder calls: names, numbers and parameter types are the driver's ABI,
 * the wording is our own. Functions carry the suffix under which the driver exports them (cuMemAlloc_v2). All exist since CUDA 11.4.
 * C11; the input of bindings/generator, and what the simulator's driver double implements.
 */
#ifndef TRTVOCODER_CUDA_H
#define TRTVOCODER_CUDA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An ordinal that stands for a GPU. */
typedef int32_t CUdevice;

/** An address in device memory; 0 is none. */
typedef uint64_t CUdeviceptr;

/** A context: one process's state on one GPU. */
typedef struct CUctx_st* CUcontext;

/** A queue of work on a GPU; the runtime API's cudaStream_t is the same. NULL is the default stream. */
typedef struct CUstream_st* CUstream;

/** A mark in a stream; the runtime API's cudaEvent_t is the same. */
typedef struct CUevent_st* CUevent;

/** Code loaded for a context. */
typedef struct CUmod_st* CUmodule;

/** A kernel of a module. */
typedef struct CUfunc_st* CUfunction;

/** A recorded graph of work. */
typedef struct CUgraph_st* CUgraph;

/** A graph made ready to launch. */
typedef struct CUgraphExec_st* CUgraphExec;

/** What a call came to. Numbers not listed here are possible; cuGetErrorName names them. */
typedef enum CUresult {
    /** Done. For queries: finished. */
    CUDA_SUCCESS = 0,
    /** An argument is out of range. */
    CUDA_ERROR_INVALID_VALUE = 1,
    /** Not enough device memory, or not enough memory that can be pinned. */
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    /** cuInit was not called or did not succeed. */
    CUDA_ERROR_NOT_INITIALIZED = 3,
    /** The driver is shutting down: the process is ending. */
    CUDA_ERROR_DEINITIALIZED = 4,
    /** libcuda is a stub for linking, not a driver. */
    CUDA_ERROR_STUB_LIBRARY = 34,
    /** The GPU cannot be used now: busy or in exclusive mode. */
    CUDA_ERROR_DEVICE_UNAVAILABLE = 46,
    /** There is no GPU, or none is visible. */
    CUDA_ERROR_NO_DEVICE = 100,
    /** The ordinal names no GPU. */
    CUDA_ERROR_INVALID_DEVICE = 101,
    /** The context is not valid, or none is bound to the calling thread. */
    CUDA_ERROR_INVALID_CONTEXT = 201,
    /** The code holds no version for this GPU. */
    CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
    /** The driver's compiler refuses the PTX. */
    CUDA_ERROR_INVALID_PTX = 218,
    /** The driver's compiler, libnvidia-ptxjitcompiler, is missing. */
    CUDA_ERROR_JIT_COMPILER_NOT_FOUND = 221,
    /** The driver is too old for the PTX. */
    CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222,
    /** Compiling of PTX was turned off by CUDA_DISABLE_PTX_JIT. */
    CUDA_ERROR_JIT_COMPILATION_DISABLED = 223,
    /** An uncorrectable memory error on the GPU. */
    CUDA_ERROR_ECC_UNCORRECTABLE = 214,
    /** The operating system refused. */
    CUDA_ERROR_OPERATING_SYSTEM = 304,
    /** The handle is not valid. */
    CUDA_ERROR_INVALID_HANDLE = 400,
    /** The module has no such kernel. */
    CUDA_ERROR_NOT_FOUND = 500,
    /** Not finished yet; an answer rather than an error. */
    CUDA_ERROR_NOT_READY = 600,
    /** A kernel read or wrote an address that is not its own; the context is lost. */
    CUDA_ERROR_ILLEGAL_ADDRESS = 700,
    /** A kernel ran longer than the watchdog allows; the context is lost. */
    CUDA_ERROR_LAUNCH_TIMEOUT = 702,
    /** A kernel failed; the context is lost. */
    CUDA_ERROR_LAUNCH_FAILED = 719,
    /** Not permitted. */
    CUDA_ERROR_NOT_PERMITTED = 800,
    /** Not supported by this GPU or driver. */
    CUDA_ERROR_NOT_SUPPORTED = 801,
    /** The kernel module and libcuda are of different versions. */
    CUDA_ERROR_SYSTEM_DRIVER_MISMATCH = 803,
    /** The operation is not allowed while the stream is being captured. */
    CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
    /** The capture was made invalid by an earlier error. */
    CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901,
    /** Unknown. */
    CUDA_ERROR_UNKNOWN = 999
} CUresult;

/** Properties of a GPU for cuDeviceGetAttribute. */
typedef enum CUdevice_attribute {
    /** Clock of the multiprocessors in kHz. */
    CU_DEVICE_ATTRIBUTE_CLOCK_RATE = 13,
    /** Number of multiprocessors. */
    CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
    /** 1 when the GPU shares the host's memory (Jetson). */
    CU_DEVICE_ATTRIBUTE_INTEGRATED = 18,
    /** 1 when host memory can be mapped into the device's addresses. */
    CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY = 19,
    /** 1 when copies and kernels can run at the same time; the number of copy engines. */
    CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT = 40,
    /** Compute capability: the number before the point. */
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
    /** Compute capability: the number after the point. */
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76
} CUdevice_attribute;

/** Properties of a kernel for cuFuncSetAttribute. */
typedef enum CUfunction_attribute {
    /** The most dynamic shared memory of a block in bytes; above 48 KB it must be asked for. */
    CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8
} CUfunction_attribute;

/** How far a stream capture forbids calls elsewhere that could disturb it. */
typedef enum CUstreamCaptureMode {
    /** Forbids them in every thread. */
    CU_STREAM_CAPTURE_MODE_GLOBAL = 0,
    /** Forbids them in the capturing thread. */
    CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1,
    /** Forbids nothing. */
    CU_STREAM_CAPTURE_MODE_RELAXED = 2
} CUstreamCaptureMode;

/** Whether a stream is being captured. */
typedef enum CUstreamCaptureStatus {
    /** No. */
    CU_STREAM_CAPTURE_STATUS_NONE = 0,
    /** Yes. */
    CU_STREAM_CAPTURE_STATUS_ACTIVE = 1,
    /** Yes, but an error has made the capture worthless; it must be ended. */
    CU_STREAM_CAPTURE_STATUS_INVALIDATED = 2
} CUstreamCaptureStatus;

/** cuStreamCreate: the stream does not wait for the default stream. */
#define CU_STREAM_NON_BLOCKING 1

/** cuEventCreate: nothing special. */
#define CU_EVENT_DEFAULT 0

/** cuEventCreate: a waiting thread sleeps rather than spins. */
#define CU_EVENT_BLOCKING_SYNC 1

/** cuEventCreate: records no time, which makes it cheaper. */
#define CU_EVENT_DISABLE_TIMING 2

/** cuEventRecordWithFlags: in a recording, each launch of the graph records the event anew. */
#define CU_EVENT_RECORD_EXTERNAL 1

/** cuMemHostAlloc: pinned for every context. */
#define CU_MEMHOSTALLOC_PORTABLE 1

/** cuMemHostAlloc: mapped into the device's addresses. */
#define CU_MEMHOSTALLOC_DEVICEMAP 2

/** cuMemHostAlloc: fast to write for the CPU, slow to read. */
#define CU_MEMHOSTALLOC_WRITECOMBINED 4

/** Initialises the driver; before any other call. flags must be 0. */
CUresult cuInit(uint32_t flags);

/** The highest CUDA version the driver supports: 1000 * major + 10 * minor. Needs no cuInit. */
CUresult cuDriverGetVersion(int32_t* version);

/** The name of a result, as a static string. */
CUresult cuGetErrorName(CUresult error, const char** name);

/** A sentence on a result, as a static string. */
CUresult cuGetErrorString(CUresult error, const char** text);

/** How many GPUs there are. */
CUresult cuDeviceGetCount(int32_t* count);

/** The GPU of an ordinal. */
CUresult cuDeviceGet(CUdevice* device, int32_t ordinal);

/** The GPU's name, at most capacity bytes with the final 0. */
CUresult cuDeviceGetName(char* name, int32_t capacity, CUdevice device);

/** A property of the GPU. */
CUresult cuDeviceGetAttribute(int32_t* value, CUdevice_attribute attribute, CUdevice device);

/** The GPU's memory in bytes. */
CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device);

/** Takes a reference to the GPU's primary context, which the CUDA runtime and TensorRT use too. */
CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device);

/** Gives a reference to the primary context back; the last one destroys it. */
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device);

/** Binds a context to the calling thread; NULL binds none. */
CUresult cuCtxSetCurrent(CUcontext context);

/** Binds a context to the calling thread on top of the one that is bound, if any. */
CUresult cuCtxPushCurrent_v2(CUcontext context);

/** Takes the calling thread's context off, so that the one below is bound again. context gets the one taken off. */
CUresult cuCtxPopCurrent_v2(CUcontext* context);

/** The calling thread's context; NULL when none is bound. */
CUresult cuCtxGetCurrent(CUcontext* context);

/** The GPU of the bound context. */
CUresult cuCtxGetDevice(CUdevice* device);

/** Waits for all work of the bound context. */
CUresult cuCtxSynchronize(void);

/** Free and total device memory in bytes. */
CUresult cuMemGetInfo_v2(size_t* free_bytes, size_t* total_bytes);

/** Allocates device memory, aligned to at least 256 bytes. */
CUresult cuMemAlloc_v2(CUdeviceptr* pointer, size_t bytes);

/** Frees device memory after waiting for the work that uses it. */
CUresult cuMemFree_v2(CUdeviceptr pointer);

/** Allocates pinned host memory. */
CUresult cuMemHostAlloc(void** pointer, size_t bytes, uint32_t flags);

/** Frees pinned host memory. */
CUresult cuMemFreeHost(void* pointer);

/** The device address of mapped host memory. flags must be 0. */
CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* device, void* host, uint32_t flags);

/** Enqueues a copy from host to device. */
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void* source, size_t bytes, CUstream stream);

/** Enqueues a copy from device to host. */
CUresult cuMemcpyDtoHAsync_v2(void* destination, CUdeviceptr source, size_t bytes, CUstream stream);

/** Enqueues a copy from device to device. */
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes, CUstream stream);

/** What the addresses of a copy are. */
typedef enum CUmemorytype {
    /** Device memory. */
    CU_MEMORYTYPE_DEVICE = 2,
} CUmemorytype;

/** A copy of rows: of each row's bytes some, between memories whose rows lie a pitch apart. */
typedef struct CUDA_MEMCPY2D {
    /** First byte of a row at the source. */
    size_t srcXInBytes;
    /** First row at the source. */
    size_t srcY;
    /** What the source is. */
    CUmemorytype srcMemoryType;
    /** The source on the host; unused. */
    const void* srcHost;
    /** The source on the GPU. */
    CUdeviceptr srcDevice;
    /** The source as an array; unused. */
    void* srcArray;
    /** Bytes from row to row at the source. */
    size_t srcPitch;
    /** First byte of a row at the destination. */
    size_t dstXInBytes;
    /** First row at the destination. */
    size_t dstY;
    /** What the destination is. */
    CUmemorytype dstMemoryType;
    /** The destination on the host; unused. */
    void* dstHost;
    /** The destination on the GPU. */
    CUdeviceptr dstDevice;
    /** The destination as an array; unused. */
    void* dstArray;
    /** Bytes from row to row at the destination. */
    size_t dstPitch;
    /** Bytes of a row that are copied. */
    size_t WidthInBytes;
    /** Rows. */
    size_t Height;
} CUDA_MEMCPY2D;

/** Enqueues a copy of rows. */
CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D* copy, CUstream stream);

/** Enqueues the filling of device memory with a byte. */
CUresult cuMemsetD8Async(CUdeviceptr destination, uint8_t value, size_t bytes, CUstream stream);

/** Makes a stream. */
CUresult cuStreamCreate(CUstream* stream, uint32_t flags);

/** Destroys a stream; its work still finishes. */
CUresult cuStreamDestroy_v2(CUstream stream);

/** Waits until all work of a stream is done; reports errors of that work. */
CUresult cuStreamSynchronize(CUstream stream);

/** CUDA_SUCCESS when all work of a stream is done, CUDA_ERROR_NOT_READY when not. */
CUresult cuStreamQuery(CUstream stream);

/** Lets later work of a stream wait for an event. flags must be 0. */
CUresult cuStreamWaitEvent(CUstream stream, CUevent event, uint32_t flags);

/** Starts recording a stream's work instead of running it. */
CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode);

/** Ends a recording; the graph is NULL when the capture was invalidated. */
CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph);

/** Whether a stream is being recorded. */
CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status);

/** Makes an event. */
CUresult cuEventCreate(CUevent* event, uint32_t flags);

/** Puts an event behind the work already in a stream. */
CUresult cuEventRecord(CUevent event, CUstream stream);

/** The same; flags: 0 or CU_EVENT_RECORD_EXTERNAL. */
CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, uint32_t flags);

/** CUDA_SUCCESS when the event has passed, CUDA_ERROR_NOT_READY when not. */
CUresult cuEventQuery(CUevent event);

/** Waits until the event has passed. */
CUresult cuEventSynchronize(CUevent event);

/** Milliseconds between two events that have passed. */
CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end);

/** Destroys an event. */
CUresult cuEventDestroy_v2(CUevent event);

/** Loads code into the bound context: PTX, a string that ends in 0, is compiled for the GPU. */
CUresult cuModuleLoadData(CUmodule* module, const void* image);

/** Unloads code. */
CUresult cuModuleUnload(CUmodule module);

/** A kernel of a module by its name. */
CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name);

/** Sets a property of a kernel. */
CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int32_t value);

/** Enqueues a kernel; its arguments are copied. extra must be NULL. */
CUresult cuLaunchKernel(CUfunction function, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z, uint32_t block_x, uint32_t block_y,
                        uint32_t block_z, uint32_t shared_bytes, CUstream stream, void** parameters, void** extra);

/** Makes a graph ready to launch. flags: 0. */
CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, uint64_t flags);

/** Sends a graph to the device ahead of its first launch. */
CUresult cuGraphUpload(CUgraphExec executable, CUstream stream);

/** Enqueues a graph. */
CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream);

/** Destroys a graph made ready to launch. */
CUresult cuGraphExecDestroy(CUgraphExec executable);

/** Destroys a recorded graph. */
CUresult cuGraphDestroy(CUgraph graph);

#ifdef __cplusplus
}
#endif

#endif
