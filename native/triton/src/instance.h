// An instance of a model: one scheduler, or the streams of sequences, the requests in it, and a thread that looks after
// all.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "metrics.h"
#include "model.h"
#include "request.h"
#include "sequences.h"

namespace trtv::triton {

class Instance {
public:
    Instance(Model& model, TRITONBACKEND_ModelInstance* instance);
    /** Ends what is open, as the scheduler and the sequences do. */
    ~Instance();

    /** The state of an instance that the core has; NULL where its making failed. */
    static Instance* find(TRITONBACKEND_ModelInstance* instance);

    /** Takes the requests over and returns as soon as the scheduler or the sequences have them; waits while they are
     * full. */
    void execute(TRITONBACKEND_Request** requests, uint32_t count);

    /** Throws where the instance can serve no more. */
    void require_ready();
    /** From here on it is not ready. */
    void note_lost(const char* message) noexcept;

    const Model& model() const noexcept { return model_; }
    const trtvocoder_info& info() const noexcept { return vocoder_->info; }
    trtvocoder_vocoder* vocoder() const noexcept { return vocoder_->handle.get(); }
    TRITONBACKEND_ModelInstance* handle() const noexcept { return handle_; }

private:
    void make_scheduler();
    void add_to_sequence(const Place& place, const std::shared_ptr<Request>& request) noexcept;
    template <typename Body>
    bool attempt(Request& request, Body&& body) noexcept;
    void submit(const std::shared_ptr<Request>& request);
    void submit_item(const std::shared_ptr<Request>& request, int32_t item, int32_t windows);
    void cancel(Request& request) noexcept;
    void watch() noexcept;
    bool look_after() noexcept;
    void report_memory() noexcept;
    void look_at_context() noexcept;
    Activity activity() noexcept;

    Model& model_;
    TRITONBACKEND_ModelInstance* const handle_;
    std::string name_;
    int32_t device_ = 0;
    std::shared_ptr<const LoadedVocoder> vocoder_;
    /** One of both. */
    SchedulerHandle scheduler_;
    std::unique_ptr<Sequences> sequences_;
    std::unique_ptr<InstanceMetrics> metrics_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::weak_ptr<Request>> open_;
    bool is_ending_ = false;
    bool is_lost_ = false;
    std::string lost_message_;
    std::thread watcher_;
};

}  // namespace trtv::triton
