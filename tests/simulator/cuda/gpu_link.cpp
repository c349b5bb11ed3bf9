#include "gpu_link.h"

#include <algorithm>
#include <chrono>

#include "context.h"
#include "memory.h"

namespace trtv_sim {

CUresult ensureInitialized() {
    if (initialized()) return CUDA_SUCCESS;
    if (Simulation::instance().integer("devices") == 0) return CUDA_ERROR_NO_DEVICE;
    markInitialized();
    return CUDA_SUCCESS;
}

CUresult ensureContext() {
    if (const CUresult failed = ensureInitialized()) return failed;
    if (Context* bound = currentContext()) return bound->lost();
    Context* primary = contextOf(0);
    if (!primary) return CUDA_ERROR_NO_DEVICE;
    if (!primary->alive()) primary->retain();
    bindContext(primary);
    return primary->lost();
}

CUresult launchWork(CUstream stream, std::function<CUresult()> work) {
    const Context* context = currentContext();
    if (!context) return CUDA_ERROR_INVALID_CONTEXT;
    if (context->lost()) return context->lost();
    return enqueue(stream, std::move(work));
}

CUresult recordEvent(CUevent event, CUstream stream) {
    const auto object = findStream(stream);
    const auto recorded = events().find(event);
    if (!object || !recorded) return CUDA_ERROR_INVALID_HANDLE;
    {
        const std::lock_guard lock(captureMutex());
        recorded->capture = object->capture;
        recorded->capturedStream = object.get();
        if (object->capture) {
            return object->capture->invalidated ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
        }
    }
    if (const CUresult refused = checkNotCapturing(*object)) return refused;
    auto mark = std::make_shared<Mark>();
    mark->stream = object;
    const std::lock_guard lock(recorded->mutex);
    mark->ticket = object->context.submit(*object, [mark] {
        mark->stamp();
        return CUDA_SUCCESS;
    });
    recorded->mark = mark;
    return CUDA_SUCCESS;
}

bool isDefaultStream(CUstream stream) {
    const Context* context = currentContext();
    return !stream || (context && const_cast<Context*>(context)->defaultStream().get() == stream);
}

bool isCapturing(CUstream stream) {
    const auto object = findStream(stream);
    const std::lock_guard lock(captureMutex());
    return object && object->capture;
}

void spoilCapture(CUstream stream) {
    const auto object = findStream(stream);
    const std::lock_guard lock(captureMutex());
    if (object && object->capture) object->capture->invalidated = true;
}

CUresult waitForStream(CUstream stream) {
    const auto object = findStream(stream);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    object->wait(object->context.submit(*object, [] { return CUDA_SUCCESS; }));
    return object->context.lost();
}

void* resolveAddress(CUdeviceptr address, size_t bytes) { return Memory::instance().resolve(address, bytes); }

CUresult allocateDevice(CUdeviceptr& address, size_t bytes) {
    const Context* context = currentContext();
    if (!context) return CUDA_ERROR_INVALID_CONTEXT;
    return Memory::instance().allocateDevice(address, bytes, context->device);
}

void freeDevice(CUdeviceptr address) {
    // The work that uses it must end first, as with cudaFree. Without a context there is none left.
    if (Context* context = currentContext()) context->synchronize();
    Memory::instance().freeDevice(address);
}

}  // namespace trtv_sim
