// A double of libtrtvocoder.so, as far as the backend and its host use it: what it decodes is a formula, which the
// scheduler computes window by window on a thread, the session at once and the stream as its frames come. Mels whose
// first value is one of the magic numbers of vocoder.h make it fail. A model is a file that begins with "double".
#include "doubles/vocoder.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "trtvocoder.h"

#define TRTV_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr int32_t mels = 100;
constexpr int32_t hop = 256;
constexpr int32_t window = 256;

thread_local std::string last_message;
thread_local int32_t last_status = 0;
thread_local int32_t last_kind = 0;
/** TrtVocoder.FailureKind.ContextLost. */
constexpr int32_t context_lost = 23;

int32_t failed(int32_t status, const char* message, int32_t kind = 0) {
    last_kind = kind;
    last_status = status;
    last_message = message;
    return status;
}

int32_t sample_count(int32_t frames) { return (frames - 1) * hop; }

/** Host memory of an address on a GPU; NULL, and why, where there is none. */
void* memory_of(int32_t device, uint64_t address) {
    if (device == doubles::gpu_that_is_lost) {
        failed(TRTVOCODER_ERROR_CUDA, "The GPU's context is lost.", context_lost);
    } else if (device < 0 || device > 1 || (address & doubles::gpu_address_bit) == 0) {
        failed(TRTVOCODER_ERROR_CUDA, "There is no such memory on the GPU.");
    } else {
        return reinterpret_cast<void*>(address & ~doubles::gpu_address_bit);
    }
    return nullptr;
}

/** The samples [first, first + count) of a mel. */
void compute(const float* mel, int32_t frames, int32_t first, int32_t count, float* audio) {
    for (int32_t index = 0; index < count; index++) {
        const int32_t sample = first + index;
        const int32_t frame = sample / hop;
        const int32_t band = sample % hop % mels;
        audio[index] = std::sin(mel[band * frames + frame] + 0.5F * mel[band * frames + frame + 1]);
    }
}

/** Holds pushes up that come to it. */
struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = true;

    void set(bool opens) {
        {
            const std::lock_guard lock(mutex);
            is_open = opens;
        }
        changed.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return is_open; });
    }
};
Gate gate;

bool is_finite(const float* mel, int64_t count) {
    for (int64_t index = 0; index < count; index++) {
        if (!std::isfinite(mel[index])) return false;
    }
    return true;
}

struct Job {
    int64_t ticket;
    std::vector<float> mel;
    int32_t frames;
    trtvocoder_request_callback callback;
    void* user;
    std::vector<float> audio;
    int32_t done = 0;
    int32_t sent = 0;
    std::atomic<bool> is_cancelled{false};
};

}  // namespace

struct trtvocoder_vocoder {
    int32_t unused;
};
struct trtvocoder_session {
    int32_t unused;
};
struct trtvocoder_stream {
    /** Frames that must follow before samples are finished, beside the one that they are of. */
    static constexpr int32_t lookahead = 3;

    /** [frames, mels]. */
    std::vector<float> mel;
    std::vector<float> finished;
    int32_t frames = 0;
    int32_t done = 0;
    bool is_over = false;

    void finish(int32_t last) {
        for (; done < last; done++) {
            for (int32_t sample = 0; sample < hop; sample++) {
                const auto band = mel.begin() + done * mels + sample % mels;
                finished.push_back(std::sin(band[0] + 0.5F * band[mels]));
            }
        }
    }
};
struct trtvocoder_scheduler {
    trtvocoder_scheduler_options options;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::shared_ptr<Job>> waiting;
    std::shared_ptr<Job> running;
    int64_t tickets = 0;
    trtvocoder_scheduler_statistics statistics{};
    std::atomic<bool> is_lost{false};
    bool is_ending = false;
    std::thread worker;

    int32_t windows_of(int32_t frames) const { return (frames + window - 1) / window; }

    int32_t waiting_windows() const {
        int32_t windows = 0;
        for (const auto& job : waiting) windows += windows_of(job->frames);
        return windows;
    }

    void end(const Job& job, int32_t status, const char* message) {
        {
            const std::lock_guard lock(mutex);
            statistics.open_requests--;
            (status == 0                            ? statistics.requests_completed
             : status == TRTVOCODER_ERROR_CANCELLED ? statistics.requests_cancelled
                                                    : statistics.requests_failed)++;
        }
        if (status != 0) {
            job.callback(job.user, status, message, nullptr, job.done, 0, 1);
        } else if (options.sends_parts != 0) {
            job.callback(job.user, 0, "", job.audio.data() + job.sent, job.sent, job.done - job.sent, 1);
        } else {
            job.callback(job.user, 0, "", job.audio.data(), 0, static_cast<int32_t>(job.audio.size()), 1);
        }
    }

