// Our own declarations of the functions of Triton Inference Server's C API that the backend, its test host and its
// double use. Names and values are Triton's (triton-inference-server/core, API 1.34 of release 24.10); every one that
// is here means the same in later releases. Where TRITON_ROOT names a folder with Triton's own headers, those are
// compiled against instead: backend, doubles and host, and tests/triton/abi.cpp, which holds both to the values in
// numbers.
//
// What returns a TRITONSERVER_Error* gives NULL on success, else an error that the caller deletes, unless it is said
// otherwise.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct TRITONSERVER_BufferAttributes;
struct TRITONSERVER_Error;
struct TRITONSERVER_InferenceRequest;
struct TRITONSERVER_InferenceResponse;
struct TRITONSERVER_InferenceTrace;
struct TRITONSERVER_Message;
struct TRITONSERVER_Metric;
struct TRITONSERVER_MetricFamily;
struct TRITONSERVER_Metrics;
struct TRITONSERVER_Parameter;
struct TRITONSERVER_ResponseAllocator;
struct TRITONSERVER_Server;
struct TRITONSERVER_ServerOptions;

/** What the elements of a tensor are. */
typedef enum TRITONSERVER_datatype_enum {
    TRITONSERVER_TYPE_INVALID = 0,
    TRITONSERVER_TYPE_BOOL = 1,
    TRITONSERVER_TYPE_UINT8 = 2,
    TRITONSERVER_TYPE_UINT16 = 3,
    TRITONSERVER_TYPE_UINT32 = 4,
    TRITONSERVER_TYPE_UINT64 = 5,
    TRITONSERVER_TYPE_INT8 = 6,
    TRITONSERVER_TYPE_INT16 = 7,
    TRITONSERVER_TYPE_INT32 = 8,
    TRITONSERVER_TYPE_INT64 = 9,
    TRITONSERVER_TYPE_FP16 = 10,
    TRITONSERVER_TYPE_FP32 = 11,
    TRITONSERVER_TYPE_FP64 = 12,
    TRITONSERVER_TYPE_BYTES = 13,
    TRITONSERVER_TYPE_BF16 = 14,
} TRITONSERVER_DataType;

/** Where memory is. */
typedef enum TRITONSERVER_memorytype_enum {
    TRITONSERVER_MEMORY_CPU = 0,
    TRITONSERVER_MEMORY_CPU_PINNED = 1,
    TRITONSERVER_MEMORY_GPU = 2,
} TRITONSERVER_MemoryType;

/** What a parameter's value is. */
typedef enum TRITONSERVER_parametertype_enum {
    TRITONSERVER_PARAMETER_STRING = 0,
    TRITONSERVER_PARAMETER_INT = 1,
    TRITONSERVER_PARAMETER_BOOL = 2,
    TRITONSERVER_PARAMETER_DOUBLE = 3,
    TRITONSERVER_PARAMETER_BYTES = 4,
} TRITONSERVER_ParameterType;

/** What an instance runs on. */
typedef enum TRITONSERVER_instancegroupkind_enum {
    TRITONSERVER_INSTANCEGROUPKIND_AUTO = 0,
    TRITONSERVER_INSTANCEGROUPKIND_CPU = 1,
    TRITONSERVER_INSTANCEGROUPKIND_GPU = 2,
    TRITONSERVER_INSTANCEGROUPKIND_MODEL = 3,
} TRITONSERVER_InstanceGroupKind;

/** How grave a line of the server's log is. */
typedef enum TRITONSERVER_loglevel_enum {
    TRITONSERVER_LOG_INFO = 0,
    TRITONSERVER_LOG_WARN = 1,
    TRITONSERVER_LOG_ERROR = 2,
    TRITONSERVER_LOG_VERBOSE = 3,
} TRITONSERVER_LogLevel;

/** What kind an error is of. */
typedef enum TRITONSERVER_errorcode_enum {
    TRITONSERVER_ERROR_UNKNOWN = 0,
    TRITONSERVER_ERROR_INTERNAL = 1,
    TRITONSERVER_ERROR_NOT_FOUND = 2,
    TRITONSERVER_ERROR_INVALID_ARG = 3,
    TRITONSERVER_ERROR_UNAVAILABLE = 4,
    TRITONSERVER_ERROR_UNSUPPORTED = 5,
    TRITONSERVER_ERROR_ALREADY_EXISTS = 6,
    TRITONSERVER_ERROR_CANCELLED = 7,
} TRITONSERVER_Error_Code;

