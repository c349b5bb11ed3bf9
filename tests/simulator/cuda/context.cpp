#include "context.h"

#include <algorithm>

#include "memory.h"
#include "simulation.h"

namespace trtv_sim {
namespace {

std::atomic<bool> isInitialized{false};

// A context destroyed and made anew has the same address, so the generation tells a stale binding from a valid one.
struct Binding {
    Context* context = nullptr;
    uint64_t generation = 0;
};
// A stack, as the driver keeps one for each thread: the last one counts.
thread_local std::vector<Binding> bindings;

CUresult invalidate(const std::shared_ptr<Capture>& capture, CUresult error) {
    capture->invalidated = true;
    return error;
}

}  // namespace

CUresult Context::retain() {
    const std::lock_guard lock(mutex_);
    if (references_++ == 0) {
        ++generation_;
        lost_ = CUDA_SUCCESS;
    }
    Simulation::instance().add("context_references", 1);
    return CUDA_SUCCESS;
}

CUresult Context::release() {
    {
        const std::lock_guard lock(mutex_);
        if (references_ == 0) return CUDA_ERROR_INVALID_CONTEXT;
        Simulation::instance().add("context_references", -1);
        if (references_ > 1) {
            --references_;
            return CUDA_SUCCESS;
        }
    }
    synchronize();
    for (const auto& stream : liveStreams()) {
        streams().remove(stream.get());
        stream->close();
    }
    const std::lock_guard lock(mutex_);
    references_ = 0;
    streams_.clear();
    default_.reset();
    // Memory knows its GPU, not its context: what is left in a host's own stays, and is seen as a leak.
    if (isPrimary_) Memory::instance().freeAll(device);
    return CUDA_SUCCESS;
}

void Context::lose(CUresult error) {
    CUresult none = CUDA_SUCCESS;
    lost_.compare_exchange_strong(none, error);
}

std::shared_ptr<CUstream_st> Context::createStream(bool blocking) {
    auto stream = std::make_shared<CUstream_st>(*this, blocking);
    stream->start();
    const std::lock_guard lock(mutex_);
    streams_.erase(std::remove_if(streams_.begin(), streams_.end(), [](auto& s) { return s.expired(); }),
                   streams_.end());
    streams_.push_back(stream);
    return stream;
}

std::shared_ptr<CUstream_st> Context::defaultStream() {
    {
        const std::lock_guard lock(mutex_);
        if (default_) return default_;
    }
    auto made = createStream(true);
    const std::lock_guard lock(mutex_);
    if (default_) {
        made->close();
    } else {
        default_ = made;
    }
    return default_;
}

std::vector<std::shared_ptr<CUstream_st>> Context::liveStreams() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<CUstream_st>> live;
    for (const auto& weak : streams_) {
        if (auto stream = weak.lock()) live.push_back(std::move(stream));
    }
    return live;
}

uint64_t Context::submit(CUstream_st& stream, Work work) {
    if (stream.blocking) {
        bool isDefault = false;
        std::shared_ptr<CUstream_st> standard;
        {
            const std::lock_guard lock(mutex_);
            standard = default_;
            isDefault = standard.get() == &stream;
        }
        std::vector<std::shared_ptr<CUstream_st>> others;
        if (isDefault) {
            others = liveStreams();
        } else if (standard) {
            others.push_back(standard);
        }
        for (const auto& other : others) {
            if (!other->blocking || other.get() == &stream) continue;
            stream.submit([other, ticket = other->submitted()] {
                other->wait(ticket);
                return CUDA_SUCCESS;
            });
        }
    }
    return stream.submit(std::move(work));
}

void Context::synchronize() {
    // Work that holds the last reference to an engine frees its memory on its stream's thread, which would wait for
    // itself.
    if (onStreamThread()) return;
    for (const auto& stream : liveStreams()) stream->wait(stream->submitted());
}

