#include "sequences.h"

#include <algorithm>

namespace trtv::triton {
namespace {

/** The core counts from when a request came to it, which is earlier than when it came here. */
constexpr auto idle_slack = std::chrono::milliseconds(250);
constexpr int32_t most_lanes = 4;
constexpr size_t queued_per_stream = 4;
/** That waits are not for ever: such a wait is a symbol of libstdc++ that GCC 11's lacks. */
constexpr auto long_wait = std::chrono::hours(1);

int32_t lane_count(const ModelConfig& config) {
    const int32_t asked = config.scheduler.lanes;
    const int32_t cores = std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency()));
    return std::min(asked > 0 ? asked : std::min(most_lanes, cores), config.sequences->streams);
}

}  // namespace

Place Place::of(TRITONBACKEND_Request* request) {
    Place place;
    uint32_t flags = 0;
    check(TRITONBACKEND_RequestFlags(request, &flags));
    place.is_first = (flags & TRITONSERVER_REQUEST_FLAG_SEQUENCE_START) != 0;
    place.is_last = (flags & TRITONSERVER_REQUEST_FLAG_SEQUENCE_END) != 0;
    uint64_t number = 0;
    if (TRITONSERVER_Error* const not_a_number = TRITONBACKEND_RequestCorrelationId(request, &number)) {
        TRITONSERVER_ErrorDelete(not_a_number);
        const char* text = nullptr;
        check(TRITONBACKEND_RequestCorrelationIdString(request, &text));
        place.sequence = '"' + std::string(text) + '"';
    } else if (number != 0) {
        place.sequence = std::to_string(number);
    }
    return place;
}

Sequences::Sequences(trtvocoder_vocoder* vocoder, const ModelConfig& config, OnLost on_lost)
    : on_lost_(std::move(on_lost)),
      has_enough_(config.sequences->streams >= config.sequences->slots),
      most_queued_(queued_per_stream * static_cast<size_t>(config.sequences->streams)),
      idle_limit_(config.sequences->max_idle + idle_slack) {
    make_streams(vocoder, config);
    try {
        for (int32_t lane = lane_count(config); lane > 0; lane--) lanes_.emplace_back([this] { run(); });
    } catch (...) {
        end_lanes();
        throw;
    }
}

void Sequences::make_streams(trtvocoder_vocoder* vocoder, const ModelConfig& config) {
    const VocoderLibrary& library = VocoderLibrary::instance();
    const auto count = static_cast<size_t>(config.sequences->streams);
    streams_.reserve(count);
    free_.reserve(count);
    while (streams_.size() < count) {
        trtvocoder_stream* stream = nullptr;
        library.check(library.stream_create(vocoder, nullptr, &stream));
        streams_.emplace_back(stream);
        if (config.warms_up) library.check(library.stream_warm_up(stream, config.sequences->chunk_frames));
        free_.push_back(stream);
    }
}

void Sequences::end_lanes() noexcept {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& lane : lanes_) lane.join();
}

Sequences::~Sequences() {
    end_lanes();
    for (List* const list : {&ready_, &waiting_}) {
        for (const Sequence& sequence : *list) {
            for (const Piece& piece : sequence.pieces) {
                piece.request->fail(TRITONSERVER_ERROR_CANCELLED,
                                    "The model was unloaded before the piece was decoded.");
            }
        }
    }
}

void Sequences::add(const Place& place, std::shared_ptr<Request> request) {
    std::unique_lock lock(mutex_);
    if (queued_ >= most_queued_) {
        is_full_ = true;
        while (!room_.wait_for(lock, long_wait, [this] { return queued_ < most_queued_; })) {
        }
        is_full_ = false;
        full_until_ = Clock::now();
    }
    auto found = by_name_.find(place.sequence);
    if (found == by_name_.end()) {
        List made;
        made.push_back({place.sequence, &idle_, {}, nullptr, nullptr, Clock::now()});
        found = by_name_.emplace(place.sequence, made.begin()).first;
        idle_.splice(idle_.end(), made);
    }
    const List::iterator sequence = found->second;
    sequence->pieces.push_back({std::move(request), place.is_first, place.is_last});
    queued_++;
    if (sequence->list != &idle_) return;
    move(sequence, ready_);
    changed_.notify_one();
}

