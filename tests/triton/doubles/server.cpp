// A double of libtritonserver.so, as far as the backend and its host use it. It checks what the backend does and aborts
// where that would be wrong in the real core: a request released twice, a response after the last, an error on NULL.
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "doubles/config_text.h"
#include "doubles/sequence_batcher.h"
#include "triton/core/tritonbackend.h"

#define TRTV_EXPORT extern "C" __attribute__((visibility("default")))

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

[[noreturn]] void misuse(const char* what) {
    std::fprintf(stderr, "the double of Triton's core: %s\n", what);
    std::abort();
}

void require(bool condition, const char* what) {
    if (!condition) misuse(what);
}

uint64_t now_ns() {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

/** What config.pbtxt calls a type. */
std::string type_name(TRITONSERVER_DataType type) { return std::string("TYPE_") + TRITONSERVER_DataTypeString(type); }

}  // namespace

struct TRITONSERVER_Error {
    TRITONSERVER_Error_Code code;
    std::string message;
};

namespace {

TRITONSERVER_Error* error_of(TRITONSERVER_Error_Code code, std::string message) {
    return new TRITONSERVER_Error{code, std::move(message)};
}

}  // namespace

struct TRITONSERVER_Message {
    std::string json;
};
struct TRITONSERVER_BufferAttributes {
    TRITONSERVER_MemoryType type = TRITONSERVER_MEMORY_CPU;
    int64_t id = 0;
    size_t size = 0;
};
/** Bytes by type and number of memory. */
using MemoryUsage = std::map<std::pair<TRITONSERVER_MemoryType, int64_t>, size_t>;
struct TRITONSERVER_Parameter {
    std::string name, value;
};
struct TRITONSERVER_Metric {
    TRITONSERVER_MetricFamily* family;
    std::string labels;
    double value = 0;
};
struct TRITONSERVER_MetricFamily {
    TRITONSERVER_MetricKind kind;
    std::string name;
};
struct TRITONSERVER_Metrics {
    std::string text;
};
struct TRITONSERVER_ServerOptions {
    std::string repository, backends;
    bool is_told = false;
};
struct TRITONSERVER_ResponseAllocator {
    TRITONSERVER_ResponseAllocatorAllocFn_t alloc;
    TRITONSERVER_ResponseAllocatorReleaseFn_t release;
};
struct TRITONBACKEND_Input {
    std::string name;
    TRITONSERVER_DataType type;
    std::vector<int64_t> shape;
    struct Piece {
        const void* base;
        size_t size;
        TRITONSERVER_MemoryType memory;
        int64_t memory_id;
    };
    std::vector<Piece> pieces;
    uint64_t size() const {
        uint64_t sum = 0;
        for (const Piece& piece : pieces) sum += piece.size;
        return sum;
    }
};

/** TRITONBACKEND_Request is the same object. */
struct TRITONSERVER_InferenceRequest {
    TRITONSERVER_Server* server;
    std::string model_name;
    std::shared_ptr<struct TRITONBACKEND_Model> model;
    std::map<std::string, TRITONBACKEND_Input> inputs;
    uint32_t flags = 0;
    uint64_t number = 0;
    std::string label;
    /** No client's: it has the place of a sequence in a batch that has none. */
    bool is_filler = false;
    std::atomic<bool> is_cancelled{false};
    TRITONSERVER_InferenceRequestReleaseFn_t release = nullptr;
    void* release_user = nullptr;
    TRITONSERVER_ResponseAllocator* allocator = nullptr;
    void* allocator_user = nullptr;
    TRITONSERVER_InferenceResponseCompleteFn_t complete = nullptr;
    void* complete_user = nullptr;
    uint64_t queue_start_ns = 0;
    std::atomic<int> finals{0};
    std::atomic<bool> is_backends{false};
};

/** TRITONSERVER_InferenceResponse is the same object. */
struct TRITONBACKEND_Response {
    TRITONSERVER_InferenceRequest* request;
    TRITONSERVER_ResponseAllocator* allocator;
    void* allocator_user;
    TRITONSERVER_InferenceResponseCompleteFn_t complete;
    void* complete_user;
    std::string name;
    TRITONSERVER_DataType type{};
    std::vector<int64_t> shape;
    void* buffer = nullptr;
    size_t size = 0;
    TRITONSERVER_MemoryType memory{};
    int64_t memory_id = 0;
    std::unique_ptr<TRITONSERVER_Error> error;
};
struct TRITONBACKEND_ResponseFactory {
    TRITONSERVER_InferenceRequest* request;
};
struct TRITONBACKEND_Backend {
    int unused;
};

struct TRITONBACKEND_ModelInstance {
    struct TRITONBACKEND_Model* model;
    std::string name;
    TRITONSERVER_InstanceGroupKind kind;
    void* state = nullptr;
    MemoryUsage memory;
    std::thread thread;
};