    void run() {
        for (;;) {
            std::shared_ptr<Job> job;
            {
                std::unique_lock lock(mutex);
                running = nullptr;
                changed.notify_all();
                changed.wait(lock, [&] { return is_ending || !waiting.empty(); });
                if (waiting.empty()) return;
                job = waiting.front();
                waiting.pop_front();
                running = job;
            }
            if (options.tells_start != 0 && sample_count(job->frames) > 0) {
                job->callback(job->user, 0, "", nullptr, 0, 0, 0);
            }
            // Holds on to its windows until it is cancelled or the scheduler ends.
            if (job->mel[0] == doubles::never_ends) {
                std::unique_lock lock(mutex);
                changed.wait(lock, [&] { return is_ending || job->is_cancelled; });
                job->is_cancelled = true;
            }
            decode(*job);
        }
    }

    void decode(Job& job) {
        const int32_t total = sample_count(job.frames);
        while (job.done < total) {
            {
                const std::lock_guard lock(mutex);
                if (is_lost || job.is_cancelled) break;
                statistics.batches_run++;
                statistics.windows_run++;
                statistics.slots_offered++;
            }
            if (job.mel[0] == doubles::model_fails)
                return end(job, TRTVOCODER_ERROR_MODEL, "The output is not finite.");
            const int32_t count = std::min(window * hop, total - job.done);
            job.audio.resize(static_cast<size_t>(job.done + count));
            compute(job.mel.data(), job.frames, job.done, count, job.audio.data() + job.done);
            job.done += count;
            // The last part goes with the end.
            if (options.sends_parts != 0 && job.done < total) {
                job.callback(job.user, 0, "", job.audio.data() + job.sent, job.sent, count, 0);
                job.sent = job.done;
            }
        }
        if (job.is_cancelled) return end(job, TRTVOCODER_ERROR_CANCELLED, "The request was cancelled.");
        if (is_lost) return end(job, TRTVOCODER_ERROR_CUDA, "The GPU's context is lost.");
        end(job, 0, "");
    }
};

TRTV_EXPORT int32_t trtvocoder_get_abi_version() noexcept { return TRTVOCODER_ABI_VERSION; }
TRTV_EXPORT const char* trtvocoder_get_version() noexcept { return "double"; }