/** Where in its sequence a request is. */
typedef enum tritonserver_requestflag_enum {
    TRITONSERVER_REQUEST_FLAG_SEQUENCE_START = 1,
    TRITONSERVER_REQUEST_FLAG_SEQUENCE_END = 2,
} TRITONSERVER_RequestFlag;

/** The release flag of a request that is done with. */
typedef enum tritonserver_requestreleaseflag_enum {
    TRITONSERVER_REQUEST_RELEASE_ALL = 1,
} TRITONSERVER_RequestReleaseFlag;

/** The flag of a request's last response. */
typedef enum tritonserver_responsecompleteflag_enum {
    TRITONSERVER_RESPONSE_COMPLETE_FINAL = 1,
} TRITONSERVER_ResponseCompleteFlag;

/** Who loads models: all at the start, a poll of the repository, or calls. */
typedef enum tritonserver_modelcontrolmode_enum {
    TRITONSERVER_MODEL_CONTROL_NONE = 0,
    TRITONSERVER_MODEL_CONTROL_POLL = 1,
    TRITONSERVER_MODEL_CONTROL_EXPLICIT = 2,
} TRITONSERVER_ModelControlMode;

/** The form of metrics. */
typedef enum tritonserver_metricformat_enum {
    TRITONSERVER_METRIC_PROMETHEUS = 0,
} TRITONSERVER_MetricFormat;

/** What a metric is. */
typedef enum TRITONSERVER_metrickind_enum {
    TRITONSERVER_METRIC_KIND_COUNTER = 0,
    TRITONSERVER_METRIC_KIND_GAUGE = 1,
} TRITONSERVER_MetricKind;

/** Gives the version of the C API that the server has. */
struct TRITONSERVER_Error* TRITONSERVER_ApiVersion(uint32_t* major, uint32_t* minor);

/** "FP32" and the like. */
const char* TRITONSERVER_DataTypeString(TRITONSERVER_DataType datatype);

/* ---- log, errors, messages ---- */

bool TRITONSERVER_LogIsEnabled(TRITONSERVER_LogLevel level);
struct TRITONSERVER_Error* TRITONSERVER_LogMessage(TRITONSERVER_LogLevel level, const char* filename, const int line,
                                                   const char* msg);

/** Makes an error; msg is copied. */
struct TRITONSERVER_Error* TRITONSERVER_ErrorNew(TRITONSERVER_Error_Code code, const char* msg);
void TRITONSERVER_ErrorDelete(struct TRITONSERVER_Error* error);
TRITONSERVER_Error_Code TRITONSERVER_ErrorCode(struct TRITONSERVER_Error* error);
const char* TRITONSERVER_ErrorMessage(struct TRITONSERVER_Error* error);

/** Gives a message as JSON, which lives as long as the message. */
struct TRITONSERVER_Error* TRITONSERVER_MessageSerializeToJson(struct TRITONSERVER_Message* message, const char** base,
                                                               size_t* byte_size);
struct TRITONSERVER_Error* TRITONSERVER_MessageDelete(struct TRITONSERVER_Message* message);

/* ---- what a piece of memory is ---- */

struct TRITONSERVER_Error* TRITONSERVER_BufferAttributesNew(struct TRITONSERVER_BufferAttributes** buffer_attributes);
struct TRITONSERVER_Error* TRITONSERVER_BufferAttributesDelete(struct TRITONSERVER_BufferAttributes* buffer_attributes);
struct TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetMemoryType(
    struct TRITONSERVER_BufferAttributes* buffer_attributes, TRITONSERVER_MemoryType memory_type);
struct TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetMemoryTypeId(
    struct TRITONSERVER_BufferAttributes* buffer_attributes, int64_t memory_type_id);
struct TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetByteSize(
    struct TRITONSERVER_BufferAttributes* buffer_attributes, size_t byte_size);

/* ---- metrics ---- */

struct TRITONSERVER_Parameter* TRITONSERVER_ParameterNew(const char* name, const TRITONSERVER_ParameterType type,
                                                         const void* value);
void TRITONSERVER_ParameterDelete(struct TRITONSERVER_Parameter* parameter);
/** A family of the name that is there already is the same family. */
struct TRITONSERVER_Error* TRITONSERVER_MetricFamilyNew(struct TRITONSERVER_MetricFamily** family,
                                                        const TRITONSERVER_MetricKind kind, const char* name,
                                                        const char* description);
/** All metrics of the family are deleted first. */
struct TRITONSERVER_Error* TRITONSERVER_MetricFamilyDelete(struct TRITONSERVER_MetricFamily* family);
struct TRITONSERVER_Error* TRITONSERVER_MetricNew(struct TRITONSERVER_Metric** metric,
                                                  struct TRITONSERVER_MetricFamily* family,
                                                  const struct TRITONSERVER_Parameter** labels,
                                                  const uint64_t label_count);
