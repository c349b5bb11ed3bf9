#include "server.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "models.h"

namespace host {
namespace {

std::string take_error(TRITONSERVER_Error* error) {
    if (error == nullptr) return "";
    const std::string message = TRITONSERVER_ErrorMessage(error);
    TRITONSERVER_ErrorDelete(error);
    return message.empty() ? "an error without a message" : message;
}

void check(TRITONSERVER_Error* error) {
    const std::string message = take_error(error);
    if (!message.empty()) throw std::runtime_error(message);
}

TRITONSERVER_Error* allocate(TRITONSERVER_ResponseAllocator*, const char*, size_t size, TRITONSERVER_MemoryType,
                             int64_t, void*, void** buffer, void** user, TRITONSERVER_MemoryType* memory,
                             int64_t* memory_id) {
    *buffer = size == 0 ? nullptr : std::malloc(size);
    *user = nullptr;
    *memory = TRITONSERVER_MEMORY_CPU;
    *memory_id = 0;
    return nullptr;
}

/** As a client does that wants its samples on the GPU; own is the number of its memory. */
TRITONSERVER_Error* allocate_on_gpu(TRITONSERVER_ResponseAllocator*, const char*, size_t size, TRITONSERVER_MemoryType,
                                    int64_t, void* own, void** buffer, void** user, TRITONSERVER_MemoryType* memory,
                                    int64_t* memory_id) {
    *buffer = size == 0 ? nullptr : GpuMemory(size).release();
    *user = nullptr;
    *memory = TRITONSERVER_MEMORY_GPU;
    *memory_id = *static_cast<const int64_t*>(own);
    return nullptr;
}

/** Says that memory is on the GPU which is not. */
TRITONSERVER_Error* pretend(TRITONSERVER_ResponseAllocator* allocator, const char* name, size_t size,
                            TRITONSERVER_MemoryType asked, int64_t asked_id, void* own, void** buffer, void** user,
                            TRITONSERVER_MemoryType* memory, int64_t* memory_id) {
    allocate(allocator, name, size, asked, asked_id, own, buffer, user, memory, memory_id);
    *memory = TRITONSERVER_MEMORY_GPU;
    return nullptr;
}

TRITONSERVER_Error* release_pretended(TRITONSERVER_ResponseAllocator*, void* buffer, void*, size_t,
                                      TRITONSERVER_MemoryType, int64_t) {
    std::free(buffer);
    return nullptr;
}

TRITONSERVER_Error* release(TRITONSERVER_ResponseAllocator*, void* buffer, void*, size_t,
                            TRITONSERVER_MemoryType memory, int64_t) {
    if (memory == TRITONSERVER_MEMORY_GPU) {
        if (buffer != nullptr) GpuMemory::free(buffer);
    } else {
        std::free(buffer);
    }
    return nullptr;
}

std::string take_json(TRITONSERVER_Message* message) {
    const char* text = nullptr;
    size_t size = 0;
    check(TRITONSERVER_MessageSerializeToJson(message, &text, &size));
    std::string json(text, size);
    check(TRITONSERVER_MessageDelete(message));
    return json;
}

}  // namespace

Call::~Call() {
    if (request_ != nullptr) take_error(TRITONSERVER_InferenceRequestDelete(request_));
}

bool Call::wait(std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return finals > 0 && releases > 0; });
}

void Call::cancel() {
    const std::lock_guard lock(mutex_);
    if (request_ != nullptr) check(TRITONSERVER_InferenceRequestCancel(request_));
}

void Call::on_release(TRITONSERVER_InferenceRequest* request, uint32_t, void* user) {
    Call& call = *static_cast<Call*>(user);
    std::shared_ptr<Call> self;
    {
        const std::lock_guard lock(call.mutex_);
        // One that is kept keeps its model from being unloaded.
        take_error(TRITONSERVER_InferenceRequestDelete(request));
        call.request_ = nullptr;
        call.releases++;
        if (call.finals > 0) self = std::move(call.self_);
        call.changed_.notify_all();
    }
    if (self != nullptr && call.done_) call.done_(call);
}

