// What the scheduler is measured against: a backend as those of single models are, upon the same library. It decodes in
// Execute what the core has put together, which without ragged inputs is of one length, in one run, and answers then.
#include <cstring>
#include <memory>
#include <vector>

#include "boundary.h"
#include "models.h"

using trtv::triton::check;
using trtv::triton::current_error;
using trtv::triton::guard;

#define TRTV_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr int32_t mel_count = 100;

struct Item {
    TRITONBACKEND_Request* request;
    const float* mel;
    int32_t frames;
};

Item read(TRITONBACKEND_Request* request) {
    TRITONBACKEND_Input* input = nullptr;
    check(TRITONBACKEND_RequestInput(request, "mel", &input));
    TRITONSERVER_DataType type{};
    const int64_t* shape = nullptr;
    uint32_t dims = 0;
    uint64_t bytes = 0;
    uint32_t pieces = 0;
    check(TRITONBACKEND_InputProperties(input, nullptr, &type, &shape, &dims, &bytes, &pieces));
    const void* buffer = nullptr;
    uint64_t size = 0;
    TRITONSERVER_MemoryType memory = TRITONSERVER_MEMORY_CPU;
    int64_t memory_id = 0;
    check(TRITONBACKEND_InputBuffer(input, 0, &buffer, &size, &memory, &memory_id));
    return {request, static_cast<const float*>(buffer), static_cast<int32_t>(shape[dims - 1])};
}

void answer(const Item& item, const float* audio, int32_t samples) {
    TRITONBACKEND_Response* response = nullptr;
    check(TRITONBACKEND_ResponseNew(&response, item.request));
    const int64_t shape[] = {1, samples};
    TRITONBACKEND_Output* output = nullptr;
    check(TRITONBACKEND_ResponseOutput(response, &output, "waveform", TRITONSERVER_TYPE_FP32, shape, 2));
    void* buffer = nullptr;
    TRITONSERVER_MemoryType memory = TRITONSERVER_MEMORY_CPU;
    int64_t memory_id = 0;
    const uint64_t bytes = sizeof(float) * static_cast<uint64_t>(samples);
    check(TRITONBACKEND_OutputBuffer(output, &buffer, bytes, &memory, &memory_id));
    std::memcpy(buffer, audio, bytes);
    check(TRITONBACKEND_ResponseSend(response, TRITONSERVER_RESPONSE_COMPLETE_FINAL, nullptr));
}

}  // namespace

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance* instance) {
    return guard([&] { check(TRITONBACKEND_ModelInstanceSetState(instance, new host::Direct)); });
}

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceFinalize(TRITONBACKEND_ModelInstance* instance) {
    return guard([&] {
        void* state = nullptr;
        check(TRITONBACKEND_ModelInstanceState(instance, &state));
        delete static_cast<host::Direct*>(state);
    });
}

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                                   TRITONBACKEND_Request** requests,
                                                                   const uint32_t count) {
    return guard([&] {
        void* state = nullptr;
        check(TRITONBACKEND_ModelInstanceState(instance, &state));
        host::Direct& direct = *static_cast<host::Direct*>(state);
        const auto start = static_cast<uint64_t>(host::Clock::now().time_since_epoch().count());
        std::vector<Item> items;
        for (uint32_t index = 0; index < count; index++) items.push_back(read(requests[index]));
        const int32_t frames = items[0].frames;
        const int32_t samples = direct.sample_count(frames);
        const size_t values = static_cast<size_t>(mel_count) * static_cast<size_t>(frames);
        std::vector<float> mels(count * values);
        for (uint32_t index = 0; index < count; index++) {
            std::memcpy(mels.data() + index * values, items[index].mel, sizeof(float) * values);
        }
        std::vector<float> audio(count * static_cast<size_t>(samples));
        direct.decode(mels.data(), static_cast<int32_t>(count), frames, audio.data(),
                      static_cast<int64_t>(audio.size()));
        const auto end = static_cast<uint64_t>(host::Clock::now().time_since_epoch().count());
        for (uint32_t index = 0; index < count; index++) {
            answer(items[index], audio.data() + index * static_cast<size_t>(samples), samples);
            check(TRITONBACKEND_ModelInstanceReportStatistics(instance, requests[index], true, start, start, end, end));
            check(TRITONBACKEND_RequestRelease(requests[index], TRITONSERVER_REQUEST_RELEASE_ALL));
        }
        check(TRITONBACKEND_ModelInstanceReportBatchStatistics(instance, count, start, start, end, end));
    });
}
