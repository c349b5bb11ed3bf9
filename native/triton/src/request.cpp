#include "request.h"

#include <chrono>
#include <limits>

#include "instance.h"

namespace trtv::triton {
namespace {

std::string text_of(const int64_t* shape, uint32_t dims) {
    std::string text = "[";
    for (uint32_t index = 0; index < dims; index++) text += (index == 0 ? "" : ", ") + std::to_string(shape[index]);
    return text + "]";
}

/** Notes a time unless one is noted already. */
void note(std::atomic<uint64_t>& time, uint64_t now) noexcept {
    uint64_t none = 0;
    time.compare_exchange_strong(none, now);
}

}  // namespace

uint64_t now_ns() noexcept {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

Request::Request(Instance& instance, TRITONBACKEND_Request* request, std::shared_ptr<Execution> execution)
    : instance_(instance), request_(request), execution_(std::move(execution)) {}

void Request::take_over() noexcept { is_ours_ = true; }

Request::~Request() {
    if (!is_ours_) return;
    answer();
    report();
    TRITONSERVER_ErrorDelete(error_);
    log_if_failed(TRITONBACKEND_RequestRelease(request_, TRITONSERVER_REQUEST_RELEASE_ALL), "a request's release");
}

void Request::read() {
    const ModelConfig& config = instance_.model().config();
    TRITONBACKEND_Input* input = nullptr;
    check(TRITONBACKEND_RequestInput(request_, config.input.c_str(), &input));
    TRITONSERVER_DataType type{};
    const int64_t* shape = nullptr;
    uint32_t dims = 0;
    uint64_t bytes = 0;
    uint32_t pieces = 0;
    check(TRITONBACKEND_InputProperties(input, nullptr, &type, &shape, &dims, &bytes, &pieces));

    const int64_t mels = instance_.info().mel_count;
    const uint32_t expected_dims = config.has_batch ? 3 : 2;
    const auto refuse = [&](const std::string& what) {
        throw Failure(TRITONSERVER_ERROR_INVALID_ARG, "The input " + config.input + " is " +
                                                          TRITONSERVER_DataTypeString(type) + " " +
                                                          text_of(shape, dims) + what);
    };
    if (type != config.input_type || dims != expected_dims || shape[dims - 2] != mels) {
        refuse(std::string(", expected ") + TRITONSERVER_DataTypeString(config.input_type) + " [" +
               std::string(config.has_batch ? "mels to decode, " : "") + std::to_string(mels) + ", frames].");
    }
    const int64_t items = config.has_batch ? shape[0] : 1;
    const int64_t frames = shape[dims - 1];
    const int64_t least_frames = config.sequences.has_value() ? 0 : 1;
    if (items < 1 || frames < least_frames || items > std::numeric_limits<int32_t>::max() ||
        frames > std::numeric_limits<int32_t>::max()) {
        refuse(", which holds no mel that can be decoded.");
    }
    if (config.decoupled && items != 1) {
        refuse(": a model that sends parts takes one mel a request. Send them as requests of their own.");
    }
    if (config.sequences.has_value() && items != 1) refuse(": a request of a sequence has one piece of one mel.");
    // By division: the product of sizes that a client names may be beyond 64 bits.
    const uint64_t item_bytes = size_of(type) * static_cast<uint64_t>(mels) * static_cast<uint64_t>(frames);
    if (item_bytes == 0 ? bytes != 0 : bytes % item_bytes != 0 || bytes / item_bytes != static_cast<uint64_t>(items)) {
        refuse(" and has " + std::to_string(bytes) + " bytes, expected " + std::to_string(items) + " times " +
               std::to_string(item_bytes) + ".");
    }
    int32_t samples = 0;
    if (!config.sequences.has_value()) {
        const VocoderLibrary& library = VocoderLibrary::instance();
        library.check(library.vocoder_get_sample_count(instance_.vocoder(), static_cast<int32_t>(frames), &samples));
    }

    try {
        mel_.read(input, pieces, type, bytes, instance_.vocoder());
    } catch (const LostContext&) {
        throw;
    } catch (const Failure& failure) {
        throw failure.under("The input " + config.input + " could not be read: ");
    }
    const std::lock_guard lock(mutex_);
    tickets_.assign(static_cast<size_t>(items), 0);
    items_ = static_cast<int32_t>(items);
    frames_ = static_cast<int32_t>(frames);
    samples_ = samples;
}

const float* Request::mel(int32_t item) const noexcept {
    return mel_.data() +
           static_cast<size_t>(item) * static_cast<size_t>(instance_.info().mel_count) * static_cast<size_t>(frames_);
}

void Request::begin() noexcept {
    const uint64_t now = now_ns();
    note(run_start_ns_, now);
    note(execution_->run_start_ns, now);
}

void Request::receive(int32_t item, int32_t status, const char* message, const float* samples, int32_t first,
                      int32_t count, bool is_last) noexcept {
    if (status != TRTVOCODER_OK) {
        fail(error_code(status), message);
        return;
    }
    try {
        take(item, samples, first, count, is_last);
    } catch (...) {
        fail_with_current_exception();
    }
}

void Request::take(int32_t item, const float* samples, int32_t first, int32_t count, bool is_last) {
    try {
        const std::lock_guard lock(mutex_);
        if (error_ != nullptr) return;
        if (instance_.model().config().decoupled) {
            send_part(samples, count, is_last);
        } else if (count > 0) {
            write(item, samples, first, count);
        }
    } catch (const LostContext& lost) {
        instance_.note_lost(lost.what());
        throw;
    } catch (const Failure& failure) {
        throw failure.under("The output " + instance_.model().config().output + " could not be written: ");
    }
}

/** Gives the memory of a response's output. */
OutputValues Request::make_output(TRITONBACKEND_Response* response, int64_t samples) {
    const ModelConfig& config = instance_.model().config();
    const int64_t shape[] = {items_, samples};
    TRITONBACKEND_Output* output = nullptr;
    check(TRITONBACKEND_ResponseOutput(response, &output, config.output.c_str(), config.output_type,
                                       config.has_batch ? shape : shape + 1, config.has_batch ? 2 : 1));
    OutputValues values;
    values.make(output, config.output_type, static_cast<uint64_t>(items_ * samples), instance_.vocoder());
    return values;
}

void Request::write(int32_t item, const float* samples, int32_t first, int32_t count) {
    if (response_ == nullptr) {
        check(TRITONBACKEND_ResponseNew(&response_, request_));
        audio_ = make_output(response_, samples_);
    }
    audio_.write(static_cast<uint64_t>(item) * static_cast<uint64_t>(samples_) + static_cast<uint64_t>(first), samples,
                 static_cast<uint64_t>(count));
}

void Request::send_part(const float* samples, int32_t count, bool is_last) {
    if (count == 0) return;
    TRITONBACKEND_Response* response = nullptr;
    check(TRITONBACKEND_ResponseNew(&response, request_));
    try {
        make_output(response, count).write(0, samples, static_cast<uint64_t>(count));
    } catch (...) {
        log_if_failed(TRITONBACKEND_ResponseDelete(response), "a response that was not sent");
        throw;
    }
    is_answered_ = is_last;
    check(TRITONBACKEND_ResponseSend(response, is_last ? TRITONSERVER_RESPONSE_COMPLETE_FINAL : 0, nullptr));
}

void Request::expect(int32_t samples) {
    const std::lock_guard lock(mutex_);
    samples_ = samples;
}

bool Request::has_failed() {
    const std::lock_guard lock(mutex_);
    return error_ != nullptr;
}

void Request::fail(TRITONSERVER_Error_Code code, const char* message) noexcept {
    const std::lock_guard lock(mutex_);
    if (error_ == nullptr) error_ = TRITONSERVER_ErrorNew(code, message);
}

void Request::fail_with_current_exception() noexcept {
    TRITONSERVER_Error* const error = current_error();
    const std::lock_guard lock(mutex_);
    if (error_ == nullptr) {
        error_ = error;
    } else {
        TRITONSERVER_ErrorDelete(error);
    }
}

std::vector<int64_t> Request::tickets() {
    const std::lock_guard lock(mutex_);
    return tickets_;
}

void Request::set_ticket(int32_t item, int64_t ticket) {
    const std::lock_guard lock(mutex_);
    tickets_[static_cast<size_t>(item)] = ticket;
}

bool Request::is_cancelled() const noexcept {
    bool is_cancelled = false;
    log_if_failed(TRITONBACKEND_RequestIsCancelled(request_, &is_cancelled), "a request's state");
    return is_cancelled;
}

/** Sends the last response. Nobody else holds the request any more. */
void Request::answer() noexcept {
    compute_end_ns_ = now_ns();
    if (is_answered_) return;
    if (error_ == nullptr && instance_.model().config().decoupled) {
        TRITONBACKEND_ResponseFactory* factory = nullptr;
        error_ = TRITONBACKEND_ResponseFactoryNew(&factory, request_);
        if (error_ == nullptr) {
            error_ = TRITONBACKEND_ResponseFactorySendFlags(factory, TRITONSERVER_RESPONSE_COMPLETE_FINAL);
            log_if_failed(TRITONBACKEND_ResponseFactoryDelete(factory), "a maker of responses");
        }
        if (error_ == nullptr) return;
    }
    if (response_ == nullptr) {
        TRITONSERVER_Error* const refused = TRITONBACKEND_ResponseNew(&response_, request_);
        if (refused != nullptr) {
            // The core has no memory for it: the release alone tells the client.
            log_if_failed(refused, "a request that could not be answered");
            return;
        }
        if (error_ == nullptr && has_output_) error_ = guard([&] { make_output(response_, samples_); });
    }
    log_if_failed(TRITONBACKEND_ResponseSend(response_, TRITONSERVER_RESPONSE_COMPLETE_FINAL, error_), "a response");
}

/**
 * Tells the core's statistics of the request and, with the last of them, of the batch that it came in. The core counts
 * as queued what is before the start of the execution, which here is the first run's.
 */
void Request::report() noexcept {
    const uint64_t end = now_ns();
    const auto start_of = [&](uint64_t run_start) { return run_start == 0 ? execution_->start_ns : run_start; };
    const uint64_t start = start_of(run_start_ns_);
    const bool is_decoded = error_ == nullptr;
    log_if_failed(TRITONBACKEND_ModelInstanceReportStatistics(instance_.handle(), request_, is_decoded, start, start,
                                                              compute_end_ns_, end),
                  "a request's statistics");
    if (is_decoded) execution_->items += static_cast<uint64_t>(items_);
    if (--execution_->open_requests == 0 && execution_->items > 0) {
        const uint64_t batch_start = start_of(execution_->run_start_ns);
        log_if_failed(TRITONBACKEND_ModelInstanceReportBatchStatistics(instance_.handle(), execution_->items,
                                                                       batch_start, batch_start, compute_end_ns_, end),
                      "a batch's statistics");
    }
}

}  // namespace trtv::triton
