// Driver functions on stream capture and graphs.
#include <algorithm>

#include "context.h"

using trtv_sim::Capture;
using trtv_sim::captureMutex;
using trtv_sim::findStream;

extern "C" {

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
    SIM_ENTER(kContext);
    if (mode > CU_STREAM_CAPTURE_MODE_RELAXED) return CUDA_ERROR_INVALID_VALUE;
    if (!stream) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;  // The default stream cannot be captured.
    const auto object = findStream(stream);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    const std::lock_guard lock(captureMutex());
    if (object->capture) return trtv_sim::kIllegalState;
    object->capture = std::make_shared<Capture>(Capture{mode, std::this_thread::get_id(), stream, false, {}, {}, {}});
    trtv_sim::activeCaptures().push_back(object->capture);
    return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
    SIM_ENTER(kContext);
    if (!graph) return CUDA_ERROR_INVALID_VALUE;
    *graph = nullptr;
    const auto object = findStream(stream);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    const std::lock_guard lock(captureMutex());
    const auto capture = object->capture;
    if (!capture || capture->origin != stream) return trtv_sim::kIllegalState;
    if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED && capture->thread != std::this_thread::get_id()) {
        return trtv_sim::kCaptureWrongThread;
    }
    for (CUstream member : capture->members) {
        if (const auto other = trtv_sim::streams().find(member)) other->capture.reset();
    }
    object->capture.reset();
    auto& active = trtv_sim::activeCaptures();
    active.erase(std::remove(active.begin(), active.end(), capture), active.end());
    if (capture->invalidated) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (!capture->unjoined.empty()) return trtv_sim::kCaptureUnjoined;
    auto made = std::make_shared<CUgraph_st>();
    made->work = capture->work;
    *graph = trtv_sim::graphs().add(std::move(made));
    return CUDA_SUCCESS;
}

CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status) {
    SIM_ENTER(kContext);
    if (!status) return CUDA_ERROR_INVALID_VALUE;
    const auto object = findStream(stream);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    const std::lock_guard lock(captureMutex());
    *status = !object->capture               ? CU_STREAM_CAPTURE_STATUS_NONE
              : object->capture->invalidated ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                             : CU_STREAM_CAPTURE_STATUS_ACTIVE;
    return CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, uint64_t flags) {
    SIM_ENTER(kContext);
    if (!executable || flags != 0) return CUDA_ERROR_INVALID_VALUE;
    const auto object = trtv_sim::graphs().find(graph);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    auto made = std::make_shared<CUgraphExec_st>();
    made->work = object->work;
    *executable = trtv_sim::graphExecs().add(std::move(made));
    return CUDA_SUCCESS;
}

CUresult cuGraphUpload(CUgraphExec executable, CUstream stream) {
    SIM_ENTER(kContext);
    if (!trtv_sim::graphExecs().find(executable)) return CUDA_ERROR_INVALID_HANDLE;
    return trtv_sim::enqueue(stream, [] { return CUDA_SUCCESS; });
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
    SIM_ENTER(kContext);
    const auto object = trtv_sim::graphExecs().find(executable);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    return trtv_sim::enqueue(stream, [object] {
        const std::lock_guard lock(object->running);
        for (const auto& work : object->work) {
            if (const CUresult failed = work()) return failed;
        }
        return CUDA_SUCCESS;
    });
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
    SIM_ENTER(kBound);
    return trtv_sim::released(trtv_sim::graphExecs().remove(executable) != nullptr);
}

CUresult cuGraphDestroy(CUgraph graph) {
    SIM_ENTER(kBound);
    return trtv_sim::released(trtv_sim::graphs().remove(graph) != nullptr);
}
}