void Sequences::run() noexcept {
    std::vector<float> audio;
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait_for(lock, long_wait, [this] { return is_ending_ || !ready_.empty(); });
        if (is_ending_) return;
        if (ready_.empty()) continue;
        const List::iterator sequence = ready_.begin();
        if (can_begin(sequence)) serve(sequence, lock, audio);
    }
}

/** Does what the first piece of a sequence asks for, and answers it. */
void Sequences::serve(List::iterator sequence, std::unique_lock<std::mutex>& lock, std::vector<float>& audio) noexcept {
    move(sequence, running_);
    Piece piece = std::move(sequence->pieces.front());
    sequence->pieces.pop_front();
    queued_--;
    lock.unlock();
    room_.notify_one();
    decode(*sequence, piece, audio);
    lock.lock();
    settle(sequence, piece);
    // Its answer lets the core hand over the next one, for which the stream is to be free.
    lock.unlock();
    piece.request.reset();
    lock.lock();
}

/** Gives a sequence that begins a stream, if there is one; false where it has to wait for one. */
bool Sequences::can_begin(List::iterator sequence) noexcept {
    const Piece& piece = sequence->pieces.front();
    if (!piece.is_first || sequence->stream != nullptr || piece.request->is_cancelled()) return true;
    if (!free_.empty()) {
        sequence->stream = free_.back();
        free_.pop_back();
        return true;
    }
    if (!has_enough_) return true;
    move(sequence, waiting_);
    return false;
}

/** Does what a piece asks for. What there is to say of it is its request's, which is answered later. */
void Sequences::decode(Sequence& sequence, const Piece& piece, std::vector<float>& audio) noexcept {
    Request& request = *piece.request;
    try {
        if (piece.is_first) sequence.end = nullptr;
        if (request.is_cancelled()) {
            sequence.end = "a request of it was cancelled";
            cancelled_++;
            throw Failure(TRITONSERVER_ERROR_CANCELLED, "The request was cancelled before its piece was decoded.");
        }
        if (sequence.stream == nullptr && piece.is_first) {
            sequence.end = "no stream was free when it began";
            throw Failure(TRITONSERVER_ERROR_UNAVAILABLE,
                          "All " + std::to_string(streams_.size()) +
                              " streams are taken by open sequences: begin again when one has ended, or raise the "
                              "parameter streams in config.pbtxt.");
        }
        if (sequence.stream == nullptr) {
            throw Failure(TRITONSERVER_ERROR_INVALID_ARG,
                          "The sequence " + sequence.name +
                              (sequence.end == nullptr ? " is not open, or was idle for too long"
                                                       : std::string(" is over: ") + sequence.end) +
                              "; begin it again by a request with the START flag.");
        }
        const VocoderLibrary& library = VocoderLibrary::instance();
        if (piece.is_first) library.check(library.stream_reset(sequence.stream));
        if (!request.has_failed()) push(sequence, piece, audio);
    } catch (const LostContext& lost) {
        on_lost_(lost.what());
        request.fail_with_current_exception();
    } catch (...) {
        request.fail_with_current_exception();
    }
}