void Call::on_response(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* user) {
    Call& call = *static_cast<Call*>(user);
    std::shared_ptr<Call> self;
    {
        const std::lock_guard lock(call.mutex_);
        call.last = Clock::now();
        if (response != nullptr) {
            if (call.responses++ == 0) call.first = call.last;
            call.take(response);
        }
        if ((flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0) call.finals++;
        if (call.finals > 0 && call.releases > 0) self = std::move(call.self_);
        call.changed_.notify_all();
    }
    if (self != nullptr && call.done_) call.done_(call);
}

void Call::take(TRITONSERVER_InferenceResponse* response) {
    if (TRITONSERVER_Error* const failed = TRITONSERVER_InferenceResponseError(response); failed != nullptr) {
        error = TRITONSERVER_ErrorMessage(failed);
        code = TRITONSERVER_ErrorCode(failed);
    } else {
        const char* name = nullptr;
        const int64_t* dims = nullptr;
        uint64_t count = 0;
        const void* base = nullptr;
        size_t size = 0;
        int64_t memory_id = 0;
        void* own = nullptr;
        check(TRITONSERVER_InferenceResponseOutput(response, 0, &name, &type, &dims, &count, &base, &size, &memory,
                                                   &memory_id, &own));
        shape.assign(dims, dims + count);
        std::vector<char> bytes(size);
        if (memory == TRITONSERVER_MEMORY_GPU) {
            if (size > 0) GpuMemory::read(base, bytes.data(), size);
        } else if (size > 0) {
            std::memcpy(bytes.data(), base, size);
        }
        const std::vector<float> values = values_of(bytes, type);
        samples.insert(samples.end(), values.begin(), values.end());
    }
    check(TRITONSERVER_InferenceResponseDelete(response));
}

Server::Server(const std::string& repository, const std::string& backends) {
    TRITONSERVER_ServerOptions* options = nullptr;
    check(TRITONSERVER_ServerOptionsNew(&options));
    check(TRITONSERVER_ServerOptionsSetModelRepositoryPath(options, repository.c_str()));
    check(TRITONSERVER_ServerOptionsSetBackendDirectory(options, backends.c_str()));
    check(TRITONSERVER_ServerOptionsSetModelControlMode(options, TRITONSERVER_MODEL_CONTROL_EXPLICIT));
    const bool is_told = std::getenv("TRTV_TRITON_LOG") != nullptr;
    check(TRITONSERVER_ServerOptionsSetLogInfo(options, is_told));
    check(TRITONSERVER_ServerOptionsSetLogWarn(options, is_told));
    check(TRITONSERVER_ServerOptionsSetLogError(options, is_told));
    check(TRITONSERVER_ServerOptionsSetExitTimeout(options, 60));
    check(TRITONSERVER_ServerOptionsSetGpuMetrics(options, false));
    // Left alone it is any number, and a model that cannot be loaded is tried as often.
    check(TRITONSERVER_ServerOptionsSetModelLoadRetryCount(options, 0));
    check(TRITONSERVER_ServerNew(&server_, options));
    check(TRITONSERVER_ServerOptionsDelete(options));
    check(TRITONSERVER_ResponseAllocatorNew(&allocator_, &allocate, &release, nullptr));
    check(TRITONSERVER_ResponseAllocatorNew(&gpu_allocator_, &allocate_on_gpu, &release, nullptr));
    check(TRITONSERVER_ResponseAllocatorNew(&pretending_allocator_, &pretend, &release_pretended, nullptr));
}

std::string Server::load(const std::string& model) {
    return take_error(TRITONSERVER_ServerLoadModel(server_, model.c_str()));
}

std::string Server::unload(const std::string& model) {
    return take_error(TRITONSERVER_ServerUnloadModel(server_, model.c_str()));
}

bool Server::is_ready(const std::string& model) {
    bool is_ready = false;
    take_error(TRITONSERVER_ServerModelIsReady(server_, model.c_str(), -1, &is_ready));
    return is_ready;
}

bool Server::is_live() {
    bool is_live = false;
    check(TRITONSERVER_ServerIsLive(server_, &is_live));
    return is_live;
}

void Server::stop() { check(TRITONSERVER_ServerStop(server_)); }

std::string Server::statistics(const std::string& model) {
    TRITONSERVER_Message* message = nullptr;
    check(TRITONSERVER_ServerModelStatistics(server_, model.c_str(), -1, &message));
    return take_json(message);
}

std::string Server::metrics() {
    TRITONSERVER_Metrics* metrics = nullptr;
    check(TRITONSERVER_ServerMetrics(server_, &metrics));
    const char* text = nullptr;
    size_t size = 0;
    check(TRITONSERVER_MetricsFormatted(metrics, TRITONSERVER_METRIC_PROMETHEUS, &text, &size));
    std::string lines(text, size);
    check(TRITONSERVER_MetricsDelete(metrics));
    return lines;
}

std::shared_ptr<Call> Server::send(const std::string& model, std::shared_ptr<const Mel> mel, const Sending& sending) {
    std::shared_ptr<Call> call(new Call);
    call->mel_ = std::move(mel);
    call->done_ = sending.done;
    call->output_memory_id_ = sending.output_memory_id;
    const auto prepare = [&] {
        check(TRITONSERVER_InferenceRequestNew(&call->request_, server_, model.c_str(), -1));
        TRITONSERVER_InferenceRequest* const request = call->request_;
        check(TRITONSERVER_InferenceRequestAddInput(request, sending.input, sending.type, call->mel_->shape.data(),
                                                    call->mel_->shape.size()));
        check(TRITONSERVER_InferenceRequestSetFlags(request, sending.flags));
        if (sending.sequence != 0) {
            check(TRITONSERVER_InferenceRequestSetCorrelationId(request, sending.sequence));
        } else if (!sending.sequence_name.empty()) {
            check(TRITONSERVER_InferenceRequestSetCorrelationIdString(request, sending.sequence_name.c_str()));
        }
        const char* bytes = reinterpret_cast<const char*>(call->mel_->values.data());
        size_t size = call->mel_->values.size() * sizeof(float);
        if (sending.type == TRITONSERVER_TYPE_FP16) {
            for (const float value : call->mel_->values) call->halves_.push_back(half_of(value));
            bytes = reinterpret_cast<const char*>(call->halves_.data());
            size = call->halves_.size() * sizeof(uint16_t);
        }
        const auto pieces = static_cast<size_t>(sending.pieces);
        for (size_t piece = 0; piece < pieces; piece++) {
            const size_t start = size * piece / pieces;
            const size_t length = size * (piece + 1) / pieces - start;
            const TRITONSERVER_MemoryType memory = sending.memory[piece % sending.memory.size()];
            const void* base = bytes + start;
            if (memory == TRITONSERVER_MEMORY_GPU && !sending.is_pretended) {
                call->on_gpu_.emplace_back(length);
                GpuMemory::write(call->on_gpu_.back().address(), base, length);
                base = call->on_gpu_.back().address();
            }
            check(TRITONSERVER_InferenceRequestAppendInputData(request, sending.input, base, length, memory,
                                                               sending.memory_id));
        }
        check(TRITONSERVER_InferenceRequestSetReleaseCallback(request, &Call::on_release, call.get()));
        check(TRITONSERVER_InferenceRequestSetResponseCallback(request,
                                                               !sending.wants_gpu_output ? allocator_
                                                               : sending.is_pretended    ? pretending_allocator_
                                                                                         : gpu_allocator_,
                                                               &call->output_memory_id_, &Call::on_response,
                                                               call.get()));
    };
    call->self_ = call;
    call->sent = Clock::now();
    try {
        prepare();
        TRITONSERVER_Error* const refused = TRITONSERVER_ServerInferAsync(server_, call->request_, nullptr);
        if (refused != nullptr) {
            call->code = TRITONSERVER_ErrorCode(refused);
            throw std::runtime_error(take_error(refused));
        }
    } catch (const std::exception& exception) {
        // The core knows nothing of it: it is answered and given back here and now.
        const std::lock_guard lock(call->mutex_);
        call->error = exception.what();
        call->responses = call->finals = call->releases = 1;
        call->first = call->last = Clock::now();
        call->self_.reset();
    }
    return call;
}

}  // namespace host
