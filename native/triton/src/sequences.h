// Sequences of requests: each is an utterance whose mel comes piece by piece, and a stream of the library's.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "model_config.h"
#include "request.h"
#include "vocoder_library.h"

namespace trtv::triton {

/** Where in which sequence a request is. */
struct Place {
    /** Reads what the core says of the request. */
    static Place of(TRITONBACKEND_Request* request);

    /** The correlation ID, a string in quotes; "" of what fills a slot of a direct batch that has no request, or warms
     * up. */
    std::string sequence;
    bool is_first = false;
    bool is_last = false;
};

/** What sequences have done, and how many are open. */
struct SequenceStatistics {
    int64_t pushes = 0;
    int64_t frames = 0;
    int64_t cancelled = 0;
    int32_t open = 0;
};

/**
 * The sequences of an instance. Streams are made at the start and given to one sequence after another. Pieces of one
 * sequence are decoded in the order in which the core gave them, those of several at the same time, on the lanes'
 * threads. A piece's request is answered with the samples that are finished by then, the last one with the rest. A
 * piece that is refused adds nothing, and the sequence goes on; one that is cancelled, or that the network fails on,
 * ends it until the next first piece.
 */
class Sequences {
public:
    /** Told what a lost context said, by any thread. */
    using OnLost = std::function<void(const char* message)>;

    /** Makes the streams and the threads. */
    Sequences(trtvocoder_vocoder* vocoder, const ModelConfig& config, OnLost on_lost);
    /** Ends what waits with CANCELLED, after the pieces that are being decoded. */
    ~Sequences();
    Sequences(const Sequences&) = delete;
    Sequences& operator=(const Sequences&) = delete;

    /** Takes the next request of a sequence, also one that has failed to be read; waits while too many wait. */
    void add(const Place& place, std::shared_ptr<Request> request);

    /** Frees the streams of sequences that nothing came of for too long, and lets go what is cancelled. */
    void look_after() noexcept;
    /** How long the next look may take to come where no request is open. */
    std::chrono::milliseconds time_to_look() noexcept;

    SequenceStatistics statistics() noexcept;

private:
    using Clock = std::chrono::steady_clock;

    struct Piece {
        std::shared_ptr<Request> request;
        bool is_first;
        bool is_last;
    };
    struct Sequence;
    /** A sequence is in one of the lists, by what is to happen to it: to move it allocates nothing. */
    using List = std::list<Sequence>;
    struct Sequence {
        std::string name;
        List* list;
        std::deque<Piece> pieces;
        /** NULL of one that is not open. */
        trtvocoder_stream* stream = nullptr;
        /** Why it takes nothing until the next first piece, or NULL. */
        const char* end = nullptr;
        Clock::time_point last_used;
    };

    void make_streams(trtvocoder_vocoder* vocoder, const ModelConfig& config);
    void end_lanes() noexcept;
    void run() noexcept;
    void serve(List::iterator sequence, std::unique_lock<std::mutex>& lock, std::vector<float>& audio) noexcept;
    bool can_begin(List::iterator sequence) noexcept;
    void decode(Sequence& sequence, const Piece& piece, std::vector<float>& audio) noexcept;
    void push(Sequence& sequence, const Piece& piece, std::vector<float>& audio);
    void settle(List::iterator sequence, const Piece& piece) noexcept;
    void free_stream(Sequence& sequence) noexcept;
    void move(List::iterator sequence, List& list) noexcept;
    void forget(List::iterator sequence) noexcept;
    Clock::time_point idle_end(const Sequence& sequence) const noexcept;

    const OnLost on_lost_;
    /** The core has no more sequences open than there are streams: where none is free, one of them is over. */
    const bool has_enough_;
    const size_t most_queued_;
    const std::chrono::microseconds idle_limit_;
    std::vector<StreamHandle> streams_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable room_;
    std::unordered_map<std::string, List::iterator> by_name_;
    /** Without a piece that waits. */
    List idle_;
    /** With one. */
    List ready_;
    /** A piece of it is being decoded. */
    List running_;
    /** With a first piece, for which no stream is free. */
    List waiting_;
    std::vector<trtvocoder_stream*> free_;
    size_t queued_ = 0;
    /** The core waits to hand over more, maybe of sequences that are idle here; until when it last did. */
    bool is_full_ = false;
    Clock::time_point full_until_;
    bool is_ending_ = false;
    std::atomic<int64_t> pushes_{0};
    std::atomic<int64_t> frames_{0};
    std::atomic<int64_t> cancelled_{0};
    std::vector<std::thread> lanes_;
};

}  // namespace trtv::triton
