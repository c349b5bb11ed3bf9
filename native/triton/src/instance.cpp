#include "instance.h"

#include <chrono>

#include "memory_report.h"

namespace trtv::triton {
namespace {

/** How often the core is asked whether clients have gone: it tells nobody of itself. */
constexpr auto poll_interval = std::chrono::milliseconds(5);
constexpr int32_t room_wait_ms = 20;
constexpr int polls_between_metrics = 20;

/** What a callback of the scheduler's is for; it holds the request until its last call. */
struct Part {
    std::shared_ptr<Request> request;
    int32_t item;
};

void receive(void* user, int32_t status, const char* message, const float* samples, int32_t first, int32_t count,
             int32_t is_last) noexcept {
    Part* const part = static_cast<Part*>(user);
    if (is_last == 0 && count == 0) {
        part->request->begin();
        return;
    }
    part->request->receive(part->item, status, message, samples, first, count, is_last != 0);
    if (is_last != 0) delete part;
}

}  // namespace

Instance::Instance(Model& model, TRITONBACKEND_ModelInstance* instance) : model_(model), handle_(instance) {
    const char* name = nullptr;
    check(TRITONBACKEND_ModelInstanceName(instance, &name));
    name_ = name;
    TRITONSERVER_InstanceGroupKind kind{};
    check(TRITONBACKEND_ModelInstanceKind(instance, &kind));
    check(TRITONBACKEND_ModelInstanceDeviceId(instance, &device_));
    if (kind != TRITONSERVER_INSTANCEGROUPKIND_GPU) device_ = model.config().device;
    vocoder_ = model.load(kind, device_);

    if (model.config().sequences.has_value()) {
        sequences_ =
            std::make_unique<Sequences>(vocoder(), model.config(), [this](const char* message) { note_lost(message); });
    } else {
        make_scheduler();
    }
    report_memory();
    metrics_ = std::make_unique<InstanceMetrics>(model.name(), model.version(), name_);
    watcher_ = std::thread([this] { watch(); });
    log(TRITONSERVER_LOG_INFO, name_ + ": " + info().backend + ", " + std::to_string(info().mel_count) + " mels, " +
                                   std::to_string(info().sample_rate) + " Hz");
}

void Instance::make_scheduler() {
    const VocoderLibrary& library = VocoderLibrary::instance();
    trtvocoder_scheduler* scheduler = nullptr;
    trtvocoder_scheduler_options options = model_.config().scheduler;
    options.tells_start = 1;
    library.check(library.scheduler_create(vocoder(), &options, &scheduler));
    scheduler_.reset(scheduler);
    if (model_.config().warms_up) library.check(library.scheduler_warm_up(scheduler));
}

Instance::~Instance() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_all();
    watcher_.join();
    scheduler_.reset();
    sequences_.reset();
}

Instance* Instance::find(TRITONBACKEND_ModelInstance* instance) {
    void* state = nullptr;
    check(TRITONBACKEND_ModelInstanceState(instance, &state));
    return static_cast<Instance*>(state);
}

void Instance::execute(TRITONBACKEND_Request** requests, uint32_t count) {
    std::vector<std::shared_ptr<Request>> taken;
    taken.reserve(count);
    std::vector<Place> places;
    const auto execution = std::make_shared<Execution>(now_ns(), count);
    for (uint32_t index = 0; index < count; index++) {
        taken.push_back(std::make_shared<Request>(*this, requests[index], execution));
        if (sequences_ != nullptr) places.push_back(Place::of(requests[index]));
    }
    {
        const std::lock_guard lock(mutex_);
        open_.insert(open_.end(), taken.begin(), taken.end());
    }
    // Nothing before this may be answered, nothing after it may throw.
    for (const auto& request : taken) request->take_over();
    for (uint32_t index = 0; index < count; index++) {
        // Whoever holds it last answers it.
        const auto request = std::move(taken[index]);
        if (sequences_ != nullptr) {
            add_to_sequence(places[index], request);
            continue;
        }
        const bool is_submitted = attempt(*request, [&] {
            require_ready();
            request->read();
            submit(request);
        });
        if (!is_submitted) cancel(*request);
    }
    changed_.notify_all();
}

/** Also one that is refused has its place in the sequence, which may begin or end with it. */
void Instance::add_to_sequence(const Place& place, const std::shared_ptr<Request>& request) noexcept {
    if (place.sequence.empty()) return request->answer_nothing();
    attempt(*request, [&] {
        require_ready();
        request->read();
    });
    attempt(*request, [&] { sequences_->add(place, request); });
}

/** Runs body; what it throws is why the request fails. */
template <typename Body>
bool Instance::attempt(Request& request, Body&& body) noexcept {
    try {
        body();
        return true;
    } catch (const LostContext& lost) {
        note_lost(lost.what());
        request.fail_with_current_exception();
    } catch (...) {
        request.fail_with_current_exception();
    }
    return false;
}

void Instance::submit(const std::shared_ptr<Request>& request) {
    const VocoderLibrary& library = VocoderLibrary::instance();
    int32_t windows = 0;
    library.check(library.scheduler_get_window_count(scheduler_.get(), request->frames(), &windows));
    for (int32_t item = 0; item < request->items(); item++) submit_item(request, item, windows);
}

