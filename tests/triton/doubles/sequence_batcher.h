// Which requests of sequences the double of the core hands over next, and which it refuses, as the core's own sequence
// batcher does for one instance: by the strategies oldest and direct.
#pragma once

#include <chrono>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

struct TRITONSERVER_InferenceRequest;

namespace doubles {

class SequenceBatcher {
public:
    /** Of config.pbtxt with sequence_batching. */
    explicit SequenceBatcher(const nlohmann::json& config);

    /** Takes a request; gives "" or why it is refused. */
    std::string add(TRITONSERVER_InferenceRequest* request, const std::string& id, bool is_first, bool is_last);

    /** The next requests to be handed over; NULL is one that fills the place of a slot without. Empty: there are none.
     */
    std::vector<TRITONSERVER_InferenceRequest*> next();

    /** The backend has given a request back. */
    void release(const TRITONSERVER_InferenceRequest* request);

private:
    using Clock = std::chrono::steady_clock;

    struct Sequence {
        /** "" where its last request has come. */
        std::string id;
        std::deque<TRITONSERVER_InferenceRequest*> requests;
        Clock::time_point last;
    };
    struct Slot : Sequence {
        const TRITONSERVER_InferenceRequest* in_flight = nullptr;
        bool is_free() const { return id.empty() && requests.empty(); }
    };

    void reap();
    void fill();
    Sequence* find(const std::string& id);

    bool is_oldest_;
    size_t max_batch_;
    std::chrono::microseconds idle_limit_;
    std::vector<Slot> slots_;
    std::deque<Sequence> backlog_;
};

}  // namespace doubles