struct TRITONBACKEND_Model {
    std::string name, folder;
    json config;
    void* state = nullptr;
    void* library = nullptr;
    std::vector<std::unique_ptr<TRITONBACKEND_ModelInstance>> instances;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<TRITONSERVER_InferenceRequest*> queue;
    std::unique_ptr<doubles::SequenceBatcher> sequences;
    int open = 0;
    bool is_ending = false;
    bool is_initialized = false;
    uint64_t successes = 0, failures = 0, executions = 0, inferences = 0;
    uint64_t queue_ns = 0, compute_ns = 0;
    MemoryUsage memory;

    template <typename Function>
    Function* find(const char* symbol, Function*) const {
        return reinterpret_cast<Function*>(dlsym(library, symbol));
    }

    std::vector<TRITONSERVER_InferenceRequest*> next_requests();
    int max_batch() const { return config.value("max_batch_size", 0); }
    TRITONSERVER_Error* start(const std::string& backends);
    void run(TRITONBACKEND_ModelInstance& instance);
    void stop();
};

struct TRITONSERVER_Server {
    TRITONSERVER_ServerOptions options;
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<TRITONBACKEND_Model>> models;
    std::vector<std::thread> endings;
};

namespace {

bool is_told = false;
std::mutex metrics_mutex;
std::vector<TRITONSERVER_Metric*> metrics;

TRITONSERVER_InferenceRequest* of(TRITONBACKEND_Request* request) {
    return reinterpret_cast<TRITONSERVER_InferenceRequest*>(request);
}

/** A request that the backend holds. */
TRITONSERVER_InferenceRequest* held(TRITONBACKEND_Request* request) {
    require(of(request)->is_backends, "a request was used that was released");
    return of(request);
}

TRITONBACKEND_Response* response_to(TRITONSERVER_InferenceRequest& request) {
    auto* const response = new TRITONBACKEND_Response{};
    response->request = &request;
    response->allocator = request.allocator;
    response->allocator_user = request.allocator_user;
    response->complete = request.complete;
    response->complete_user = request.complete_user;
    return response;
}

void deliver(TRITONSERVER_InferenceRequest& request, TRITONBACKEND_Response* response, uint32_t flags) {
    const bool is_final = (flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0;
    require(request.finals == 0, "a response came after the last");
    if (is_final) request.finals++;
    request.complete(reinterpret_cast<TRITONSERVER_InferenceResponse*>(response), flags, request.complete_user);
}

void release(TRITONSERVER_InferenceRequest& request) {
    const std::shared_ptr<TRITONBACKEND_Model> model = std::move(request.model);
    const bool is_filler = request.is_filler;
    if (model->sequences != nullptr) {
        const std::lock_guard lock(model->mutex);
        model->sequences->release(&request);
    }
    request.release(&request, TRITONSERVER_REQUEST_RELEASE_ALL, request.release_user);
    if (is_filler) return;
    const std::lock_guard lock(model->mutex);
    model->open--;
    model->changed.notify_all();
}

/** What the core hands over for a sequence that has no request, of a batch in which it has a place: of the shape of
 * another one, with anything in it. */
TRITONSERVER_InferenceRequest* make_filler(const TRITONSERVER_InferenceRequest& other) {
    static TRITONSERVER_ResponseAllocator no_output{
        [](TRITONSERVER_ResponseAllocator*, const char*, size_t, TRITONSERVER_MemoryType, int64_t, void*, void**,
           void**, TRITONSERVER_MemoryType*,
           int64_t*) -> TRITONSERVER_Error* { misuse("an output was made of a request that asks for none"); },
        nullptr};
    auto* const filler = new TRITONSERVER_InferenceRequest{};
    filler->model = other.model;
    filler->inputs = other.inputs;
    filler->is_filler = true;
    filler->release = [](TRITONSERVER_InferenceRequest* request, uint32_t, void*) { delete request; };
    filler->allocator = &no_output;
    filler->complete = [](TRITONSERVER_InferenceResponse* response, uint32_t, void*) {
        require(reinterpret_cast<TRITONBACKEND_Response*>(response)->error == nullptr, "a filler was refused");
        TRITONSERVER_InferenceResponseDelete(response);
    };
    return filler;
}

MemoryUsage usage_of(TRITONSERVER_BufferAttributes** entries, uint32_t count) {
    MemoryUsage usage;
    for (uint32_t index = 0; index < count; index++) {
        require(entries[index]->size > 0, "memory of no bytes was reported");
        usage[{entries[index]->type, entries[index]->id}] = entries[index]->size;
    }
    return usage;
}

/** Answers a request that the backend did not take. */
void refuse(TRITONSERVER_InferenceRequest& request, const TRITONSERVER_Error& error) {
    TRITONBACKEND_Response* const response = response_to(request);
    response->error = std::make_unique<TRITONSERVER_Error>(error);
    deliver(request, response, TRITONSERVER_RESPONSE_COMPLETE_FINAL);
    release(request);
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_Model::start(const std::string& backends) {
    const std::string backend = config.value("backend", "");
    const std::string path = backends + "/" + backend + "/libtriton_" + backend + ".so";
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return error_of(TRITONSERVER_ERROR_NOT_FOUND, dlerror());
    static TRITONBACKEND_Backend the_backend{};
    static std::mutex once;
    static std::map<std::string, bool> initialized;
    {
        const std::lock_guard lock(once);
        if (!initialized[path]) {
            if (auto* const initialize = find("TRITONBACKEND_Initialize", &TRITONBACKEND_Initialize)) {
                if (TRITONSERVER_Error* const error = initialize(&the_backend)) return error;
            }
            initialized[path] = true;
        }
    }
    if (auto* const initialize = find("TRITONBACKEND_ModelInitialize", &TRITONBACKEND_ModelInitialize)) {
        if (TRITONSERVER_Error* const error = initialize(this)) return error;
    }
    if (config.contains("sequence_batching")) sequences = std::make_unique<doubles::SequenceBatcher>(config);
    const json groups = config.value("instance_group", json::array({json::object()}));
    for (const json& group : groups) {
        for (int index = 0; index < group.value("count", 1); index++) {
            auto instance = std::make_unique<TRITONBACKEND_ModelInstance>();
            instance->model = this;
            instance->name = name + "_0_" + std::to_string(index);
            instance->kind = group.value("kind", "KIND_CPU") == "KIND_GPU"     ? TRITONSERVER_INSTANCEGROUPKIND_GPU
                             : group.value("kind", "KIND_CPU") == "KIND_MODEL" ? TRITONSERVER_INSTANCEGROUPKIND_MODEL
                                                                               : TRITONSERVER_INSTANCEGROUPKIND_CPU;
            instances.push_back(std::move(instance));
            TRITONBACKEND_ModelInstance& made = *instances.back();
            if (auto* const initialize =
                    find("TRITONBACKEND_ModelInstanceInitialize", &TRITONBACKEND_ModelInstanceInitialize)) {
                if (TRITONSERVER_Error* const error = initialize(&made)) return error;
            }
        }
    }
    for (auto& instance : instances) instance->thread = std::thread([this, &instance] { run(*instance); });
    return nullptr;
}

/** What an instance is to have next; empty: nothing more. */
std::vector<TRITONSERVER_InferenceRequest*> TRITONBACKEND_Model::next_requests() {
    std::unique_lock lock(mutex);
    std::vector<TRITONSERVER_InferenceRequest*> batch;
    if (sequences != nullptr) {
        while (batch = sequences->next(), batch.empty() && !is_ending) {
            // Sequences end by themselves too.
            changed.wait_for(lock, std::chrono::milliseconds(10));
        }
        for (auto& request : batch) {
            if (request == nullptr) request = make_filler(*batch.back());
        }
        return batch;
    }
    changed.wait(lock, [&] { return is_ending || !queue.empty(); });
    const size_t most = config.contains("dynamic_batching") ? static_cast<size_t>(max_batch()) : 1;
    while (!queue.empty() && batch.size() < most) {
        batch.push_back(queue.front());
        queue.pop_front();
    }
    return batch;
}

void TRITONBACKEND_Model::run(TRITONBACKEND_ModelInstance& instance) {
    auto* const execute = find("TRITONBACKEND_ModelInstanceExecute", &TRITONBACKEND_ModelInstanceExecute);
    for (;;) {
        std::vector<TRITONBACKEND_Request*> batch;
        for (TRITONSERVER_InferenceRequest* const request : next_requests()) {
            batch.push_back(reinterpret_cast<TRITONBACKEND_Request*>(request));
        }
        if (batch.empty()) return;
        for (TRITONBACKEND_Request* const request : batch) of(request)->is_backends = true;
        TRITONSERVER_Error* const error = execute(&instance, batch.data(), static_cast<uint32_t>(batch.size()));
        if (error == nullptr) continue;
        for (TRITONBACKEND_Request* const request : batch) {
            of(request)->is_backends = false;
            refuse(*of(request), *error);
        }
        delete error;
    }
}

void TRITONBACKEND_Model::stop() {
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return open == 0; });
        is_ending = true;
        changed.notify_all();
    }
    for (auto& instance : instances) {
        if (instance->thread.joinable()) instance->thread.join();
        if (auto* const finalize = find("TRITONBACKEND_ModelInstanceFinalize", &TRITONBACKEND_ModelInstanceFinalize)) {
            delete finalize(instance.get());
        }
    }
    if (auto* const finalize = find("TRITONBACKEND_ModelFinalize", &TRITONBACKEND_ModelFinalize)) {
        delete finalize(this);
    }
}

