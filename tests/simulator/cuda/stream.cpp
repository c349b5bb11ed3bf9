#include "stream.h"

#include <algorithm>

#include "context.h"
#include "simulation.h"

namespace trtv_sim {

namespace {

thread_local bool isStreamThread = false;

}  // namespace

bool onStreamThread() { return isStreamThread; }

std::mutex& captureMutex() {
    static auto* mutex = new std::mutex();
    return *mutex;
}

void Mark::stamp() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() +
                  Simulation::instance().integer("clock_ms") * 1000000;
}

void Mark::wait() const {
    if (stream) stream->wait(ticket);
}

bool Mark::passed() const { return !stream || stream->passed(ticket); }

template <typename T>
T* Handles<T>::add(std::shared_ptr<T> object) {
    Simulation::instance().add(counter_, 1);
    const std::lock_guard lock(mutex_);
    objects_.push_back(std::move(object));
    return objects_.back().get();
}

template <typename T>
std::shared_ptr<T> Handles<T>::find(T* handle) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(objects_.begin(), objects_.end(), [&](auto& o) { return o.get() == handle; });
    return found == objects_.end() ? nullptr : *found;
}

template <typename T>
std::shared_ptr<T> Handles<T>::remove(T* handle) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(objects_.begin(), objects_.end(), [&](auto& o) { return o.get() == handle; });
    if (found == objects_.end()) return nullptr;
    std::shared_ptr<T> object = std::move(*found);
    objects_.erase(found);
    Simulation::instance().add(counter_, -1);
    return object;
}

template class Handles<CUstream_st>;
template class Handles<CUevent_st>;
template class Handles<CUgraph_st>;
template class Handles<CUgraphExec_st>;
template class Handles<CUmod_st>;

Handles<CUstream_st>& streams() {
    static auto* handles = new Handles<CUstream_st>("streams");
    return *handles;
}

Handles<CUevent_st>& events() {
    static auto* handles = new Handles<CUevent_st>("events");
    return *handles;
}

Handles<CUgraph_st>& graphs() {
    static auto* handles = new Handles<CUgraph_st>("graphs");
    return *handles;
}

Handles<CUgraphExec_st>& graphExecs() {
    static auto* handles = new Handles<CUgraphExec_st>("graph_execs");
    return *handles;
}

Handles<CUmod_st>& modules() {
    static auto* handles = new Handles<CUmod_st>("modules");
    return *handles;
}

}  // namespace trtv_sim

void CUstream_st::start() {
    // The thread holds the stream, so a destroyed stream still finishes its work.
    std::thread([self = shared_from_this()] { self->run(); }).detach();
}

void CUstream_st::close() {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
}

uint64_t CUstream_st::submit(trtv_sim::Work work) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    changed_.notify_all();
    return ++submitted_;
}

uint64_t CUstream_st::submitted() {
    const std::lock_guard lock(mutex_);
    return submitted_;
}

void CUstream_st::wait(uint64_t ticket) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return completed_ >= ticket; });
}

bool CUstream_st::passed(uint64_t ticket) {
    const std::lock_guard lock(mutex_);
    return completed_ >= ticket;
}

void CUstream_st::run() {
    trtv_sim::isStreamThread = true;
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [&] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) return;
        trtv_sim::Work work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        // A lost context runs nothing more, but its waiters must still be released.
        if (context.lost() == CUDA_SUCCESS) {
            if (const CUresult result = work()) context.lose(result);
        }
        work = nullptr;
        lock.lock();
        ++completed_;
        changed_.notify_all();
    }
}
