// One request of the core's, from Execute to its release.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "boundary.h"
#include "tensors.h"
#include "trtvocoder.h"

namespace trtv::triton {

class Instance;

/** What one call of Execute brought, for the core's statistics of batches. */
struct Execution {
    Execution(uint64_t start, uint32_t requests) : start_ns(start), open_requests(requests) {}
    const uint64_t start_ns;
    /** When the first run began that one of those requests had a part in; 0 as long as none has. */
    std::atomic<uint64_t> run_start_ns{0};
    /** Mels of those requests that were decoded. */
    std::atomic<uint64_t> items{0};
    std::atomic<uint32_t> open_requests;
};

/** Nanoseconds of the clock that the core's statistics are in. */
uint64_t now_ns() noexcept;

/**
 * A request that is the backend's. Its parts hold it by shared pointers; when the last lets go, it has been answered
 * exactly once (decoupled: its last response was sent) and is released: whatever path was taken.
 */
class Request {
public:
    Request(Instance& instance, TRITONBACKEND_Request* request, std::shared_ptr<Execution> execution);
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    /** From here on the request is the backend's to answer and release. */
    void take_over() noexcept;

    /** Reads and checks the mel: [items, mels, frames], or [mels, frames] where there is no batch dimension; in a
     * sequence one item of 0 frames or more. */
    void read();

    int32_t items() const noexcept { return items_; }
    int32_t frames() const noexcept { return frames_; }
    const float* mel(int32_t item) const noexcept;

    /** Says that the first of its windows is in a run that begins now: until then it was queued. */
    void begin() noexcept;

    /** Takes what came of an item: samples in order, then, once, is_last with a status. Never throws. */
    void receive(int32_t item, int32_t status, const char* message, const float* samples, int32_t first, int32_t count,
                 bool is_last) noexcept;

    /** Of a piece of a sequence: says how many samples the answer has. Before the first are received. */
    void expect(int32_t samples);

    /** Says that the request only fills a place in the core's batch: its answer has no output. */
    void answer_nothing() noexcept { has_output_ = false; }

    bool has_failed();
    /** Notes why the request fails, if nothing was noted before. */
    void fail(TRITONSERVER_Error_Code code, const char* message) noexcept;
    /** The same with the exception being handled. */
    void fail_with_current_exception() noexcept;

    /** The tickets by which the scheduler knows the items; 0 for those that were not submitted. */
    std::vector<int64_t> tickets();
    void set_ticket(int32_t item, int64_t ticket);

    /** Asks the core whether the client has gone. */
    bool is_cancelled() const noexcept;

private:
    void take(int32_t item, const float* samples, int32_t first, int32_t count, bool is_last);
    void write(int32_t item, const float* samples, int32_t first, int32_t count);
    OutputValues make_output(TRITONBACKEND_Response* response, int64_t samples);
    void send_part(const float* samples, int32_t count, bool is_last);
    void answer() noexcept;
    void report() noexcept;

    Instance& instance_;
    TRITONBACKEND_Request* const request_;
    const std::shared_ptr<Execution> execution_;
    std::atomic<uint64_t> run_start_ns_{0};
    uint64_t compute_end_ns_ = 0;
    bool is_ours_ = false;
    bool has_output_ = true;

    int32_t items_ = 0;
    int32_t frames_ = 0;
    int32_t samples_ = 0;
    InputValues mel_;

    std::mutex mutex_;
    TRITONSERVER_Error* error_ = nullptr;
    TRITONBACKEND_Response* response_ = nullptr;
    OutputValues audio_;
    /** The last response has gone. */
    bool is_answered_ = false;
    std::vector<int64_t> tickets_;
};

}  // namespace trtv::triton