/* ---- server ---- */

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsNew(TRITONSERVER_ServerOptions** options) {
    *options = new TRITONSERVER_ServerOptions{};
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsDelete(TRITONSERVER_ServerOptions* options) {
    delete options;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelRepositoryPath(TRITONSERVER_ServerOptions* options,
                                                                                 const char* path) {
    options->repository = path;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetBackendDirectory(TRITONSERVER_ServerOptions* options,
                                                                              const char* path) {
    options->backends = path;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelControlMode(TRITONSERVER_ServerOptions*,
                                                                              TRITONSERVER_ModelControlMode mode) {
    require(mode == TRITONSERVER_MODEL_CONTROL_EXPLICIT, "models are loaded by calls only");
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogInfo(TRITONSERVER_ServerOptions* options, bool log) {
    options->is_told = log;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogWarn(TRITONSERVER_ServerOptions*, bool) {
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogError(TRITONSERVER_ServerOptions*, bool) {
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetExitTimeout(TRITONSERVER_ServerOptions*, unsigned int) {
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelLoadRetryCount(TRITONSERVER_ServerOptions*,
                                                                                 unsigned int) {
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetGpuMetrics(TRITONSERVER_ServerOptions*, bool) {
    return nullptr;
}

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerNew(TRITONSERVER_Server** server,
                                                       TRITONSERVER_ServerOptions* options) {
    *server = new TRITONSERVER_Server{};
    (*server)->options = *options;
    is_told = options->is_told;
    return nullptr;
}

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerStop(TRITONSERVER_Server* server) {
    std::map<std::string, std::shared_ptr<TRITONBACKEND_Model>> models;
    std::vector<std::thread> endings;
    {
        const std::lock_guard lock(server->mutex);
        models.swap(server->models);
        endings.swap(server->endings);
    }
    for (auto& [name, model] : models) model->stop();
    for (auto& ending : endings) ending.join();
    return nullptr;
}

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerDelete(TRITONSERVER_Server* server) {
    TRITONSERVER_ServerStop(server);
    delete server;
    return nullptr;
}

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerIsLive(TRITONSERVER_Server*, bool* live) {
    *live = true;
    return nullptr;
}

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerModelIsReady(TRITONSERVER_Server* server, const char* name, int64_t,
                                                                bool* ready) {
    const std::lock_guard lock(server->mutex);
    const auto found = server->models.find(name);
    *ready = found != server->models.end();
    if (!*ready) return nullptr;
    for (const auto& instance : found->second->instances) {
        if (auto* const is_ready =
                // Of the same form; not all versions of Triton's headers declare it.
            found->second->find("TRITONBACKEND_ModelInstanceReady", &TRITONBACKEND_ModelInstanceFinalize)) {
            TRITONSERVER_Error* const error = is_ready(instance.get());
            *ready = *ready && error == nullptr;
            delete error;
        }
    }
    return nullptr;
}

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerModelStatistics(TRITONSERVER_Server* server, const char* name,
                                                                   int64_t, TRITONSERVER_Message** message) {
    const std::lock_guard lock(server->mutex);
    const auto found = server->models.find(name);
    if (found == server->models.end()) return error_of(TRITONSERVER_ERROR_NOT_FOUND, "no such model");
    TRITONBACKEND_Model& model = *found->second;
    const std::lock_guard held_lock(model.mutex);
    const auto timed = [&](uint64_t ns) { return ordered_json{{"count", model.successes}, {"ns", ns}}; };
    MemoryUsage sum = model.memory;
    for (const auto& instance : model.instances) {
        for (const auto& [kind, bytes] : instance->memory) sum[kind] += bytes;
    }
    ordered_json usage = ordered_json::array();
    for (const auto& [kind, bytes] : sum) {
        static const char* const names[] = {"CPU", "CPU_PINNED", "GPU"};
        usage.push_back({{"type", names[kind.first]}, {"id", kind.second}, {"byte_size", bytes}});
    }
    const ordered_json statistics = {{"name", name},
                                     {"inference_count", model.inferences},
                                     {"execution_count", model.executions},
                                     {"inference_stats",
                                      {{"success", {{"count", model.successes}}},
                                       {"fail", {{"count", model.failures}}},
                                       {"queue", timed(model.queue_ns)},
                                       {"compute_infer", timed(model.compute_ns)}}},
                                     {"memory_usage", usage}};
    *message = new TRITONSERVER_Message{ordered_json{{"model_stats", ordered_json::array({statistics})}}.dump()};
    return nullptr;
}

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerLoadModel(TRITONSERVER_Server* server, const char* name) {
    auto model = std::make_shared<TRITONBACKEND_Model>();
    model->name = name;
    model->folder = server->options.repository + "/" + name;
    std::ifstream file(model->folder + "/config.pbtxt");
    std::stringstream text;
    text << file.rdbuf();
    try {
        model->config = doubles::parse_config(text.str());
    } catch (const std::exception& exception) {
        return error_of(TRITONSERVER_ERROR_INVALID_ARG, exception.what());
    }
    if (TRITONSERVER_Error* const error = model->start(server->options.backends)) {
        if (model->library != nullptr) model->stop();
        return error;
    }
    const std::lock_guard lock(server->mutex);
    server->models[name] = std::move(model);
    return nullptr;
}

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerUnloadModel(TRITONSERVER_Server* server, const char* name) {
    const std::lock_guard lock(server->mutex);
    const auto found = server->models.find(name);
    if (found == server->models.end()) return error_of(TRITONSERVER_ERROR_NOT_FOUND, "no such model");
    server->endings.emplace_back([model = found->second] { model->stop(); });
    server->models.erase(found);
    return nullptr;
}

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerInferAsync(TRITONSERVER_Server* server,
                                                              TRITONSERVER_InferenceRequest* request,
                                                              TRITONSERVER_InferenceTrace*) {
    std::shared_ptr<TRITONBACKEND_Model> model;
    {
        const std::lock_guard lock(server->mutex);
        const auto found = server->models.find(request->model_name);
        if (found == server->models.end()) return error_of(TRITONSERVER_ERROR_UNAVAILABLE, "the model is not ready");
        model = found->second;
        const std::lock_guard held_lock(model->mutex);
        model->open++;
    }
    const auto refuse_now = [&](const std::string& why) {
        const std::lock_guard held_lock(model->mutex);
        model->open--;
        model->changed.notify_all();
        return error_of(TRITONSERVER_ERROR_INVALID_ARG, why);
    };
    const json& expected = model->config["input"][0];
    const auto input = request->inputs.find(expected["name"]);
    if (request->inputs.size() != 1 || input == request->inputs.end()) return refuse_now("unexpected inputs");
    std::vector<int64_t> shape = input->second.shape;
    if (model->max_batch() > 0 && !shape.empty()) {
        if (shape[0] > model->max_batch()) return refuse_now("the batch is larger than max_batch_size");
        shape.erase(shape.begin());
    }
    const std::string type = expected["data_type"];
    bool is_right = shape.size() == expected["dims"].size() && type_name(input->second.type) == type;
    for (size_t index = 0; is_right && index < shape.size(); index++) {
        const int64_t dim = expected["dims"][index];
        is_right = dim == -1 || dim == shape[index];
    }
    if (!is_right) {
        return refuse_now(std::string("unexpected ") + TRITONSERVER_DataTypeString(input->second.type) + ", expected " +
                          type + " " + expected["dims"].dump());
    }
    if (model->sequences != nullptr && input->second.shape.size() == 3 && input->second.shape[0] != 1) {
        return refuse_now("must specify batch-size 1 due to requirements of sequence batcher");
    }
    request->model = model;
    request->queue_start_ns = now_ns();
    std::unique_lock held_lock(model->mutex);
    if (model->sequences != nullptr) {
        const std::string id = request->number != 0 ? std::to_string(request->number) : request->label;
        const std::string refused =
            model->sequences->add(request, id, (request->flags & TRITONSERVER_REQUEST_FLAG_SEQUENCE_START) != 0,
                                  (request->flags & TRITONSERVER_REQUEST_FLAG_SEQUENCE_END) != 0);
        if (!refused.empty()) {
            held_lock.unlock();
            request->model.reset();
            return refuse_now(refused);
        }
    } else {
        model->queue.push_back(request);
    }
    model->changed.notify_all();
    return nullptr;
}

/* ---- requests and responses, the client's side ---- */

TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ResponseAllocatorNew(TRITONSERVER_ResponseAllocator** allocator,
                                                                  TRITONSERVER_ResponseAllocatorAllocFn_t alloc,
                                                                  TRITONSERVER_ResponseAllocatorReleaseFn_t release,
                                                                  TRITONSERVER_ResponseAllocatorStartFn_t) {
    *allocator = new TRITONSERVER_ResponseAllocator{alloc, release};
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ResponseAllocatorDelete(TRITONSERVER_ResponseAllocator* allocator) {
    delete allocator;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestNew(TRITONSERVER_InferenceRequest** request,
                                                                 TRITONSERVER_Server* server, const char* name,
                                                                 int64_t) {
    const std::lock_guard lock(server->mutex);
    if (server->models.count(name) == 0) return error_of(TRITONSERVER_ERROR_NOT_FOUND, "the model is not there");
    *request = new TRITONSERVER_InferenceRequest{};
    (*request)->server = server;
    (*request)->model_name = name;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestDelete(TRITONSERVER_InferenceRequest* request) {
    require(!request->is_backends, "a request was deleted that the backend holds");
    delete request;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetFlags(TRITONSERVER_InferenceRequest* request,
                                                                      uint32_t flags) {
    request->flags = flags;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetCorrelationId(TRITONSERVER_InferenceRequest* request,
                                                                              uint64_t id) {
    request->number = id;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetCorrelationIdString(
    TRITONSERVER_InferenceRequest* request, const char* id) {
    request->label = id;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestCancel(TRITONSERVER_InferenceRequest* request) {
    request->is_cancelled = true;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestAddInput(TRITONSERVER_InferenceRequest* request,
                                                                      const char* name, TRITONSERVER_DataType type,
                                                                      const int64_t* shape, uint64_t dims) {
    request->inputs[name] = {name, type, {shape, shape + dims}, {}};
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestAppendInputData(TRITONSERVER_InferenceRequest* request,
                                                                             const char* name, const void* base,
                                                                             size_t size,
                                                                             TRITONSERVER_MemoryType memory,
                                                                             int64_t memory_id) {
    request->inputs.at(name).pieces.push_back({base, size, memory, memory_id});
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetReleaseCallback(
    TRITONSERVER_InferenceRequest* request, TRITONSERVER_InferenceRequestReleaseFn_t release, void* user) {
    request->release = release;
    request->release_user = user;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetResponseCallback(
    TRITONSERVER_InferenceRequest* request, TRITONSERVER_ResponseAllocator* allocator, void* allocator_user,
    TRITONSERVER_InferenceResponseCompleteFn_t complete, void* user) {
    request->allocator = allocator;
    request->allocator_user = allocator_user;
    request->complete = complete;
    request->complete_user = user;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceResponseDelete(TRITONSERVER_InferenceResponse* response) {
    return TRITONBACKEND_ResponseDelete(reinterpret_cast<TRITONBACKEND_Response*>(response));
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceResponseError(TRITONSERVER_InferenceResponse* response) {
    return reinterpret_cast<TRITONBACKEND_Response*>(response)->error.get();
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_InferenceResponseOutput(TRITONSERVER_InferenceResponse* response, uint32_t,
                                                                     const char** name, TRITONSERVER_DataType* type,
                                                                     const int64_t** shape, uint64_t* dims,
                                                                     const void** base, size_t* size,
                                                                     TRITONSERVER_MemoryType* memory,
                                                                     int64_t* memory_id, void** user) {
    const auto& from = *reinterpret_cast<TRITONBACKEND_Response*>(response);
    require(!from.name.empty(), "a response without an output was sent as right");
    *name = from.name.c_str();
    *type = from.type;
    *shape = from.shape.data();
    *dims = from.shape.size();
    *base = from.buffer;
    *size = from.size;
    *memory = from.memory;
    *memory_id = from.memory_id;
    *user = nullptr;
    return nullptr;
}

/* ---- the backend's side ---- */

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ApiVersion(uint32_t* major, uint32_t* minor) {
    *major = TRITONBACKEND_API_VERSION_MAJOR;
    *minor = TRITONBACKEND_API_VERSION_MINOR;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_RequestInput(TRITONBACKEND_Request* request, const char* name,
                                                           TRITONBACKEND_Input** input) {
    const auto found = held(request)->inputs.find(name);
    if (found == held(request)->inputs.end()) return error_of(TRITONSERVER_ERROR_NOT_FOUND, "no such input");
    *input = &found->second;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_InputProperties(TRITONBACKEND_Input* input, const char** name,
                                                              TRITONSERVER_DataType* type, const int64_t** shape,
                                                              uint32_t* dims, uint64_t* size, uint32_t* pieces) {
    if (name != nullptr) *name = input->name.c_str();
    *type = input->type;
    *shape = input->shape.data();
    *dims = static_cast<uint32_t>(input->shape.size());
    *size = input->size();
    *pieces = static_cast<uint32_t>(input->pieces.size());
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_InputBuffer(TRITONBACKEND_Input* input, uint32_t index,
                                                          const void** buffer, uint64_t* size,
                                                          TRITONSERVER_MemoryType* memory, int64_t* memory_id) {
    *buffer = input->pieces[index].base;
    *size = input->pieces[index].size;
    *memory = input->pieces[index].memory;
    *memory_id = input->pieces[index].memory_id;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_RequestCorrelationId(TRITONBACKEND_Request* request, uint64_t* id) {
    if (!held(request)->label.empty()) return error_of(TRITONSERVER_ERROR_INVALID_ARG, "the ID is not a number");
    *id = of(request)->number;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_RequestCorrelationIdString(TRITONBACKEND_Request* request,
                                                                         const char** id) {
    if (held(request)->label.empty()) return error_of(TRITONSERVER_ERROR_INVALID_ARG, "the ID is not a string");
    *id = of(request)->label.c_str();
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_RequestFlags(TRITONBACKEND_Request* request, uint32_t* flags) {
    *flags = held(request)->flags;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_RequestIsCancelled(TRITONBACKEND_Request* request, bool* is_cancelled) {
    *is_cancelled = held(request)->is_cancelled;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_RequestRelease(TRITONBACKEND_Request* request, uint32_t) {
    // As in the real core, the object may be gone when its release callback returns.
    require(of(request)->is_backends.exchange(false), "a request was released twice");
    require(of(request)->finals == 1, "a request was released without its last response");
    release(*of(request));
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ResponseFactoryNew(TRITONBACKEND_ResponseFactory** factory,
                                                                 TRITONBACKEND_Request* request) {
    *factory = new TRITONBACKEND_ResponseFactory{held(request)};
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ResponseFactoryDelete(TRITONBACKEND_ResponseFactory* factory) {
    delete factory;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ResponseFactorySendFlags(TRITONBACKEND_ResponseFactory* factory,
                                                                       uint32_t flags) {
    deliver(*factory->request, nullptr, flags);
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ResponseNew(TRITONBACKEND_Response** response,
                                                          TRITONBACKEND_Request* request) {
    TRITONSERVER_InferenceRequest& from = *held(request);
    *response = response_to(from);
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ResponseDelete(TRITONBACKEND_Response* response) {
    if (response->buffer != nullptr) {
        response->allocator->release(response->allocator, response->buffer, nullptr, response->size, response->memory,
                                     response->memory_id);
    }
    delete response;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ResponseOutput(TRITONBACKEND_Response* response,
                                                             TRITONBACKEND_Output** output, const char* name,
                                                             TRITONSERVER_DataType type, const int64_t* shape,
                                                             uint32_t dims) {
    const json& expected = response->request->model->config["output"][0];
    require(expected["name"] == name && expected["data_type"] == type_name(type), "an output is not the model's");
    response->name = name;
    response->type = type;
    response->shape.assign(shape, shape + dims);
    *output = reinterpret_cast<TRITONBACKEND_Output*>(response);
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_OutputBuffer(TRITONBACKEND_Output* output, void** buffer, uint64_t size,
                                                           TRITONSERVER_MemoryType* memory, int64_t* memory_id) {
    auto& response = *reinterpret_cast<TRITONBACKEND_Response*>(output);
    uint64_t expected = response.type == TRITONSERVER_TYPE_FP16 ? 2 : 4;
    for (const int64_t dim : response.shape) expected *= static_cast<uint64_t>(dim);
    require(size == expected, "an output's size is not its shape's");
    void* user = nullptr;
    TRITONSERVER_MemoryType actual = *memory;
    TRITONSERVER_Error* const error =
        response.allocator->alloc(response.allocator, response.name.c_str(), size, *memory, 0, response.allocator_user,
                                  buffer, &user, &actual, memory_id);
    if (error != nullptr) return error;
    response.buffer = *buffer;
    response.size = size;
    response.memory = *memory = actual;
    response.memory_id = *memory_id;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ResponseSend(TRITONBACKEND_Response* response, uint32_t flags,
                                                           TRITONSERVER_Error* error) {
    if (error != nullptr) response->error = std::make_unique<TRITONSERVER_Error>(*error);
    deliver(*response->request, response, flags);
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelName(TRITONBACKEND_Model* model, const char** name) {
    *name = model->name.c_str();
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelVersion(TRITONBACKEND_Model*, uint64_t* version) {
    *version = 1;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelRepository(TRITONBACKEND_Model* model,
                                                              TRITONBACKEND_ArtifactType* type, const char** location) {
    *type = TRITONBACKEND_ARTIFACT_FILESYSTEM;
    *location = model->folder.c_str();
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelConfig(TRITONBACKEND_Model* model, uint32_t,
                                                          TRITONSERVER_Message** message) {
    *message = new TRITONSERVER_Message{model->config.dump()};
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelState(TRITONBACKEND_Model* model, void** state) {
    *state = model->state;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelSetState(TRITONBACKEND_Model* model, void* state) {
    model->state = state;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceName(TRITONBACKEND_ModelInstance* instance,
                                                                const char** name) {
    *name = instance->name.c_str();
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceKind(TRITONBACKEND_ModelInstance* instance,
                                                                TRITONSERVER_InstanceGroupKind* kind) {
    *kind = instance->kind;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceDeviceId(TRITONBACKEND_ModelInstance*, int32_t* device) {
    *device = 0;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceModel(TRITONBACKEND_ModelInstance* instance,
                                                                 TRITONBACKEND_Model** model) {
    *model = instance->model;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceState(TRITONBACKEND_ModelInstance* instance, void** state) {
    *state = instance->state;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceSetState(TRITONBACKEND_ModelInstance* instance,
                                                                    void* state) {
    instance->state = state;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelReportMemoryUsage(TRITONBACKEND_Model* model,
                                                                     TRITONSERVER_BufferAttributes** usage,
                                                                     uint32_t count) {
    const std::lock_guard lock(model->mutex);
    model->memory = usage_of(usage, count);
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportMemoryUsage(TRITONBACKEND_ModelInstance* instance,
                                                                             TRITONSERVER_BufferAttributes** usage,
                                                                             uint32_t count) {
    const std::lock_guard lock(instance->model->mutex);
    instance->memory = usage_of(usage, count);
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportStatistics(TRITONBACKEND_ModelInstance* instance,
                                                                            TRITONBACKEND_Request* request,
                                                                            bool success, uint64_t exec_start,
                                                                            uint64_t compute_start,
                                                                            uint64_t compute_end, uint64_t exec_end) {
    require(exec_start > 0 && exec_start <= compute_start && compute_start <= compute_end && compute_end <= exec_end,
            "the times of a request's statistics are out of order");
    if (held(request)->is_filler) return nullptr;
    TRITONBACKEND_Model& model = *instance->model;
    const std::lock_guard lock(model.mutex);
    (success ? model.successes : model.failures)++;
    if (success) {
        const auto& shape = held(request)->inputs.begin()->second.shape;
        model.inferences += model.max_batch() > 0 ? static_cast<uint64_t>(shape[0]) : 1;
        require(held(request)->queue_start_ns <= exec_start, "a request began before it was there");
        model.queue_ns += exec_start - held(request)->queue_start_ns;
        model.compute_ns += compute_end - compute_start;
    }
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportBatchStatistics(TRITONBACKEND_ModelInstance* instance,
                                                                                 uint64_t, uint64_t, uint64_t, uint64_t,
                                                                                 uint64_t) {
    const std::lock_guard lock(instance->model->mutex);
    instance->model->executions++;
    return nullptr;
}

/* ---- errors, log, messages, metrics ---- */

TRTV_EXPORT const char* TRITONSERVER_DataTypeString(TRITONSERVER_DataType type) {
    return type == TRITONSERVER_TYPE_FP32 ? "FP32" : type == TRITONSERVER_TYPE_FP16 ? "FP16" : "another type";
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_LogMessage(TRITONSERVER_LogLevel level, const char* file, int,
                                                        const char* message) {
    if (is_told) std::fprintf(stderr, "%d %s: %s\n", level, file, message);
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ErrorNew(TRITONSERVER_Error_Code code, const char* message) {
    return error_of(code, message);
}
TRTV_EXPORT void TRITONSERVER_ErrorDelete(TRITONSERVER_Error* error) { delete error; }
TRTV_EXPORT TRITONSERVER_Error_Code TRITONSERVER_ErrorCode(TRITONSERVER_Error* error) { return error->code; }
TRTV_EXPORT const char* TRITONSERVER_ErrorMessage(TRITONSERVER_Error* error) { return error->message.c_str(); }
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_MessageSerializeToJson(TRITONSERVER_Message* message, const char** base,
                                                                    size_t* size) {
    *base = message->json.data();
    *size = message->json.size();
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_MessageDelete(TRITONSERVER_Message* message) {
    delete message;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_BufferAttributesNew(TRITONSERVER_BufferAttributes** attributes) {
    *attributes = new TRITONSERVER_BufferAttributes{};
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_BufferAttributesDelete(TRITONSERVER_BufferAttributes* attributes) {
    delete attributes;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetMemoryType(TRITONSERVER_BufferAttributes* attributes,
                                                                           TRITONSERVER_MemoryType type) {
    attributes->type = type;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetMemoryTypeId(TRITONSERVER_BufferAttributes* attributes,
                                                                             int64_t id) {
    attributes->id = id;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetByteSize(TRITONSERVER_BufferAttributes* attributes,
                                                                         size_t size) {
    attributes->size = size;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Parameter* TRITONSERVER_ParameterNew(const char* name, TRITONSERVER_ParameterType,
                                                              const void* value) {
    return new TRITONSERVER_Parameter{name, static_cast<const char*>(value)};
}
TRTV_EXPORT void TRITONSERVER_ParameterDelete(TRITONSERVER_Parameter* parameter) { delete parameter; }
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_MetricFamilyNew(TRITONSERVER_MetricFamily** family,
                                                             TRITONSERVER_MetricKind kind, const char* name,
                                                             const char*) {
    *family = new TRITONSERVER_MetricFamily{kind, name};
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_MetricNew(TRITONSERVER_Metric** metric, TRITONSERVER_MetricFamily* family,
                                                       const TRITONSERVER_Parameter** labels, uint64_t count) {
    *metric = new TRITONSERVER_Metric{family, ""};
    for (uint64_t index = 0; index < count; index++) {
        (*metric)->labels += (index == 0 ? "" : ",") + labels[index]->name + "=\"" + labels[index]->value + "\"";
    }
    const std::lock_guard lock(metrics_mutex);
    metrics.push_back(*metric);
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_MetricDelete(TRITONSERVER_Metric* metric) {
    const std::lock_guard lock(metrics_mutex);
    metrics.erase(std::find(metrics.begin(), metrics.end(), metric));
    delete metric;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_MetricIncrement(TRITONSERVER_Metric* metric, double value) {
    require(value >= 0, "a counter was made smaller");
    const std::lock_guard lock(metrics_mutex);
    metric->value += value;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_MetricSet(TRITONSERVER_Metric* metric, double value) {
    const std::lock_guard lock(metrics_mutex);
    metric->value = value;
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_ServerMetrics(TRITONSERVER_Server*, TRITONSERVER_Metrics** all) {
    std::ostringstream text;
    const std::lock_guard lock(metrics_mutex);
    for (const TRITONSERVER_Metric* const metric : metrics) {
        text << metric->family->name << '{' << metric->labels << "} " << metric->value << '\n';
    }
    *all = new TRITONSERVER_Metrics{text.str()};
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_MetricsFormatted(TRITONSERVER_Metrics* all, TRITONSERVER_MetricFormat,
                                                              const char** base, size_t* size) {
    *base = all->text.data();
    *size = all->text.size();
    return nullptr;
}
TRTV_EXPORT TRITONSERVER_Error* TRITONSERVER_MetricsDelete(TRITONSERVER_Metrics* all) {
    delete all;
    return nullptr;
}
