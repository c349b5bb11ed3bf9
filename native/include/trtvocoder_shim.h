/*
 * TrtVocoder's native shim: a C API over the TensorRT C++ API, for the parts a vocoder engine needs. C11; the input of
 * bindings/generator. One library a TensorRT major serves it: libtrtvocoder10.so, and libtrtvocoder11.so, which also
 * drives TensorRT-RTX.
 *
 * Rules that hold for every function, unless it says otherwise:
 *   Errors       Returns 0 (TRTV_OK) or a negative trtv_status, whose meaning never changes; trtv_error_get_last then
 * tells more on the same thread. On failure out parameters are set to 0 or NULL and the objects are as before. A NULL
 * that is not said to be allowed, or a struct_size that is not the struct's, is TRTV_ERROR_INVALID_ARGUMENT. Thread
 * safety  A handle may be used by one thread at a time; different handles may be used at the same time, also those that
 *                come of the same parent.
 *   Blocking     Returns without waiting for a GPU or a file.
 *   Ownership    *_create gives the caller a handle, to be given back by *_destroy: NULL is fine, it never fails, and
 * the order does not matter, since a child keeps alive what it needs of its parents. Arguments are read during the call
 * only. Strings are UTF-8 and end in 0; those handed out live as long as the handle they came from. No function throws,
 * calls exit, reads the environment, or changes the calling thread's CUDA context on purpose.
 */
#ifndef TRTVOCODER_SHIM_H
#define TRTVOCODER_SHIM_H

#include <stdint.h>