void Instance::submit_item(const std::shared_ptr<Request>& request, int32_t item, int32_t windows) {
    const VocoderLibrary& library = VocoderLibrary::instance();
    auto part = std::make_unique<Part>(Part{request, item});
    for (;;) {
        int32_t status = library.scheduler_wait_for_room(scheduler_.get(), windows, room_wait_ms);
        int64_t ticket = 0;
        if (status == TRTVOCODER_OK) {
            status = library.scheduler_submit(scheduler_.get(), request->mel(item), request->frames(), &receive,
                                              part.get(), &ticket);
        }
        if (status == TRTVOCODER_OK) {
            part.release();
            request->set_ticket(item, ticket);
            return;
        }
        if (status != TRTVOCODER_ERROR_BUSY) library.check(status);
        if (request->is_cancelled()) {
            throw Failure(TRITONSERVER_ERROR_CANCELLED, "The request was cancelled while the scheduler was full.");
        }
    }
}

void Instance::cancel(Request& request) noexcept {
    try {
        const VocoderLibrary& library = VocoderLibrary::instance();
        for (const int64_t ticket : request.tickets()) {
            if (ticket != 0) library.check(library.scheduler_cancel(scheduler_.get(), ticket));
        }
    } catch (const std::exception& exception) {
        log(TRITONSERVER_LOG_ERROR, exception.what());
    }
}

void Instance::require_ready() {
    const std::lock_guard lock(mutex_);
    if (!is_lost_) return;
    throw Failure(TRITONSERVER_ERROR_UNAVAILABLE,
                  name_ + " serves no more, and will not until the server is started again: " + lost_message_);
}

void Instance::note_lost(const char* message) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (is_lost_) return;
        is_lost_ = true;
        try {
            lost_message_ = message;
        } catch (const std::bad_alloc&) {
            // The sentence before it has to do.
        }
    }
    log(TRITONSERVER_LOG_ERROR, name_ + " is not ready any more: " + message);
}

/** Tells the core what memory the lanes hold, which grows with shapes that were not warm. What streams hold the library
 * does not tell. */
void Instance::report_memory() noexcept {
    if (scheduler_ == nullptr) return;
    int64_t device_bytes = 0;
    int64_t host_bytes = 0;
    const VocoderLibrary& library = VocoderLibrary::instance();
    if (library.scheduler_get_memory(scheduler_.get(), &device_bytes, &host_bytes) != TRTVOCODER_OK) return;
    log_if_failed(guard([&] {
                      MemoryReport report;
                      report.add(TRITONSERVER_MEMORY_GPU, device_, device_bytes);
                      report.add(TRITONSERVER_MEMORY_CPU_PINNED, 0, host_bytes);
                      report.tell(handle_);
                  }),
                  "the memory of an instance");
}

/** Looks for clients that have gone, and brings the metrics up to date. */
void Instance::watch() noexcept {
    int polls = 0;
    int64_t batches_reported = 0;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (open_.empty()) {
                // Not for ever: that wait is a symbol of libstdc++ that GCC 11's lacks.
                const std::chrono::milliseconds time =
                    sequences_ == nullptr ? std::chrono::hours(1) : sequences_->time_to_look();
                changed_.wait_for(lock, time, [this] { return is_ending_ || !open_.empty(); });
            } else {
                changed_.wait_for(lock, poll_interval, [this] { return is_ending_; });
            }
            if (is_ending_) return;
        }
        const bool has_open = look_after();
        if (has_open && ++polls % polls_between_metrics != 0) continue;
        look_at_context();
        const Activity now = activity();
        // With requests open it would wait for their runs; without a run nothing is new.
        if (!has_open && now.scheduler.batches_run != batches_reported) {
            batches_reported = now.scheduler.batches_run;
            report_memory();
        }
        metrics_->update(now);
    }
}

/** A run that loses the context ends its requests; that the instance is lost the scheduler says to who asks. */
void Instance::look_at_context() noexcept {
    if (scheduler_ == nullptr) return;
    const VocoderLibrary& library = VocoderLibrary::instance();
    const int32_t status = library.scheduler_wait_for_room(scheduler_.get(), 0, 0);
    if (status == TRTVOCODER_OK || status == TRTVOCODER_ERROR_BUSY) return;
    try {
        library.check(status);
    } catch (const LostContext& lost) {
        note_lost(lost.what());
    } catch (const std::exception&) {
        // What else there is to say, the next request hears.
    }
}

Activity Instance::activity() noexcept {
    Activity now;
    now.scheduler.struct_size = sizeof(now.scheduler);
    if (sequences_ != nullptr) {
        now.sequences = sequences_->statistics();
        now.scheduler.frames_asked = now.sequences.frames;
        now.scheduler.requests_cancelled = now.sequences.cancelled;
    } else {
        // Of a scheduler that is there it does not fail.
        VocoderLibrary::instance().scheduler_get_statistics(scheduler_.get(), &now.scheduler);
    }
    const std::lock_guard lock(mutex_);
    now.is_ready = !is_lost_;
    return now;
}

/** Cancels what is to be cancelled; gives whether requests are open. */
bool Instance::look_after() noexcept {
    std::vector<std::shared_ptr<Request>> open;
    bool has_open = false;
    try {
        const std::lock_guard lock(mutex_);
        open.reserve(open_.size());
        size_t kept = 0;
        for (auto& weak : open_) {
            auto request = weak.lock();
            if (request == nullptr) continue;
            open.push_back(std::move(request));
            open_[kept++] = weak;
        }
        open_.resize(kept);
        has_open = kept > 0;
    } catch (const std::bad_alloc&) {
        return true;
    }
    for (const auto& request : open) {
        if (request->is_cancelled()) cancel(*request);
    }
    if (sequences_ != nullptr) sequences_->look_after();
    return has_open;
}

}  // namespace trtv::triton