void Sequences::push(Sequence& sequence, const Piece& piece, std::vector<float>& audio) {
    const VocoderLibrary& library = VocoderLibrary::instance();
    Request& request = *piece.request;
    request.begin();
    // A piece of no frames has no mel, but NULL is none.
    static constexpr float no_mel = 0;
    int32_t available = 0;
    int32_t status = library.stream_push(sequence.stream, request.frames() == 0 ? &no_mel : request.mel(0),
                                         request.frames(), &available);
    if (status == TRTVOCODER_ERROR_BAD_DATA || status == TRTVOCODER_ERROR_INVALID_ARGUMENT) library.check(status);
    // Whatever fails from here on has taken the piece.
    sequence.end = "a piece of it could not be decoded";
    if (status == TRTVOCODER_OK && piece.is_last) status = library.stream_complete(sequence.stream, &available);
    library.check(status);
    audio.resize(static_cast<size_t>(available));
    int32_t count = 0;
    if (available > 0) library.check(library.stream_read(sequence.stream, audio.data(), available, &count));
    request.expect(count);
    request.receive(0, TRTVOCODER_OK, "", audio.data(), 0, count, true);
    if (request.has_failed()) return;
    sequence.end = nullptr;
    pushes_++;
    frames_ += request.frames();
}

/** What becomes of a sequence after one of its pieces. */
void Sequences::settle(List::iterator sequence, const Piece& piece) noexcept {
    if (piece.is_last) sequence->end = nullptr;
    if (piece.is_last || sequence->end != nullptr) free_stream(*sequence);
    sequence->last_used = Clock::now();
    if (!sequence->pieces.empty()) {
        move(sequence, ready_);
        changed_.notify_one();
    } else if (sequence->stream != nullptr || sequence->end != nullptr) {
        move(sequence, idle_);
    } else {
        forget(sequence);
    }
}

/** Lets the longest waiting sequence have the stream. */
void Sequences::free_stream(Sequence& sequence) noexcept {
    if (sequence.stream == nullptr) return;
    if (waiting_.empty()) {
        free_.push_back(sequence.stream);
    } else {
        waiting_.front().stream = sequence.stream;
        move(waiting_.begin(), ready_);
        changed_.notify_one();
    }
    sequence.stream = nullptr;
}

void Sequences::move(List::iterator sequence, List& list) noexcept {
    list.splice(list.end(), *sequence->list, sequence);
    sequence->list = &list;
}

void Sequences::forget(List::iterator sequence) noexcept {
    by_name_.erase(by_name_.find(sequence->name));
    sequence->list->erase(sequence);
}

void Sequences::look_after() noexcept {
    std::unique_lock lock(mutex_);
    const auto is_cancelled = [](const Sequence& sequence) { return sequence.pieces.front().request->is_cancelled(); };
    std::vector<float> no_audio;
    for (List* const list : {&waiting_, &ready_}) {
        for (;;) {
            const auto sequence = std::find_if(list->begin(), list->end(), is_cancelled);
            if (sequence == list->end()) break;
            // Not by a lane: all may be at work for long.
            serve(sequence, lock, no_audio);
        }
    }
    // Nothing can come of a sequence meanwhile; but where none is at work and none can begin, only idle ones make room.
    const bool is_stuck = !waiting_.empty() && ready_.empty() && running_.empty();
    if (is_full_ && !is_stuck) return;
    const auto now = Clock::now();
    for (auto next = idle_.begin(); next != idle_.end();) {
        const auto sequence = next++;
        if (idle_end(*sequence) > now) continue;
        free_stream(*sequence);
        forget(sequence);
    }
}

Sequences::Clock::time_point Sequences::idle_end(const Sequence& sequence) const noexcept {
    return std::max(sequence.last_used, full_until_) + idle_limit_;
}

std::chrono::milliseconds Sequences::time_to_look() noexcept {
    const std::lock_guard lock(mutex_);
    Clock::duration time = long_wait;
    const auto now = Clock::now();
    for (const Sequence& sequence : idle_) time = std::min(time, idle_end(sequence) - now);
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(time), std::chrono::milliseconds(1));
}

SequenceStatistics Sequences::statistics() noexcept {
    const std::lock_guard lock(mutex_);
    // A stream that is not free is a sequence's.
    return {pushes_, frames_, cancelled_, static_cast<int32_t>(streams_.size() - free_.size())};
}

}  // namespace trtv::triton
