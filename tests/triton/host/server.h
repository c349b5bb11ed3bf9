// Triton's core in this process, by its C API: models, requests and what comes back.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gpu.h"
#include "triton/core/tritonserver.h"

namespace host {

using Clock = std::chrono::steady_clock;

/** A mel [items, mels, frames] or of any other shape, which is not what the model takes. */
struct Mel {
    std::vector<int64_t> shape;
    std::vector<float> values;
};

/** A request on its way, and what came back: everything counted, so that twice is seen as well as never. */
class Call {
public:
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /** Waits until the last response is there and the request was given back; false where it takes too long. */
    bool wait(std::chrono::seconds limit = std::chrono::seconds(120));
    void cancel();

    /** Samples of all responses, one after another. */
    std::vector<float> samples;
    /** Where the last of them were. */
    TRITONSERVER_MemoryType memory = TRITONSERVER_MEMORY_CPU;
    TRITONSERVER_DataType type = TRITONSERVER_TYPE_INVALID;
    /** Shape of the last response that had samples. */
    std::vector<int64_t> shape;
    int responses = 0;
    int finals = 0;
    int releases = 0;
    /** "" where no response was an error. */
    std::string error;
    TRITONSERVER_Error_Code code = TRITONSERVER_ERROR_UNKNOWN;
    Clock::time_point sent;
    Clock::time_point first;
    Clock::time_point last;

private:
    friend class Server;
    Call() = default;

    static void on_release(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* user);
    static void on_response(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* user);
    void take(TRITONSERVER_InferenceResponse* response);

    TRITONSERVER_InferenceRequest* request_ = nullptr;
    std::shared_ptr<const Mel> mel_;
    std::vector<uint16_t> halves_;
    std::vector<GpuMemory> on_gpu_;
    int64_t output_memory_id_ = 0;
    std::function<void(Call&)> done_;
    std::mutex mutex_;
    std::condition_variable changed_;
    /** Itself, as long as the core knows of it. */
    std::shared_ptr<Call> self_;
};

/** How an input is sent. */
struct Sending {
    const char* input = "mel";
    /** In so many pieces. */
    int pieces = 1;
    /** Where the pieces are, in turns. */
    std::vector<TRITONSERVER_MemoryType> memory = {TRITONSERVER_MEMORY_CPU};
    int64_t memory_id = 0;
    /** GPU memory is the host's in truth, for a backend that does not look. */
    bool is_pretended = false;
    /** FP32 or FP16. */
    TRITONSERVER_DataType type = TRITONSERVER_TYPE_FP32;
    /** The sequence that it belongs to, by number or by name, and where in it it is: TRITONSERVER_RequestFlag. */
    uint64_t sequence = 0;
    std::string sequence_name;
    uint32_t flags = 0;
    /** Called on one of the core's threads when the call has ended. */
    std::function<void(Call&)> done;
    /** The outputs get GPU memory, of this number by what the core is told. */
    bool wants_gpu_output = false;
    int64_t output_memory_id = 0;
};

/** It is left to the end of the process, as its deletion takes the real core more than a second. */
class Server {
public:
    /** Starts it upon a folder of models, none of which it loads by itself. */
    Server(const std::string& repository, const std::string& backends);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /** Gives "" or why it could not. */
    std::string load(const std::string& model);
    std::string unload(const std::string& model);
    bool is_ready(const std::string& model);
    bool is_live();
    /** Stops it; requests under way end first. */
    void stop();
    std::string statistics(const std::string& model);
    std::string metrics();

    /** Sends a request; what the core refuses at once is an error of the call. */
    std::shared_ptr<Call> send(const std::string& model, std::shared_ptr<const Mel> mel, const Sending& sending = {});

private:
    TRITONSERVER_Server* server_ = nullptr;
    TRITONSERVER_ResponseAllocator* allocator_ = nullptr;
    TRITONSERVER_ResponseAllocator* gpu_allocator_ = nullptr;
    TRITONSERVER_ResponseAllocator* pretending_allocator_ = nullptr;
};

}  // namespace host