#ifdef __cplusplus
#define TRTV_NOEXCEPT noexcept
extern "C" {
#else
#define TRTV_NOEXCEPT
#endif

#ifdef TRTV_BUILDING
#define TRTV_API __attribute__((visibility("default")))
#else
#define TRTV_API
#endif

/** Version of this header's ABI; trtv_abi_get_version gives the library's. They must be equal. */
#define TRTV_ABI_VERSION 1

/** The most dimensions a tensor has. */
#define TRTV_MAX_RANK 8

/** What a call came to. */
typedef enum trtv_status {
    /** Done. */
    TRTV_OK = 0,
    /** An argument is missing, out of range or of another version of this header. */
    TRTV_ERROR_INVALID_ARGUMENT = -1,
    /** Not enough host memory. */
    TRTV_ERROR_OUT_OF_MEMORY = -2,
    /** No candidate could be loaded; the message lists every path tried. */
    TRTV_ERROR_LIBRARY_NOT_FOUND = -3,
    /** A library was loaded that is of another major version, or lacks what is needed. */
    TRTV_ERROR_LIBRARY_UNSUITABLE = -4,
    /** No CUDA driver: libcuda is absent, a stub, or does not fit the kernel. */
    TRTV_ERROR_NO_DRIVER = -5,
    /** The driver works, but sees no GPU. */
    TRTV_ERROR_NO_DEVICE = -6,
    /** Another failure of the CUDA driver; native_code is its CUresult. */
    TRTV_ERROR_CUDA = -7,
    /** TensorRT refused or failed; the message holds its own words. */
    TRTV_ERROR_TENSORRT = -8,
    /** The plan is not one this library can load: truncated, foreign, of another version or for another GPU. */
    TRTV_ERROR_ENGINE_REFUSED = -9,
    /** The ONNX parser refused the model; trtv_builder_get_parser_error tells node by node. */
    TRTV_ERROR_PARSER = -10,
    /** The build was cancelled. */
    TRTV_ERROR_CANCELLED = -11,
    /** No tensor, profile or the like of that name or index. */
    TRTV_ERROR_NOT_FOUND = -12,
    /** This TensorRT has no such feature. */
    TRTV_ERROR_UNSUPPORTED = -13,
    /** Inputs lack a shape or an address; the message names them. */
    TRTV_ERROR_INCOMPLETE = -14,
    /** An unexpected C++ exception; the message holds its text. */
    TRTV_ERROR_INTERNAL = -15,
} trtv_status;

/** Whose words an error's message and native code are. */
typedef enum trtv_domain {
    /** No error so far. */
    TRTV_DOMAIN_NONE = 0,
    /** The shim's own. */
    TRTV_DOMAIN_SHIM = 1,
    /** The dynamic loader's. */
    TRTV_DOMAIN_LOADER = 2,
    /** The CUDA driver's; the native code is a CUresult. */
    TRTV_DOMAIN_CUDA = 3,
    /** TensorRT's; the native code is an nvinfer1::ErrorCode, or 0 where TensorRT gave none. */
    TRTV_DOMAIN_TENSORRT = 4,
    /** The ONNX parser's; the native code is an nvonnxparser::ErrorCode. */
    TRTV_DOMAIN_PARSER = 5,
} trtv_domain;

/** How grave a log message is; TensorRT's own numbers. */
typedef enum trtv_severity {
    /** A fault inside TensorRT. */
    TRTV_SEVERITY_INTERNAL_ERROR = 0,
    /** A call failed. */
    TRTV_SEVERITY_ERROR = 1,
    /** Something worth changing. */
    TRTV_SEVERITY_WARNING = 2,
    /** What is going on. */
    TRTV_SEVERITY_INFO = 3,
    /** Everything. */
    TRTV_SEVERITY_VERBOSE = 4,
} trtv_severity;

/** Which of NVIDIA's runtimes a library is. */
typedef enum trtv_flavour {
    /** TensorRT: libnvinfer. */
    TRTV_FLAVOUR_TENSORRT = 0,
    /** TensorRT-RTX: libtensorrt_rtx. Served by libtrtvocoder11.so only. */
    TRTV_FLAVOUR_RTX = 1,
} trtv_flavour;

/** What a tensor's elements are; TensorRT's own numbers. */
typedef enum trtv_data_type {
    /** IEEE single precision. */
    TRTV_DATA_TYPE_FLOAT = 0,
    /** IEEE half precision. */
    TRTV_DATA_TYPE_HALF = 1,
    /** Signed 8-bit, quantised. */
    TRTV_DATA_TYPE_INT8 = 2,
    /** Signed 32-bit. */
    TRTV_DATA_TYPE_INT32 = 3,
    /** One byte, 0 or 1. */
    TRTV_DATA_TYPE_BOOL = 4,
    /** Unsigned 8-bit. */
    TRTV_DATA_TYPE_UINT8 = 5,
    /** 8-bit float, E4M3. */
    TRTV_DATA_TYPE_FP8 = 6,
    /** bfloat16. */
    TRTV_DATA_TYPE_BF16 = 7,
    /** Signed 64-bit. */
    TRTV_DATA_TYPE_INT64 = 8,
    /** Signed 4-bit, two a byte. */
    TRTV_DATA_TYPE_INT4 = 9,
    /** 4-bit float, two a byte. */
    TRTV_DATA_TYPE_FP4 = 10,
} trtv_data_type;

/** Whether a tensor goes in or comes out; TensorRT's own numbers. */
typedef enum trtv_tensor_mode {
    /** Neither. */
    TRTV_TENSOR_MODE_NONE = 0,
    /** An input. */
    TRTV_TENSOR_MODE_INPUT = 1,
    /** An output. */
    TRTV_TENSOR_MODE_OUTPUT = 2,
} trtv_tensor_mode;

/** Where a tensor's memory is; TensorRT's own numbers. */
typedef enum trtv_tensor_location {
    /** On the GPU. */
    TRTV_TENSOR_LOCATION_DEVICE = 0,
    /** On the host (shape tensors). */
    TRTV_TENSOR_LOCATION_HOST = 1,
} trtv_tensor_location;

/** How a tensor lies in memory; TensorRT's own numbers (others are possible: trtv_tensor_info.format_description
 * tells). */
typedef enum trtv_tensor_format {
    /** Row-major, the last dimension contiguous. */
    TRTV_TENSOR_FORMAT_LINEAR = 0,
} trtv_tensor_format;

/** Which of a profile's three shapes is meant; TensorRT's own numbers. */
typedef enum trtv_profile_selector {
    /** The smallest allowed. */
    TRTV_PROFILE_MIN = 0,
    /** The one tuned for. */
    TRTV_PROFILE_OPT = 1,
    /** The largest allowed. */
    TRTV_PROFILE_MAX = 2,
} trtv_profile_selector;

/** Who gives an execution context its scratch memory; TensorRT's own numbers. */
typedef enum trtv_allocation_strategy {
    /** TensorRT, at creation, enough for the largest profile. */
    TRTV_ALLOCATION_STATIC = 0,
    /** TensorRT, whenever the profile changes. */
    TRTV_ALLOCATION_ON_PROFILE_CHANGE = 1,
    /** The caller, by trtv_execution_context_set_device_memory. */
    TRTV_ALLOCATION_USER_MANAGED = 2,
} trtv_allocation_strategy;

/** What a build may do. */
typedef enum trtv_builder_flag {
    /** Layers may run in FP16 (weakly typed networks, TensorRT 10). */
    TRTV_BUILDER_FLAG_FP16 = 0,
    /** Layers may run in BF16 (weakly typed networks, TensorRT 10). */
    TRTV_BUILDER_FLAG_BF16 = 1,
    /** FP32 matrix products may round their inputs to TF32. On at first. */
    TRTV_BUILDER_FLAG_TF32 = 2,
    /** The plan's weights can be replaced. */
    TRTV_BUILDER_FLAG_REFIT = 3,
    /** The plan runs on later versions too; loading one runs code it carries (trtv_runtime_allow_host_code). */
    TRTV_BUILDER_FLAG_VERSION_COMPATIBLE = 4,
    /** Leaves that code out of a version-compatible plan. */
    TRTV_BUILDER_FLAG_EXCLUDE_LEAN_RUNTIME = 5,
    /** No timing cache, not even inside one build. */
    TRTV_BUILDER_FLAG_DISABLE_TIMING_CACHE = 6,
} trtv_builder_flag;

/** On which GPUs a plan runs; TensorRT's own numbers. */
typedef enum trtv_hardware_compatibility {
    /** On the kind it was built on. */
    TRTV_HARDWARE_COMPATIBILITY_NONE = 0,
    /** On Ampere and everything later. */
    TRTV_HARDWARE_COMPATIBILITY_AMPERE_PLUS = 1,
    /** On all of the same compute capability. */
    TRTV_HARDWARE_COMPATIBILITY_SAME_COMPUTE_CAPABILITY = 2,
} trtv_hardware_compatibility;

/** How much of its layers an engine can tell; TensorRT's own numbers. */
typedef enum trtv_profiling_verbosity {
    /** Their names. */
    TRTV_PROFILING_LAYER_NAMES_ONLY = 0,
    /** Nothing. */
    TRTV_PROFILING_NONE = 1,
    /** Names, tensors, tactics. */
    TRTV_PROFILING_DETAILED = 2,
} trtv_profiling_verbosity;

/** What form the inspector writes; TensorRT's own numbers. */
typedef enum trtv_inspector_format {
    /** Lines of text. */
    TRTV_INSPECTOR_ONE_LINE = 0,
    /** JSON. */
    TRTV_INSPECTOR_JSON = 1,
} trtv_inspector_format;

/** NVIDIA's libraries, loaded. */
typedef struct trtv_library trtv_library;

/** An nvinfer1::IRuntime. */
typedef struct trtv_runtime trtv_runtime;

/** An nvinfer1::ICudaEngine. */
typedef struct trtv_engine trtv_engine;

/** An nvinfer1::IExecutionContext. */
typedef struct trtv_execution_context trtv_execution_context;

/** An nvinfer1::IBuilder with one network and one configuration. */
typedef struct trtv_builder trtv_builder;

/** A buffer of layer times. */
typedef struct trtv_profiler trtv_profiler;

/** Bytes that TensorRT made: a plan, a timing cache, a description. */
typedef struct trtv_buffer trtv_buffer;

/** A CUDA stream: CUstream, cudaStream_t. */
typedef struct CUstream_st* trtv_cuda_stream;

/**
 * Takes a log message. May be called from any thread, several at a time, and must not call back into this library.
 * source is "TensorRT" or "trtvocoder"; both strings live during the call only.
 */
typedef void (*trtv_log_callback)(void* user, int32_t severity, const char* source, const char* message);

/**
 * Takes a build's progress: step 0 when a phase begins, then each step done, step = step_count when the phase ends.
 * parent is NULL for the outermost phase. Phases nest, and a build reports tens of thousands of steps: throttle what is
 * shown. May be called from several threads at a time. Anything but 0 cancels the build.
 */
typedef int32_t (*trtv_progress_callback)(void* user, const char* phase, const char* parent, int32_t step,
                                          int32_t step_count);

/** The last error on a thread. */
typedef struct trtv_error {
    /** sizeof(trtv_error). */
    uint32_t struct_size;
    /** What went wrong. */
    int32_t status;
    /** Whose words these are: trtv_domain. */
    int32_t domain;
    /** The code in that domain, 0 if it has none. */
    int32_t native_code;
    /** One clear sentence, then TensorRT's, the loader's or the driver's own words. Valid until the thread's next
     * failing call. */
    const char* message;
} trtv_error;

/** Where NVIDIA's libraries may be. */
typedef struct trtv_library_options {
    /** sizeof(trtv_library_options). */
    uint32_t struct_size;
    /** trtv_flavour. */
    int32_t flavour;
    /**
     * Where the runtime may be, tried in this order: folders (searched for the names that suit this library), files, or
     * bare names for the dynamic loader's own search. NULL with count 0: the usual names, by the loader's own search.
     */
    const char* const* candidates;
    /** The same for the ONNX parser. NULL with count 0: beside the runtime, then by the loader's own search. */
    const char* const* parser_candidates;
    /** The same for the CUDA driver. NULL with count 0: libcuda.so.1 by the loader's own search. */
    const char* const* driver_candidates;
    /** Length of candidates. */
    int32_t candidate_count;
    /** Length of parser_candidates. */
    int32_t parser_candidate_count;
    /** Length of driver_candidates. */
    int32_t driver_candidate_count;
    /** 0. */
    int32_t reserved;
} trtv_library_options;

/** What was loaded. */
typedef struct trtv_library_info {
    /** sizeof(trtv_library_info). */
    uint32_t struct_size;
    /** trtv_flavour. */
    int32_t flavour;
    /** The runtime's version: 10 in 10.3.0.26. For TensorRT-RTX its own: 1 in 1.7.1.116. */
    int32_t major;
    /** 3 in 10.3.0.26. */
    int32_t minor;
    /** 0 in 10.3.0.26. */
    int32_t patch;
    /** 26 in 10.3.0.26. */
    int32_t build;
    /** The parser's version as its library gives it; 0 while it is not loaded. */
    int32_t parser_version;
    /** 0. */
    int32_t reserved;
    /** The file the runtime was loaded from. */
    const char* path;
    /** The file the parser was loaded from; NULL while it is not loaded. */
    const char* parser_path;
} trtv_library_info;

/** A tensor's shape. */
typedef struct trtv_shape {
    /** sizeof(trtv_shape). */
    uint32_t struct_size;
    /** Number of dimensions; -1 if unknown. */
    int32_t rank;
    /** The dimensions; -1 is one that is not known yet. */
    int64_t sizes[TRTV_MAX_RANK];
} trtv_shape;

/** A tensor that goes into or comes out of an engine or network. */
typedef struct trtv_tensor_info {
    /** sizeof(trtv_tensor_info). */
    uint32_t struct_size;
    /** trtv_tensor_mode. */
    int32_t mode;
    /** trtv_data_type. */
    int32_t data_type;
    /** trtv_tensor_location. */
    int32_t location;
    /** trtv_tensor_format; in profile 0. Always linear for a network. */
    int32_t format;
    /** Bytes of one component; -1 when elements are not vectors of components. */
    int32_t bytes_per_component;
    /** Components of one element; -1 when elements are not vectors of components. */
    int32_t components_per_element;
    /** The dimension that is split into vectors; -1 if none. */
    int32_t vectorized_dimension;
    /** 1: its values, not its shape, shape other tensors. */
    int32_t is_shape_tensor;
    /** Number of dimensions. */
    int32_t rank;
    /** The dimensions; -1 is dynamic. */
    int64_t sizes[TRTV_MAX_RANK];
    /** Its name. */
    const char* name;
    /** The format in TensorRT's words; "" for a network. */
    const char* format_description;
} trtv_tensor_info;

/** What an engine is. */
typedef struct trtv_engine_info {
    /** sizeof(trtv_engine_info). */
    uint32_t struct_size;
    /** Inputs and outputs. */
    int32_t tensor_count;
    /** Optimisation profiles. */
    int32_t profile_count;
    /** Layers after fusion. */
    int32_t layer_count;
    /** trtv_hardware_compatibility. */
    int32_t hardware_compatibility;
    /** trtv_profiling_verbosity. */
    int32_t profiling_verbosity;
    /** 1: its weights can be replaced. */
    int32_t is_refittable;
    /** Streams it uses besides the caller's. */
    int32_t auxiliary_stream_count;
    /** Scratch memory of one context in bytes, the largest over all profiles. */
    int64_t device_memory_bytes;
    /** The network's name. */
    const char* name;
} trtv_engine_info;

/** One complaint of the ONNX parser. Strings are "" where it gave none. */
typedef struct trtv_parser_error {
    /** sizeof(trtv_parser_error). */
    uint32_t struct_size;
    /** nvonnxparser::ErrorCode. */
    int32_t code;
    /** Index of the node in the model; -1 if it is not about a node. */
    int32_t node;
    /** Line of the parser's source. */
    int32_t line;
    /** The node's name. */
    const char* node_name;
    /** The node's operator. */
    const char* node_operator;
    /** What is wrong. */
    const char* description;
    /** File of the parser's source. */
    const char* file;
    /** Function of the parser's source. */
    const char* function;
} trtv_parser_error;

/* ---- abi ---- */

/** Gives the library's TRTV_ABI_VERSION. Errors: invalid argument. Thread safety: any thread. */
TRTV_API int32_t trtv_abi_get_version(int32_t* version) TRTV_NOEXCEPT;

/* ---- error ---- */

/**
 * Gives the calling thread's last error; a call that succeeds leaves it as it was. Before any: status 0, message "".
 * Errors: invalid argument (which does not become the last error). Thread safety: any thread, each has its own.
 * Ownership: the message belongs to the thread, until its next failing call.
 */
TRTV_API int32_t trtv_error_get_last(trtv_error* error) TRTV_NOEXCEPT;

/* ---- log ---- */

/**
 * Sends the messages of TensorRT and of the shim that are at least as grave as severity to callback; NULL stops it. One
 * callback a process. Errors: invalid argument. Thread safety: any thread, but not from inside the callback. Blocking:
 * until no call of the earlier callback is running. Ownership: callback and user must live until replaced.
 */
TRTV_API int32_t trtv_log_set_callback(trtv_log_callback callback, void* user, int32_t severity) TRTV_NOEXCEPT;

/* ---- library ---- */

/**
 * Loads TensorRT's runtime. Nothing that was loaded is ever unloaded.
 * Errors: library not found (every path tried, and why not); library unsuitable (another major); unsupported (a flavour
 * this shim does not serve). Thread safety: any thread. Blocking: reads files, up to a second. Ownership: the caller's,
 * trtv_library_destroy.
 */
TRTV_API int32_t trtv_library_create(const trtv_library_options* options, trtv_library** library) TRTV_NOEXCEPT;

/** Gives the handle back. Thread safety: one thread, once. */
TRTV_API void trtv_library_destroy(trtv_library* library) TRTV_NOEXCEPT;

/** Loads the ONNX parser too, unless it is loaded. Builders do it themselves. Errors, blocking: as trtv_library_create.
 * Thread safety: any thread. */
TRTV_API int32_t trtv_library_load_parser(trtv_library* library) TRTV_NOEXCEPT;

/** Tells what was loaded. Errors: invalid argument. Thread safety: any thread. Ownership: strings are the library's. */
TRTV_API int32_t trtv_library_get_info(trtv_library* library, trtv_library_info* info) TRTV_NOEXCEPT;

/* ---- buffer ---- */

/** Gives the bytes. Errors: invalid argument. Thread safety: any thread. Ownership: they are the buffer's. Text ends in
 * 0, which size does not count. */
TRTV_API int32_t trtv_buffer_get_data(trtv_buffer* buffer, const void** data, int64_t* size) TRTV_NOEXCEPT;

/** Gives the handle back; the bytes are gone. Thread safety: one thread, once. */
TRTV_API void trtv_buffer_destroy(trtv_buffer* buffer) TRTV_NOEXCEPT;

/* ---- runtime ---- */

/**
 * Makes a runtime, after making sure of driver and GPU (with none, TensorRT itself would crash).
 * Errors: no driver, no device, CUDA, TensorRT. Thread safety: any thread. Blocking: initialises CUDA, up to a second.
 * Ownership: the caller's, trtv_runtime_destroy.
 */
TRTV_API int32_t trtv_runtime_create(trtv_library* library, trtv_runtime** runtime) TRTV_NOEXCEPT;

/** Gives the handle back. Thread safety: one thread, once. */
TRTV_API void trtv_runtime_destroy(trtv_runtime* runtime) TRTV_NOEXCEPT;

/** Lets plans be loaded that carry executable code (version-compatible ones): for plans that are trusted only. allowed
 * is 0 or 1. Errors: invalid argument. */
TRTV_API int32_t trtv_runtime_allow_host_code(trtv_runtime* runtime, int32_t allowed) TRTV_NOEXCEPT;

/* ---- engine ---- */

/**
 * Loads a plan of size bytes. data may be freed afterwards.
 * Errors: engine refused (TensorRT's words say why), CUDA, TensorRT. Thread safety: one thread a runtime.
 * Blocking: until the weights are on the GPU, tens of milliseconds and more. Ownership: the caller's,
 * trtv_engine_destroy.
 */
TRTV_API int32_t trtv_engine_create(trtv_runtime* runtime, const void* data, int64_t size,
                                    trtv_engine** engine) TRTV_NOEXCEPT;

/** Gives the handle back. Thread safety: one thread, once. Blocking: frees device memory, unless a context still needs
 * it. */
TRTV_API void trtv_engine_destroy(trtv_engine* engine) TRTV_NOEXCEPT;

/** Tells what an engine is. Errors: invalid argument. Thread safety: any thread. Ownership: strings are the engine's.
 */
TRTV_API int32_t trtv_engine_get_info(trtv_engine* engine, trtv_engine_info* info) TRTV_NOEXCEPT;

/** Tells about input or output index, counted from 0. Errors: not found. Thread safety: any thread. Ownership: strings
 * are the engine's. */
TRTV_API int32_t trtv_engine_get_tensor(trtv_engine* engine, int32_t index, trtv_tensor_info* info) TRTV_NOEXCEPT;

/** Gives an input's shape in a profile; selector is a trtv_profile_selector. Errors: not found. Thread safety: any
 * thread. */
TRTV_API int32_t trtv_engine_get_profile_shape(trtv_engine* engine, const char* tensor, int32_t profile,
                                               int32_t selector, trtv_shape* shape) TRTV_NOEXCEPT;

/** Gives the scratch memory that a context needs in a profile. Errors: not found. Thread safety: any thread. */
TRTV_API int32_t trtv_engine_get_device_memory_size(trtv_engine* engine, int32_t profile, int64_t* size) TRTV_NOEXCEPT;

/* ---- inspector ---- */

/**
 * Describes an engine's layers, as much as its profiling verbosity tells; format is a trtv_inspector_format. With a
 * context (NULL is allowed) shapes are those set in it. Errors: TensorRT. Thread safety: one thread a context.
 * Ownership: the caller's, trtv_buffer_destroy; UTF-8 text.
 */
TRTV_API int32_t trtv_inspector_describe_engine(trtv_engine* engine, trtv_execution_context* context, int32_t format,
                                                trtv_buffer** text) TRTV_NOEXCEPT;

/* ---- execution_context ---- */

/**
 * Makes a context, in profile 0 (the next ones have no profile until one is set). strategy is a
 * trtv_allocation_strategy. Errors: TensorRT (out of device memory). Thread safety: any thread. Blocking: allocates
 * device memory, about 100 ms the first time. Ownership: the caller's, trtv_execution_context_destroy.
 */
TRTV_API int32_t trtv_execution_context_create(trtv_engine* engine, int32_t strategy,
                                               trtv_execution_context** context) TRTV_NOEXCEPT;

/** Gives the handle back; what was enqueued must be done. Thread safety: one thread, once. Blocking: frees device
 * memory. */
TRTV_API void trtv_execution_context_destroy(trtv_execution_context* context) TRTV_NOEXCEPT;

/** Selects a profile; takes effect in the stream's order. Errors: not found, TensorRT. */
TRTV_API int32_t trtv_execution_context_set_profile(trtv_execution_context* context, int32_t profile,
                                                    trtv_cuda_stream stream) TRTV_NOEXCEPT;

/** Sets an input's shape of rank sizes. The next enqueue after a change is slow, even back to an earlier shape. Errors:
 * not found; TensorRT (outside the profile). */
TRTV_API int32_t trtv_execution_context_set_input_shape(trtv_execution_context* context, const char* tensor,
                                                        const int64_t* sizes, int32_t rank) TRTV_NOEXCEPT;

/** Gives an input's or output's shape under the shapes set; -1 is one that depends on inputs not set or on data.
 * Errors: not found. */
TRTV_API int32_t trtv_execution_context_get_tensor_shape(trtv_execution_context* context, const char* tensor,
                                                         trtv_shape* shape) TRTV_NOEXCEPT;

/** Binds a tensor to device memory (host memory for one whose location is host), aligned to 256 bytes. Errors: not
 * found, TensorRT. Ownership: the memory stays the caller's. */
TRTV_API int32_t trtv_execution_context_set_tensor_address(trtv_execution_context* context, const char* tensor,
                                                           void* address) TRTV_NOEXCEPT;

/** Gives a user-managed context its scratch memory, aligned to 256 bytes. Errors: TensorRT. Ownership: the caller's; it
 * must live as long as the context uses it. */
TRTV_API int32_t trtv_execution_context_set_device_memory(trtv_execution_context* context, void* memory,
                                                          int64_t size) TRTV_NOEXCEPT;

/**
 * Enqueues the engine on the stream (enqueueV3). Errors: incomplete, TensorRT. Blocking: no, unless the stream is the
 * default one or a profiler is attached and enqueue emits to it.
 */
TRTV_API int32_t trtv_execution_context_enqueue(trtv_execution_context* context, trtv_cuda_stream stream) TRTV_NOEXCEPT;

/** Attaches a profiler; NULL takes it off. Errors: invalid argument. Ownership: the context keeps what it needs of the
 * profiler. */
TRTV_API int32_t trtv_execution_context_set_profiler(trtv_execution_context* context,
                                                     trtv_profiler* profiler) TRTV_NOEXCEPT;

/** 1 (at first): enqueue waits for the GPU and reports layer times. 0: only trtv_execution_context_report_to_profiler
 * reports. Errors: invalid argument. */
TRTV_API int32_t trtv_execution_context_set_enqueue_emits_profile(trtv_execution_context* context,
                                                                  int32_t emits) TRTV_NOEXCEPT;

/** Reports the layer times of the last enqueue or graph launch. Errors: TensorRT. Blocking: until the GPU has finished
 * it. */
TRTV_API int32_t trtv_execution_context_report_to_profiler(trtv_execution_context* context) TRTV_NOEXCEPT;

/* ---- profiler ---- */

/** Makes an empty profiler. Errors: out of memory. Thread safety: any thread. Ownership: the caller's,
 * trtv_profiler_destroy. */
TRTV_API int32_t trtv_profiler_create(trtv_profiler** profiler) TRTV_NOEXCEPT;

/** Gives the handle back. Thread safety: one thread, once. */
TRTV_API void trtv_profiler_destroy(trtv_profiler* profiler) TRTV_NOEXCEPT;

/** Gives the name of a layer; indices count from 0 in the order of first report. Errors: not found. Thread safety: any
 * thread. Ownership: the profiler's. */
TRTV_API int32_t trtv_profiler_get_layer_name(trtv_profiler* profiler, int32_t layer, const char** name) TRTV_NOEXCEPT;

/**
 * Moves up to capacity of the earliest reported times out: layers[i] took times_ms[i] milliseconds. count is how many;
 * the rest stays. Errors: invalid argument. Thread safety: any thread. Ownership: the arrays are the caller's.
 */
TRTV_API int32_t trtv_profiler_take(trtv_profiler* profiler, int32_t* layers, float* times_ms, int32_t capacity,
                                    int32_t* count) TRTV_NOEXCEPT;

/* ---- builder ---- */

/**
 * Makes a builder with an empty network. strongly_typed 1: tensors keep the model's types (TensorRT 11 and TensorRT-RTX
 * know nothing else: 0 is unsupported there). TensorRT-RTX needs neither driver nor GPU. Errors: library not found
 * (parser), no driver, no device, CUDA, TensorRT, unsupported. Thread safety: any thread. Blocking: seconds the first
 * time. Ownership: the caller's, trtv_builder_destroy.
 */
TRTV_API int32_t trtv_builder_create(trtv_library* library, int32_t strongly_typed,
                                     trtv_builder** builder) TRTV_NOEXCEPT;

/** Gives the handle back. Thread safety: one thread, once; no build running. */
TRTV_API void trtv_builder_destroy(trtv_builder* builder) TRTV_NOEXCEPT;

/**
 * Fills the network from an ONNX model of size bytes, once a builder. path (NULL is allowed) is the model's file,
 * beside which external data is looked for. Errors: parser (trtv_builder_get_parser_error lists all complaints),
 * TensorRT. Blocking: reads external data.
 */
TRTV_API int32_t trtv_builder_parse_onnx(trtv_builder* builder, const void* model, int64_t size,
                                         const char* path) TRTV_NOEXCEPT;

/** Gives a complaint that the last parse brought, counted from 0. Errors: not found (that many there are). Ownership:
 * strings are the builder's. */
TRTV_API int32_t trtv_builder_get_parser_error(trtv_builder* builder, int32_t index,
                                               trtv_parser_error* error) TRTV_NOEXCEPT;

/** Tells about an input or output of the network, counted from 0, inputs first. Errors: not found (that many there
 * are). Ownership: strings are the builder's. */
TRTV_API int32_t trtv_builder_get_tensor(trtv_builder* builder, int32_t index, trtv_tensor_info* info) TRTV_NOEXCEPT;

/** Adds an optimisation profile and gives its index. Errors: TensorRT. */
TRTV_API int32_t trtv_builder_add_profile(trtv_builder* builder, int32_t* profile) TRTV_NOEXCEPT;

/** Sets one of an input's three shapes in a profile; selector is a trtv_profile_selector. Errors: not found; TensorRT
 * (not min ≤ opt ≤ max is found at the build). */
TRTV_API int32_t trtv_builder_set_profile_shape(trtv_builder* builder, int32_t profile, const char* tensor,
                                                int32_t selector, const int64_t* sizes, int32_t rank) TRTV_NOEXCEPT;

/** Limits the scratch memory that a tactic may use, in bytes; at first all the GPU has. Errors: invalid argument. */
TRTV_API int32_t trtv_builder_set_workspace(trtv_builder* builder, int64_t bytes) TRTV_NOEXCEPT;

/** Sets (1) or clears (0) a trtv_builder_flag. Errors: unsupported (this TensorRT has no such flag). */
TRTV_API int32_t trtv_builder_set_flag(trtv_builder* builder, int32_t flag, int32_t value) TRTV_NOEXCEPT;

/** Sets on which GPUs the plan shall run: trtv_hardware_compatibility. Errors: unsupported. */
TRTV_API int32_t trtv_builder_set_hardware_compatibility(trtv_builder* builder, int32_t level) TRTV_NOEXCEPT;

/** Sets how long to search for fast tactics, 0 to 5; at first 3. Errors: invalid argument. */
TRTV_API int32_t trtv_builder_set_optimization_level(trtv_builder* builder, int32_t level) TRTV_NOEXCEPT;

/** Sets how much the engine shall be able to tell of its layers: trtv_profiling_verbosity. Errors: invalid argument. */
TRTV_API int32_t trtv_builder_set_profiling_verbosity(trtv_builder* builder, int32_t verbosity) TRTV_NOEXCEPT;

/** Begins with an earlier build's timings; size 0 begins an empty cache. Errors: TensorRT (of another version or GPU).
 */
TRTV_API int32_t trtv_builder_set_timing_cache(trtv_builder* builder, const void* data, int64_t size) TRTV_NOEXCEPT;

/** Gives the timings after a build. Errors: not found (no cache was set), TensorRT. Ownership: the caller's,
 * trtv_buffer_destroy. */
TRTV_API int32_t trtv_builder_get_timing_cache(trtv_builder* builder, trtv_buffer** cache) TRTV_NOEXCEPT;

/** Sets who hears of the build's progress; NULL for nobody. Errors: invalid argument. Ownership: callback and user must
 * outlive the build. */
TRTV_API int32_t trtv_builder_set_progress_callback(trtv_builder* builder, trtv_progress_callback callback,
                                                    void* user) TRTV_NOEXCEPT;

/** Cancels the build that runs, or the next one. Errors: invalid argument. Thread safety: any thread, also during
 * trtv_builder_build. */
TRTV_API int32_t trtv_builder_cancel(trtv_builder* builder) TRTV_NOEXCEPT;

/**
 * Builds the plan. Errors: cancelled, incomplete (a dynamic input without profile shapes), TensorRT.
 * Blocking: seconds to minutes; the GPU is busy. Ownership: the caller's, trtv_buffer_destroy.
 */
TRTV_API int32_t trtv_builder_build(trtv_builder* builder, trtv_buffer** plan) TRTV_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
