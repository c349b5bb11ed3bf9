#include "doubles/sequence_batcher.h"

#include <algorithm>

namespace doubles {

SequenceBatcher::SequenceBatcher(const nlohmann::json& config) {
    const nlohmann::json& batching = config.at("sequence_batching");
    is_oldest_ = batching.contains("oldest");
    max_batch_ = static_cast<size_t>(std::max(1, config.value("max_batch_size", 0)));
    idle_limit_ = std::chrono::microseconds(batching.value("max_sequence_idle_microseconds", 1000000));
    const int candidates = is_oldest_ ? batching["oldest"].value("max_candidate_sequences", 0) : 0;
    slots_.resize(candidates > 0 ? static_cast<size_t>(candidates) : max_batch_);
}

std::string SequenceBatcher::add(TRITONSERVER_InferenceRequest* request, const std::string& id, bool is_first,
                                 bool is_last) {
    if (id.empty()) return "a request must specify a non-zero or non-empty correlation ID";
    reap();
    fill();
    Sequence* sequence = find(id);
    if (sequence == nullptr && !is_first) return "the sequence's first request must specify the START flag";
    if (sequence == nullptr) {
        backlog_.push_back({id, {}, {}});
        sequence = &backlog_.back();
    }
    sequence->requests.push_back(request);
    sequence->last = Clock::now();
    if (is_last) sequence->id.clear();
    fill();
    return "";
}

std::vector<TRITONSERVER_InferenceRequest*> SequenceBatcher::next() {
    reap();
    fill();
    std::vector<TRITONSERVER_InferenceRequest*> batch;
    size_t real = 0;
    for (Slot& slot : slots_) {
        if (batch.size() == max_batch_) break;
        const bool has_one = !slot.requests.empty() && !(is_oldest_ && slot.in_flight != nullptr);
        if (has_one) {
            slot.in_flight = slot.requests.front();
            batch.push_back(slot.requests.front());
            slot.requests.pop_front();
            real = batch.size();
        } else if (!is_oldest_) {
            batch.push_back(nullptr);
        }
    }
    batch.resize(real);
    fill();
    return batch;
}

void SequenceBatcher::release(const TRITONSERVER_InferenceRequest* request) {
    for (Slot& slot : slots_) {
        if (slot.in_flight == request) slot.in_flight = nullptr;
    }
}

/** Forgets sequences of which nothing came for too long. */
void SequenceBatcher::reap() {
    for (Slot& slot : slots_) {
        if (slot.requests.empty() && Clock::now() - slot.last > idle_limit_) slot.id.clear();
    }
}

/** Lets sequences that wait have the free slots. */
void SequenceBatcher::fill() {
    for (Slot& slot : slots_) {
        if (backlog_.empty()) return;
        if (!slot.is_free()) continue;
        static_cast<Sequence&>(slot) = std::move(backlog_.front());
        backlog_.pop_front();
    }
}

SequenceBatcher::Sequence* SequenceBatcher::find(const std::string& id) {
    for (Sequence& sequence : slots_) {
        if (sequence.id == id) return &sequence;
    }
    for (Sequence& sequence : backlog_) {
        if (sequence.id == id) return &sequence;
    }
    return nullptr;
}

}  // namespace doubles
