// Streams, events and captures. A stream is a thread that works through a queue in order.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cuda_api.h"

namespace trtv_sim {

class Context;

/** One operation of a stream; what it returns, if not success, loses the context. */
using Work = std::function<CUresult()>;

/** A recording in progress. Guarded by captureMutex(). */
struct Capture {
    CUstreamCaptureMode mode;
    std::thread::id thread;
    CUstream origin;
    bool invalidated = false;
    /** In the order of the calls, which is one order that satisfies every dependency. */
    std::vector<Work> work;
    /** Streams drawn in by waiting for an event. */
    std::vector<CUstream> members;
    /** Those of them with work that nothing has waited for since. */
    std::vector<CUstream> unjoined;
};

/** Whether the calling thread is a stream's own. */
bool onStreamThread();

/** Guards every stream's and event's capture members and the list of captures. */
std::mutex& captureMutex();

/** A point in a stream; without a stream, one that a graph's launch has passed. */
struct Mark {
    void stamp();
    void wait() const;
    bool passed() const;

    std::shared_ptr<CUstream_st> stream;
    uint64_t ticket = 0;
    std::atomic<int64_t> nanoseconds{0};
};

/** Live handles of one kind; a stale handle is found out instead of crashing. */
template <typename T>
class Handles {
public:
    explicit Handles(const char* counter) : counter_(counter) {}
    T* add(std::shared_ptr<T> object);
    std::shared_ptr<T> find(T* handle);
    std::shared_ptr<T> remove(T* handle);

private:
    const char* counter_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<T>> objects_;
};

Handles<CUstream_st>& streams();
Handles<CUevent_st>& events();
Handles<CUgraph_st>& graphs();
Handles<CUgraphExec_st>& graphExecs();
Handles<CUmod_st>& modules();

}  // namespace trtv_sim

struct CUstream_st : std::enable_shared_from_this<CUstream_st> {
public:
    CUstream_st(trtv_sim::Context& context, bool blocking) : context(context), blocking(blocking) {}
    void start();
    /** Lets the thread end once the queue is empty. */
    void close();
    uint64_t submit(trtv_sim::Work work);
    uint64_t submitted();
    void wait(uint64_t ticket);
    bool passed(uint64_t ticket);

    trtv_sim::Context& context;
    /** Whether it waits for the default stream, and the default stream for it. */
    const bool blocking;
    std::shared_ptr<trtv_sim::Capture> capture;

private:
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<trtv_sim::Work> queue_;
    uint64_t submitted_ = 0;
    uint64_t completed_ = 0;
    bool closing_ = false;
};

struct CUevent_st {
    explicit CUevent_st(uint32_t flags) : flags(flags) {}
    const uint32_t flags;
    std::mutex mutex;
    std::shared_ptr<trtv_sim::Mark> mark;
    /** Set when last recorded in a capture: then it stands for a place in the graph, not for a time. */
    std::shared_ptr<trtv_sim::Capture> capture;
    CUstream capturedStream = nullptr;
};

struct CUgraph_st {
    std::vector<trtv_sim::Work> work;
};

struct CUgraphExec_st {
    std::vector<trtv_sim::Work> work;
    std::mutex running;  // Launches of one executable graph never overlap.
};