TRTV_EXPORT int32_t trtvocoder_get_last_error(trtvocoder_error* error) noexcept {
    error->status = last_status;
    error->kind = last_kind;
    error->native_code = 0;
    error->message = last_message.c_str();
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_log_set_callback(trtvocoder_log_callback, void*, int32_t) noexcept { return 0; }

TRTV_EXPORT int32_t trtvocoder_vocoder_load_file(const char* path, const trtvocoder_options*,
                                                 trtvocoder_vocoder** vocoder) noexcept {
    *vocoder = nullptr;
    std::string word;
    std::ifstream file(path);
    if (!file) return failed(TRTVOCODER_ERROR_FILE_SYSTEM, "The model is missing.");
    file >> word;
    if (word != "double") return failed(TRTVOCODER_ERROR_BAD_DATA, "The model is damaged.");
    *vocoder = new trtvocoder_vocoder{};
    return 0;
}

TRTV_EXPORT void trtvocoder_vocoder_destroy(trtvocoder_vocoder* vocoder) noexcept { delete vocoder; }

TRTV_EXPORT int32_t trtvocoder_vocoder_get_info(trtvocoder_vocoder*, trtvocoder_info* info) noexcept {
    *info = trtvocoder_info{};
    info->struct_size = sizeof(*info);
    info->sample_rate = 24000;
    info->mel_count = mels;
    info->hop_length = hop;
    info->min_frames = 1;
    info->backend = "double";
    info->notes = "";
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_vocoder_get_sample_count(trtvocoder_vocoder*, int32_t frames,
                                                        int32_t* samples) noexcept {
    *samples = sample_count(frames);
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_vocoder_copy_from_device(trtvocoder_vocoder*, int32_t device, uint64_t source,
                                                        void* destination, int64_t size) noexcept {
    const void* const from = memory_of(device, source);
    if (from == nullptr) return last_status;
    std::memcpy(destination, from, static_cast<size_t>(size));
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_vocoder_copy_to_device(trtvocoder_vocoder*, int32_t device, const void* source,
                                                      uint64_t destination, int64_t size) noexcept {
    void* const to = memory_of(device, destination);
    if (to == nullptr) return last_status;
    std::memcpy(to, source, static_cast<size_t>(size));
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_session_create(trtvocoder_vocoder*, int32_t, trtvocoder_session** session) noexcept {
    *session = new trtvocoder_session{};
    return 0;
}

TRTV_EXPORT void trtvocoder_session_destroy(trtvocoder_session* session) noexcept { delete session; }

TRTV_EXPORT int32_t trtvocoder_session_decode(trtvocoder_session*, const float* mel, int32_t batch, int32_t frames,
                                              float* audio, int64_t capacity, int32_t* samples) noexcept {
    if (mel[0] == doubles::shuts_gate || mel[0] == doubles::opens_gate) gate.set(mel[0] == doubles::opens_gate);
    const int32_t count = sample_count(frames);
    if (capacity < static_cast<int64_t>(batch) * count) {
        return failed(TRTVOCODER_ERROR_INVALID_ARGUMENT, "The audio is too short.");
    }
    for (int32_t item = 0; item < batch; item++) {
        compute(mel + static_cast<size_t>(item) * mels * static_cast<size_t>(frames), frames, 0, count,
                audio + static_cast<size_t>(item) * static_cast<size_t>(count));
    }
    if (samples != nullptr) *samples = count;
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_stream_create(trtvocoder_vocoder*, const trtvocoder_stream_options*,
                                             trtvocoder_stream** stream) noexcept {
    *stream = new trtvocoder_stream{};
    return 0;
}

TRTV_EXPORT void trtvocoder_stream_destroy(trtvocoder_stream* stream) noexcept { delete stream; }

TRTV_EXPORT int32_t trtvocoder_stream_warm_up(trtvocoder_stream*, int32_t chunk_frames) noexcept {
    return chunk_frames < 1 ? failed(TRTVOCODER_ERROR_INVALID_ARGUMENT, "chunk_frames is below 1.") : 0;
}

TRTV_EXPORT int32_t trtvocoder_stream_push(trtvocoder_stream* stream, const float* mel, int32_t frames,
                                           int32_t* available) noexcept {
    *available = 0;
    if (mel == nullptr) return failed(TRTVOCODER_ERROR_INVALID_ARGUMENT, "The mel is NULL.");
    if (stream->is_over) return failed(TRTVOCODER_ERROR_INVALID_STATE, "The utterance is over.");
    if (!is_finite(mel, static_cast<int64_t>(frames) * mels)) {
        return failed(TRTVOCODER_ERROR_BAD_DATA, "The mel holds NaN or infinity.");
    }
    const float first = frames > 0 ? mel[0] : 0;
    if (first == doubles::waits_at_gate) gate.pass();
    stream->is_over = true;
    if (first == doubles::model_fails) return failed(TRTVOCODER_ERROR_MODEL, "The output is not finite.");
    if (first == doubles::gpu_is_full) return failed(TRTVOCODER_ERROR_CUDA, "The GPU is out of memory.");
    if (first == doubles::context_is_lost)
        return failed(TRTVOCODER_ERROR_CUDA, "The GPU's context is lost.", context_lost);
    stream->is_over = false;
    for (int32_t frame = 0; frame < frames; frame++) {
        for (int32_t band = 0; band < mels; band++) stream->mel.push_back(mel[band * frames + frame]);
    }
    stream->frames += frames;
    stream->finish(stream->frames - 1 - trtvocoder_stream::lookahead);
    *available = static_cast<int32_t>(stream->finished.size());
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_stream_complete(trtvocoder_stream* stream, int32_t* available) noexcept {
    stream->finish(stream->frames - 1);
    stream->is_over = true;
    *available = static_cast<int32_t>(stream->finished.size());
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_stream_read(trtvocoder_stream* stream, float* audio, int64_t capacity,
                                           int32_t* samples) noexcept {
    auto& finished = stream->finished;
    *samples = static_cast<int32_t>(std::min(capacity, static_cast<int64_t>(finished.size())));
    std::copy_n(finished.begin(), *samples, audio);
    finished.erase(finished.begin(), finished.begin() + *samples);
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_stream_reset(trtvocoder_stream* stream) noexcept {
    *stream = {};
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_scheduler_create(trtvocoder_vocoder*, const trtvocoder_scheduler_options* options,
                                                trtvocoder_scheduler** scheduler) noexcept {
    *scheduler = new trtvocoder_scheduler{};
    (*scheduler)->options = *options;
    if (options->max_queued_windows == 0) (*scheduler)->options.max_queued_windows = 4096;
    (*scheduler)->worker = std::thread([made = *scheduler] { made->run(); });
    return 0;
}

TRTV_EXPORT void trtvocoder_scheduler_destroy(trtvocoder_scheduler* scheduler) noexcept {
    if (scheduler == nullptr) return;
    {
        const std::lock_guard lock(scheduler->mutex);
        scheduler->is_ending = true;
        for (const auto& job : scheduler->waiting) job->is_cancelled = true;
    }
    scheduler->changed.notify_all();
    scheduler->worker.join();
    delete scheduler;
}

TRTV_EXPORT int32_t trtvocoder_scheduler_warm_up(trtvocoder_scheduler*) noexcept { return 0; }

TRTV_EXPORT int32_t trtvocoder_scheduler_submit(trtvocoder_scheduler* scheduler, const float* mel, int32_t frames,
                                                trtvocoder_request_callback callback, void* user,
                                                int64_t* ticket) noexcept {
    *ticket = 0;
    const int64_t values = static_cast<int64_t>(frames) * mels;
    if (!is_finite(mel, values)) return failed(TRTVOCODER_ERROR_BAD_DATA, "The mel holds NaN or infinity.");
    auto job = std::make_shared<Job>();
    job->mel.assign(mel, mel + values);
    job->frames = frames;
    job->callback = callback;
    job->user = user;
    {
        const std::lock_guard lock(scheduler->mutex);
        if (mel[0] == doubles::context_is_lost) scheduler->is_lost = true;
        if (scheduler->is_lost) return failed(TRTVOCODER_ERROR_CUDA, "The GPU's context is lost.", context_lost);
        const int32_t windows = scheduler->windows_of(frames);
        if (!scheduler->waiting.empty() &&
            scheduler->waiting_windows() + windows > scheduler->options.max_queued_windows) {
            scheduler->statistics.requests_refused++;
            return failed(TRTVOCODER_ERROR_BUSY, "Too many windows wait.");
        }
        job->ticket = *ticket = ++scheduler->tickets;
        scheduler->statistics.requests_submitted++;
        scheduler->statistics.open_requests++;
        scheduler->statistics.frames_asked += frames;
        scheduler->waiting.push_back(job);
    }
    scheduler->changed.notify_all();
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_scheduler_cancel(trtvocoder_scheduler* scheduler, int64_t ticket) noexcept {
    {
        const std::lock_guard lock(scheduler->mutex);
        if (ticket < 1 || ticket > scheduler->tickets) {
            return failed(TRTVOCODER_ERROR_INVALID_ARGUMENT, "No such ticket was ever given.");
        }
        if (scheduler->running != nullptr && scheduler->running->ticket == ticket) {
            scheduler->running->is_cancelled = true;
        }
        for (const auto& job : scheduler->waiting) {
            if (job->ticket == ticket) job->is_cancelled = true;
        }
    }
    scheduler->changed.notify_all();
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_scheduler_wait_for_room(trtvocoder_scheduler* scheduler, int32_t windows,
                                                       int32_t timeout_ms) noexcept {
    std::unique_lock lock(scheduler->mutex);
    const auto has_room = [&] {
        return scheduler->is_lost || scheduler->waiting.empty() ||
               scheduler->waiting_windows() + windows <= scheduler->options.max_queued_windows;
    };
    if (!scheduler->changed.wait_for(lock, std::chrono::milliseconds(timeout_ms), has_room)) {
        return failed(TRTVOCODER_ERROR_BUSY, "There was no room in time.");
    }
    return scheduler->is_lost ? failed(TRTVOCODER_ERROR_CUDA, "The GPU's context is lost.", context_lost) : 0;
}

TRTV_EXPORT int32_t trtvocoder_scheduler_get_window_count(trtvocoder_scheduler* scheduler, int32_t frames,
                                                          int32_t* windows) noexcept {
    *windows = scheduler->windows_of(frames);
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_scheduler_get_memory(trtvocoder_scheduler* scheduler, int64_t* device_bytes,
                                                    int64_t* host_bytes) noexcept {
    const std::lock_guard lock(scheduler->mutex);
    *device_bytes = 3000 + (scheduler->tickets > 0 ? 500 : 0);
    *host_bytes = 2000;
    return 0;
}

TRTV_EXPORT int32_t trtvocoder_scheduler_get_statistics(trtvocoder_scheduler* scheduler,
                                                        trtvocoder_scheduler_statistics* statistics) noexcept {
    const std::lock_guard lock(scheduler->mutex);
    *statistics = scheduler->statistics;
    statistics->struct_size = sizeof(*statistics);
    statistics->batch = 1;
    statistics->lanes = 1;
    statistics->queued_windows = scheduler->waiting_windows();
    return 0;
}
