// Driver functions on devices and contexts.
#include <cstdlib>
#include <cstring>
#include <string>

#include "context.h"
#include "memory.h"
#include "simulation.h"

using trtv_sim::Context;
using trtv_sim::contextOf;
using trtv_sim::Simulation;

namespace {

struct ErrorText {
    int32_t code;
    const char* name;
    const char* text;
};

const ErrorText kErrors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {4, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {34, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
    {304, "CUDA_ERROR_OPERATING_SYSTEM", "OS call failed or operation not supported on this OS"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {401, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {800, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
    {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"},
    {906, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "operation would make the legacy stream depend on a capturing stream"},
    {907, "CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event last recorded in a capturing stream"},
    {908, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD", "attempt to end a capture from another thread"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const ErrorText* findError(CUresult code) {
    for (const ErrorText& error : kErrors) {
        if (error.code == static_cast<int32_t>(code)) return &error;
    }
    return nullptr;
}

}  // namespace

extern "C" {

CUresult cuInit(uint32_t flags) {
    SIM_ENTER(kNothing);
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    if (Simulation::instance().integer("devices") == 0) return CUDA_ERROR_NO_DEVICE;
    trtv_sim::markInitialized();
    return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int32_t* version) {
    SIM_ENTER(kNothing);
    if (!version) return CUDA_ERROR_INVALID_VALUE;
    *version = static_cast<int32_t>(Simulation::instance().integer("driver_version"));
    return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char** name) {
    SIM_ENTER(kNothing);
    if (!name) return CUDA_ERROR_INVALID_VALUE;
    const ErrorText* found = findError(error);
    *name = found ? found->name : nullptr;
    return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
    SIM_ENTER(kNothing);
    if (!text) return CUDA_ERROR_INVALID_VALUE;
    const ErrorText* found = findError(error);
    *text = found ? found->text : nullptr;
    return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetCount(int32_t* count) {
    SIM_ENTER(kInit);
    if (!count) return CUDA_ERROR_INVALID_VALUE;
    *count = static_cast<int32_t>(Simulation::instance().integer("devices"));
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int32_t ordinal) {
    SIM_ENTER(kInit);
    if (!device) return CUDA_ERROR_INVALID_VALUE;
    if (!contextOf(ordinal)) return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char* name, int32_t capacity, CUdevice device) {
    SIM_ENTER(kInit);
    if (!name || capacity < 1) return CUDA_ERROR_INVALID_VALUE;
    if (!contextOf(device)) return CUDA_ERROR_INVALID_DEVICE;
    const std::string full = Simulation::instance().text("name");
    const size_t length = full.copy(name, static_cast<size_t>(capacity) - 1);
    name[length] = '\0';
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int32_t* value, CUdevice_attribute attribute, CUdevice device) {
    SIM_ENTER(kInit);
    if (!value) return CUDA_ERROR_INVALID_VALUE;
    if (!contextOf(device)) return CUDA_ERROR_INVALID_DEVICE;
    const Simulation& simulation = Simulation::instance();
    const std::string capability = simulation.text("compute_capability");
    const size_t point = capability.find('.');
    switch (attribute) {
        case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
            *value = 1000000;
            break;
        case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
            *value = static_cast<int32_t>(simulation.integer("multiprocessors"));
            break;
        case CU_DEVICE_ATTRIBUTE_INTEGRATED:
            *value = static_cast<int32_t>(simulation.integer("integrated"));
            break;
        case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
            *value = 1;
            break;
        case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
            *value = 2;
            break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
            *value = std::atoi(capability.c_str());
            break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
            *value = point == std::string::npos ? 0 : std::atoi(capability.c_str() + point + 1);
            break;
        default:
            return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
    SIM_ENTER(kInit);
    if (!bytes) return CUDA_ERROR_INVALID_VALUE;
    if (!contextOf(device)) return CUDA_ERROR_INVALID_DEVICE;
    *bytes = trtv_sim::Memory::totalBytes();
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
    SIM_ENTER(kInit);
    if (!context) return CUDA_ERROR_INVALID_VALUE;
    Context* primary = contextOf(device);
    if (!primary) return CUDA_ERROR_INVALID_DEVICE;
    *context = primary;
    return primary->retain();
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    SIM_ENTER(kInit);
    Context* primary = contextOf(device);
    return primary ? primary->release() : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuCtxSetCurrent(CUcontext context) {
    SIM_ENTER(kInit);
    auto* primary = static_cast<Context*>(context);
    if (primary && !primary->alive()) return trtv_sim::kContextIsDestroyed;
    trtv_sim::bindContext(primary);
    return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent_v2(CUcontext context) {
    SIM_ENTER(kInit);
    auto* primary = static_cast<Context*>(context);
    if (!primary) return CUDA_ERROR_INVALID_CONTEXT;
    if (!primary->alive()) return trtv_sim::kContextIsDestroyed;
    trtv_sim::pushContext(primary);
    return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent_v2(CUcontext* context) {
    SIM_ENTER(kInit);
    Context* popped = nullptr;
    if (!trtv_sim::popContext(popped)) return CUDA_ERROR_INVALID_CONTEXT;
    if (context) *context = popped;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext* context) {
    SIM_ENTER(kInit);
    if (!context) return CUDA_ERROR_INVALID_VALUE;
    *context = trtv_sim::currentContext();
    return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice(CUdevice* device) {
    SIM_ENTER(kContext);
    if (!device) return CUDA_ERROR_INVALID_VALUE;
    *device = trtv_sim::currentContext()->device;
    return CUDA_SUCCESS;
}

// A host's own contexts, which this library only attaches to: no header of its declares them.
TRTV_SIM_EXPORT CUresult cuCtxCreate_v2(CUcontext* context, uint32_t flags, CUdevice device);
TRTV_SIM_EXPORT CUresult cuCtxDestroy_v2(CUcontext context);

CUresult cuCtxCreate_v2(CUcontext* context, uint32_t, CUdevice device) {
    SIM_ENTER(kInit);
    if (!context) return CUDA_ERROR_INVALID_VALUE;
    if (!contextOf(device)) return CUDA_ERROR_INVALID_DEVICE;
    auto* made = new Context(device, false);
    if (const CUresult failed = made->retain()) return failed;
    trtv_sim::pushContext(made);
    *context = made;
    return CUDA_SUCCESS;
}

CUresult cuCtxDestroy_v2(CUcontext context) {
    SIM_ENTER(kInit);
    auto* made = static_cast<Context*>(context);
    if (!made || !made->alive()) return CUDA_ERROR_INVALID_CONTEXT;
    Context* popped = nullptr;
    if (trtv_sim::currentContext() == made) trtv_sim::popContext(popped);
    return made->release();
}

CUresult cuCtxSynchronize(void) {
    SIM_ENTER(kContext);
    if (const CUresult refused = trtv_sim::checkUnsafeDuringCapture()) return refused;
    Context* context = trtv_sim::currentContext();
    context->synchronize();
    return context->lost();
}
}