CUresult enter(const char* function, Needs needs) {
    const FaultAction fault = Simulation::instance().enter(function);
    if (fault.kind == FaultAction::Kind::kCode) return static_cast<CUresult>(fault.code);
    if (fault.kind != FaultAction::Kind::kNone) return CUDA_ERROR_UNKNOWN;
    if (needs == Needs::kNothing) return CUDA_SUCCESS;
    if (!isInitialized) return CUDA_ERROR_NOT_INITIALIZED;
    if (needs == Needs::kInit) return CUDA_SUCCESS;
    if (currentContextDestroyed()) return kContextIsDestroyed;
    const Context* context = currentContext();
    if (!context) return CUDA_ERROR_INVALID_CONTEXT;
    return needs == Needs::kBound ? CUDA_SUCCESS : context->lost();
}

CUresult released(bool valid) { return valid ? currentContext()->lost() : CUDA_ERROR_INVALID_HANDLE; }

void markInitialized() { isInitialized = true; }

bool initialized() { return isInitialized; }

Context* contextOf(int32_t device) {
    static auto* mutex = new std::mutex();
    static auto* contexts = new std::vector<std::unique_ptr<Context>>();
    const std::lock_guard lock(*mutex);
    if (device < 0 || device >= Simulation::instance().integer("devices")) return nullptr;
    while (static_cast<int32_t>(contexts->size()) <= device) {
        contexts->push_back(std::make_unique<Context>(static_cast<int32_t>(contexts->size())));
    }
    return (*contexts)[device].get();
}

Context* currentContext() { return bindings.empty() || currentContextDestroyed() ? nullptr : bindings.back().context; }

void bindContext(Context* context) {
    if (!bindings.empty()) bindings.pop_back();
    if (context) pushContext(context);
}

void pushContext(Context* context) { bindings.push_back({context, context->generation()}); }

bool popContext(Context*& context) {
    if (bindings.empty()) return false;
    context = bindings.back().context;
    bindings.pop_back();
    return true;
}

bool currentContextDestroyed() {
    if (bindings.empty()) return false;
    const Binding& bound = bindings.back();
    return !bound.context->alive() || bound.generation != bound.context->generation();
}

std::vector<std::shared_ptr<Capture>>& activeCaptures() {
    static auto* captures = new std::vector<std::shared_ptr<Capture>>();
    return *captures;
}

CUresult checkUnsafeDuringCapture() {
    const std::lock_guard lock(captureMutex());
    CUresult result = CUDA_SUCCESS;
    for (const auto& capture : activeCaptures()) {
        const bool mine = capture->thread == std::this_thread::get_id();
        if (capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL ||
            (capture->mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && mine)) {
            result = invalidate(capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
        }
    }
    return result;
}

std::shared_ptr<CUstream_st> findStream(CUstream stream) {
    if (stream) return streams().find(stream);
    Context* context = currentContext();
    return context ? context->defaultStream() : nullptr;
}

CUresult checkNotCapturing(CUstream_st& stream) {
    const std::lock_guard lock(captureMutex());
    if (stream.capture) return invalidate(stream.capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    if (stream.context.defaultStream().get() != &stream) return CUDA_SUCCESS;
    for (const auto& capture : activeCaptures()) {
        if (capture->origin->blocking) return invalidate(capture, kCaptureImplicit);
    }
    return CUDA_SUCCESS;
}

CUresult enqueue(CUstream handle, Work work) {
    const auto stream = findStream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    {
        const std::lock_guard lock(captureMutex());
        if (stream->capture) {
            if (stream->capture->invalidated) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
            stream->capture->work.push_back(std::move(work));
            auto& unjoined = stream->capture->unjoined;
            if (stream->capture->origin != stream.get() &&
                std::find(unjoined.begin(), unjoined.end(), stream.get()) == unjoined.end()) {
                unjoined.push_back(stream.get());
            }
            return CUDA_SUCCESS;
        }
    }
    if (const CUresult refused = checkNotCapturing(*stream)) return refused;
    stream->context.submit(*stream, std::move(work));
    return CUDA_SUCCESS;
}

}  // namespace trtv_sim