struct TRITONSERVER_Error* TRITONSERVER_MetricDelete(struct TRITONSERVER_Metric* metric);
struct TRITONSERVER_Error* TRITONSERVER_MetricIncrement(struct TRITONSERVER_Metric* metric, double value);
struct TRITONSERVER_Error* TRITONSERVER_MetricSet(struct TRITONSERVER_Metric* metric, double value);
struct TRITONSERVER_Error* TRITONSERVER_ServerMetrics(struct TRITONSERVER_Server* server,
                                                      struct TRITONSERVER_Metrics** metrics);
struct TRITONSERVER_Error* TRITONSERVER_MetricsFormatted(struct TRITONSERVER_Metrics* metrics,
                                                         TRITONSERVER_MetricFormat format, const char** base,
                                                         size_t* byte_size);
struct TRITONSERVER_Error* TRITONSERVER_MetricsDelete(struct TRITONSERVER_Metrics* metrics);

/* ---- server: the test host's part ---- */

struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsNew(struct TRITONSERVER_ServerOptions** options);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsDelete(struct TRITONSERVER_ServerOptions* options);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelRepositoryPath(struct TRITONSERVER_ServerOptions* options,
                                                                            const char* model_repository_path);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelControlMode(struct TRITONSERVER_ServerOptions* options,
                                                                         TRITONSERVER_ModelControlMode mode);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetBackendDirectory(struct TRITONSERVER_ServerOptions* options,
                                                                         const char* backend_dir);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogInfo(struct TRITONSERVER_ServerOptions* options, bool log);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogWarn(struct TRITONSERVER_ServerOptions* options, bool log);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogError(struct TRITONSERVER_ServerOptions* options, bool log);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetExitTimeout(struct TRITONSERVER_ServerOptions* options,
                                                                    unsigned int timeout);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelLoadRetryCount(struct TRITONSERVER_ServerOptions* options,
                                                                            unsigned int retry_count);
struct TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetGpuMetrics(struct TRITONSERVER_ServerOptions* options,
                                                                   bool gpu_metrics);

/** Starts a server, which may be up although a model failed to load. */
struct TRITONSERVER_Error* TRITONSERVER_ServerNew(struct TRITONSERVER_Server** server,
                                                  struct TRITONSERVER_ServerOptions* options);
struct TRITONSERVER_Error* TRITONSERVER_ServerDelete(struct TRITONSERVER_Server* server);
/** Waits for requests under way, at most the exit timeout. */
struct TRITONSERVER_Error* TRITONSERVER_ServerStop(struct TRITONSERVER_Server* server);
struct TRITONSERVER_Error* TRITONSERVER_ServerIsLive(struct TRITONSERVER_Server* server, bool* live);
struct TRITONSERVER_Error* TRITONSERVER_ServerModelIsReady(struct TRITONSERVER_Server* server, const char* model_name,
                                                           const int64_t model_version, bool* ready);
struct TRITONSERVER_Error* TRITONSERVER_ServerModelStatistics(struct TRITONSERVER_Server* server,
                                                              const char* model_name, const int64_t model_version,
                                                              struct TRITONSERVER_Message** model_stats);
struct TRITONSERVER_Error* TRITONSERVER_ServerModelConfig(struct TRITONSERVER_Server* server, const char* model_name,
                                                          const int64_t model_version, const uint32_t config_version,
                                                          struct TRITONSERVER_Message** model_config);
/** Blocks until the model is loaded; fails where it could not be. */
struct TRITONSERVER_Error* TRITONSERVER_ServerLoadModel(struct TRITONSERVER_Server* server, const char* model_name);
/** Starts the unloading; requests under way end first. */
struct TRITONSERVER_Error* TRITONSERVER_ServerUnloadModel(struct TRITONSERVER_Server* server, const char* model_name);
/** On success the request is the server's until its release callback; the trace may be NULL. */
struct TRITONSERVER_Error* TRITONSERVER_ServerInferAsync(struct TRITONSERVER_Server* server,
                                                         struct TRITONSERVER_InferenceRequest* inference_request,
                                                         struct TRITONSERVER_InferenceTrace* trace);

/* ---- requests and responses: the test host's part ---- */

/** Gives memory for an output; it may be of another type than asked for. */
typedef struct TRITONSERVER_Error* (*TRITONSERVER_ResponseAllocatorAllocFn_t)(
    struct TRITONSERVER_ResponseAllocator* allocator, const char* tensor_name, size_t byte_size,
    TRITONSERVER_MemoryType memory_type, int64_t memory_type_id, void* userp, void** buffer, void** buffer_userp,
    TRITONSERVER_MemoryType* actual_memory_type, int64_t* actual_memory_type_id);
