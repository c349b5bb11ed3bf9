// Driver functions on streams and events.
#include <algorithm>

#include "context.h"
#include "gpu_link.h"

using trtv_sim::captureMutex;
using trtv_sim::currentContext;
using trtv_sim::findStream;
using trtv_sim::Mark;

namespace {

// Waiting for an event of a capture draws the stream into it, or joins a drawn-in stream's work to the waiting one.
CUresult waitForCaptured(CUstream_st& stream, CUevent_st& event) {
    const auto& capture = event.capture;
    if (capture->invalidated) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (stream.capture && stream.capture != capture) return trtv_sim::kCaptureIsolation;
    auto& unjoined = capture->unjoined;
    unjoined.erase(std::remove(unjoined.begin(), unjoined.end(), event.capturedStream), unjoined.end());
    if (&stream != capture->origin && !stream.capture) {
        capture->members.push_back(&stream);
        unjoined.push_back(&stream);
    }
    stream.capture = capture;
    return CUDA_SUCCESS;
}

std::shared_ptr<Mark> markOf(CUevent_st& event) {
    const std::lock_guard lock(event.mutex);
    return event.mark;
}

bool isCaptured(CUevent_st& event) {
    const std::lock_guard lock(captureMutex());
    return event.capture != nullptr;
}

}  // namespace

extern "C" {

CUresult cuStreamCreate(CUstream* stream, uint32_t flags) {
    SIM_ENTER(kContext);
    if (!stream || flags > CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
    *stream = trtv_sim::streams().add(currentContext()->createStream(flags != CU_STREAM_NON_BLOCKING));
    return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream) {
    SIM_ENTER(kBound);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    const auto removed = trtv_sim::streams().remove(stream);
    if (!removed) return CUDA_ERROR_INVALID_HANDLE;
    removed->close();
    const std::lock_guard lock(captureMutex());
    if (removed->capture) {
        removed->capture->invalidated = true;
        if (removed->capture->origin == stream) {
            auto& active = trtv_sim::activeCaptures();
            active.erase(std::remove(active.begin(), active.end(), removed->capture), active.end());
        }
    }
    return trtv_sim::released(true);
}

CUresult cuStreamSynchronize(CUstream stream) {
    SIM_ENTER(kContext);
    const auto object = findStream(stream);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    if (const CUresult refused = trtv_sim::checkNotCapturing(*object)) return refused;
    // An empty operation, so that the default stream's waiting for the others is part of it.
    object->wait(object->context.submit(*object, [] { return CUDA_SUCCESS; }));
    return object->context.lost();
}

CUresult cuStreamQuery(CUstream stream) {
    SIM_ENTER(kContext);
    const auto object = findStream(stream);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    if (const CUresult refused = trtv_sim::checkNotCapturing(*object)) return refused;
    if (!object->passed(object->submitted())) return CUDA_ERROR_NOT_READY;
    return object->context.lost();
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, uint32_t flags) {
    SIM_ENTER(kContext);
    const auto object = findStream(stream);
    const auto awaited = trtv_sim::events().find(event);
    if (!object || !awaited) return CUDA_ERROR_INVALID_HANDLE;
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    {
        const std::lock_guard lock(captureMutex());
        if (awaited->capture) return waitForCaptured(*object, *awaited);
        if (object->capture) {
            object->capture->invalidated = true;
            return trtv_sim::kCaptureIsolation;
        }
    }
    const auto mark = markOf(*awaited);
    if (!mark) return CUDA_SUCCESS;  // An event never recorded has passed.
    return trtv_sim::enqueue(stream, [mark] {
        mark->wait();
        return CUDA_SUCCESS;
    });
}

CUresult cuEventCreate(CUevent* event, uint32_t flags) {
    SIM_ENTER(kContext);
    if (!event || flags > (CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING)) return CUDA_ERROR_INVALID_VALUE;
    *event = trtv_sim::events().add(std::make_shared<CUevent_st>(flags));
    return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
    SIM_ENTER(kContext);
    return trtv_sim::recordEvent(event, stream);
}

CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, uint32_t flags) {
    SIM_ENTER(kContext);
    if (flags > CU_EVENT_RECORD_EXTERNAL) return CUDA_ERROR_INVALID_VALUE;
    const auto object = findStream(stream);
    const auto recorded = trtv_sim::events().find(event);
    if (!object || !recorded) return CUDA_ERROR_INVALID_HANDLE;
    bool captured = false;
    {
        const std::lock_guard lock(captureMutex());
        captured = object->capture != nullptr;
    }
    if (flags == 0 || !captured) return trtv_sim::recordEvent(event, stream);
    return trtv_sim::enqueue(stream, [recorded] {
        auto mark = std::make_shared<Mark>();
        mark->stamp();
        const std::lock_guard lock(recorded->mutex);
        recorded->mark = std::move(mark);
        return CUDA_SUCCESS;
    });
}

CUresult cuEventQuery(CUevent event) {
    SIM_ENTER(kContext);
    const auto object = trtv_sim::events().find(event);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    if (isCaptured(*object)) return trtv_sim::kCapturedEvent;
    const auto mark = markOf(*object);
    if (mark && !mark->passed()) return CUDA_ERROR_NOT_READY;
    return currentContext()->lost();
}

CUresult cuEventSynchronize(CUevent event) {
    SIM_ENTER(kContext);
    const auto object = trtv_sim::events().find(event);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    if (isCaptured(*object)) return trtv_sim::kCapturedEvent;
    if (const auto mark = markOf(*object)) mark->wait();
    return currentContext()->lost();
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
    SIM_ENTER(kContext);
    if (!milliseconds) return CUDA_ERROR_INVALID_VALUE;
    const auto first = trtv_sim::events().find(start);
    const auto second = trtv_sim::events().find(end);
    if (!first || !second || ((first->flags | second->flags) & CU_EVENT_DISABLE_TIMING)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (isCaptured(*first) || isCaptured(*second)) return trtv_sim::kCapturedEvent;
    const auto from = markOf(*first);
    const auto to = markOf(*second);
    if (!from || !to) return CUDA_ERROR_INVALID_HANDLE;
    if (!from->passed() || !to->passed()) return CUDA_ERROR_NOT_READY;
    *milliseconds = static_cast<float>(static_cast<double>(to->nanoseconds - from->nanoseconds) * 1e-6);
    return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event) {
    SIM_ENTER(kBound);
    return trtv_sim::released(trtv_sim::events().remove(event) != nullptr);
}
}
