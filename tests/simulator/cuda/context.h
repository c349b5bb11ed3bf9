// The primary contexts, and the checks that most driver functions start with.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "stream.h"

struct CUctx_st {};

namespace trtv_sim {

/** A GPU's primary context, or one that a host made. The object lives for ever; being retained is what makes it a
 * context. */
class Context : public CUctx_st {
public:
    explicit Context(int32_t device, bool isPrimary = true) : device(device), isPrimary_(isPrimary) {}

    CUresult retain();
    CUresult release();
    bool alive() const { return references_ > 0; }
    uint64_t generation() const { return generation_; }

    /** The error that lost the context; success while it is usable. */
    CUresult lost() const { return lost_; }
    void lose(CUresult error);

    std::shared_ptr<CUstream_st> createStream(bool blocking);
    std::shared_ptr<CUstream_st> defaultStream();
    /** Enqueues with the default stream's rule: it and the blocking streams wait for each other. */
    uint64_t submit(CUstream_st& stream, Work work);
    void synchronize();

    const int32_t device;

private:
    std::vector<std::shared_ptr<CUstream_st>> liveStreams();

    const bool isPrimary_;
    std::atomic<int32_t> references_{0};
    std::atomic<uint64_t> generation_{0};
    std::atomic<CUresult> lost_{CUDA_SUCCESS};
    std::mutex mutex_;
    std::vector<std::weak_ptr<CUstream_st>> streams_;
    std::shared_ptr<CUstream_st> default_;
};

/** kBound: a context that may be lost, for calls that give something back. */
enum class Needs { kNothing, kInit, kBound, kContext };

/** Counts the call, applies faults, and checks what the function needs. */
CUresult enter(const char* function, Needs needs);

/** What a call that gives a thing back returns: the bound context's error when the thing was valid. */
CUresult released(bool valid);

void markInitialized();
bool initialized();
/** The context of a GPU, null when there is no such GPU. */
Context* contextOf(int32_t device);
/** The calling thread's context; null when none is bound or it was destroyed. */
Context* currentContext();
void bindContext(Context* context);
void pushContext(Context* context);
/** False when none is bound. */
bool popContext(Context*& context);
/** Whether a context is bound that no longer exists. */
bool currentContextDestroyed();

/** Refuses a call that could disturb a capture (and spoils the captures concerned, as the driver does). */
CUresult checkUnsafeDuringCapture();
/** Enqueues or records work; a null stream is the default stream. */
CUresult enqueue(CUstream stream, Work work);
/** The stream object of a handle, default stream included; null for a stale handle. */
std::shared_ptr<CUstream_st> findStream(CUstream stream);
/** Refuses and invalidates when the stream, or for the default stream any blocking one, is being captured. */
CUresult checkNotCapturing(CUstream_st& stream);

std::vector<std::shared_ptr<Capture>>& activeCaptures();

}  // namespace trtv_sim

#define SIM_ENTER(needs) \
    if (const CUresult entered = trtv_sim::enter(__func__, trtv_sim::Needs::needs); entered) return entered