typedef struct TRITONSERVER_Error* (*TRITONSERVER_ResponseAllocatorReleaseFn_t)(
    struct TRITONSERVER_ResponseAllocator* allocator, void* buffer, void* buffer_userp, size_t byte_size,
    TRITONSERVER_MemoryType memory_type, int64_t memory_type_id);
typedef struct TRITONSERVER_Error* (*TRITONSERVER_ResponseAllocatorStartFn_t)(
    struct TRITONSERVER_ResponseAllocator* allocator, void* userp);
typedef void (*TRITONSERVER_InferenceRequestReleaseFn_t)(struct TRITONSERVER_InferenceRequest* request,
                                                         const uint32_t flags, void* userp);
/** response is NULL where only the flags are told. */
typedef void (*TRITONSERVER_InferenceResponseCompleteFn_t)(struct TRITONSERVER_InferenceResponse* response,
                                                           const uint32_t flags, void* userp);

/** start_fn may be NULL. */
struct TRITONSERVER_Error* TRITONSERVER_ResponseAllocatorNew(struct TRITONSERVER_ResponseAllocator** allocator,
                                                             TRITONSERVER_ResponseAllocatorAllocFn_t alloc_fn,
                                                             TRITONSERVER_ResponseAllocatorReleaseFn_t release_fn,
                                                             TRITONSERVER_ResponseAllocatorStartFn_t start_fn);
struct TRITONSERVER_Error* TRITONSERVER_ResponseAllocatorDelete(struct TRITONSERVER_ResponseAllocator* allocator);
/** model_version -1: the server's choice. */
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestNew(struct TRITONSERVER_InferenceRequest** inference_request,
                                                            struct TRITONSERVER_Server* server, const char* model_name,
                                                            const int64_t model_version);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestDelete(struct TRITONSERVER_InferenceRequest* inference_request);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetId(struct TRITONSERVER_InferenceRequest* inference_request,
                                                              const char* id);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetFlags(
    struct TRITONSERVER_InferenceRequest* inference_request, uint32_t flags);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetCorrelationId(
    struct TRITONSERVER_InferenceRequest* inference_request, uint64_t correlation_id);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetCorrelationIdString(
    struct TRITONSERVER_InferenceRequest* inference_request, const char* correlation_id);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestCancel(struct TRITONSERVER_InferenceRequest* inference_request);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestAddInput(
    struct TRITONSERVER_InferenceRequest* inference_request, const char* name, const TRITONSERVER_DataType datatype,
    const int64_t* shape, uint64_t dim_count);
/** The memory is the caller's until the request is released; called again, it appends. */
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestAppendInputData(
    struct TRITONSERVER_InferenceRequest* inference_request, const char* name, const void* base, size_t byte_size,
    TRITONSERVER_MemoryType memory_type, int64_t memory_type_id);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestAddRequestedOutput(
    struct TRITONSERVER_InferenceRequest* inference_request, const char* name);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetReleaseCallback(
    struct TRITONSERVER_InferenceRequest* inference_request,
    TRITONSERVER_InferenceRequestReleaseFn_t request_release_fn, void* request_release_userp);
struct TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetResponseCallback(
    struct TRITONSERVER_InferenceRequest* inference_request, struct TRITONSERVER_ResponseAllocator* response_allocator,
    void* response_allocator_userp, TRITONSERVER_InferenceResponseCompleteFn_t response_fn, void* response_userp);
struct TRITONSERVER_Error* TRITONSERVER_InferenceResponseDelete(
    struct TRITONSERVER_InferenceResponse* inference_response);
/** Gives the error that the response is, which belongs to the response; NULL where it is none. */
struct TRITONSERVER_Error* TRITONSERVER_InferenceResponseError(
    struct TRITONSERVER_InferenceResponse* inference_response);
struct TRITONSERVER_Error* TRITONSERVER_InferenceResponseOutputCount(
    struct TRITONSERVER_InferenceResponse* inference_response, uint32_t* count);
struct TRITONSERVER_Error* TRITONSERVER_InferenceResponseOutput(
    struct TRITONSERVER_InferenceResponse* inference_response, const uint32_t index, const char** name,
    TRITONSERVER_DataType* datatype, const int64_t** shape, uint64_t* dim_count, const void** base, size_t* byte_size,
    TRITONSERVER_MemoryType* memory_type, int64_t* memory_type_id, void** userp);

#ifdef __cplusplus
}
#endif
