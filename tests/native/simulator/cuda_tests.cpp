// The simulated CUDA driver keeps the driver's rules.
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "cuda.h"
#include "gpu_link.h"
#include "test_harness.h"
#include "trtvocoder_simulator.h"

namespace {

struct Gpu {
    Gpu() {
        EQUAL(cuInit(0), CUDA_SUCCESS);
        EQUAL(cuDevicePrimaryCtxRetain(&context, 0), CUDA_SUCCESS);
        EQUAL(cuCtxSetCurrent(context), CUDA_SUCCESS);
        EQUAL(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    }
    ~Gpu() {
        cuDevicePrimaryCtxRelease_v2(0);
        cuCtxSetCurrent(nullptr);
    }
    CUcontext context = nullptr;
    CUstream stream = nullptr;
};

CUdeviceptr allocate(size_t bytes) {
    CUdeviceptr address = 0;
    EQUAL(cuMemAlloc_v2(&address, bytes), CUDA_SUCCESS);
    return address;
}

template <typename T>
T* pinned(size_t count, uint32_t flags = 0) {
    void* pointer = nullptr;
    EQUAL(cuMemHostAlloc(&pointer, count * sizeof(T), flags), CUDA_SUCCESS);
    return static_cast<T*>(pointer);
}

void slow(CUstream stream) {
    EQUAL(trtv_sim::launchWork(stream,
                               [] {
                                   std::this_thread::sleep_for(std::chrono::milliseconds(100));
                                   return CUDA_SUCCESS;
                               }),
          CUDA_SUCCESS);
}

}  // namespace

TEST(A_machine_without_gpu_refuses_cuInit) {
    trtv_sim_set("devices", "0");
    EQUAL(cuInit(0), CUDA_ERROR_NO_DEVICE);
}

TEST(Calls_without_a_context_are_refused) {
    EQUAL(cuInit(0), CUDA_SUCCESS);
    EQUAL(cuCtxSetCurrent(nullptr), CUDA_SUCCESS);
    CUdeviceptr address = 0;
    EQUAL(cuMemAlloc_v2(&address, 16), CUDA_ERROR_INVALID_CONTEXT);
}

TEST(Contexts_of_a_thread_are_a_stack) {
    trtv_sim_set("devices", "2");
    Gpu gpu;
    CUcontext other = nullptr;
    CUcontext current = nullptr;
    EQUAL(cuDevicePrimaryCtxRetain(&other, 1), CUDA_SUCCESS);
    EQUAL(cuCtxPushCurrent_v2(other), CUDA_SUCCESS);
    EQUAL(cuCtxGetCurrent(&current), CUDA_SUCCESS);
    CHECK(current == other);
    EQUAL(cuCtxPopCurrent_v2(&current), CUDA_SUCCESS);
    CHECK(current == other);
    EQUAL(cuCtxGetCurrent(&current), CUDA_SUCCESS);
    CHECK(current == gpu.context);
    EQUAL(cuCtxPopCurrent_v2(nullptr), CUDA_SUCCESS);
    EQUAL(cuCtxPopCurrent_v2(&current), CUDA_ERROR_INVALID_CONTEXT);
    EQUAL(cuDevicePrimaryCtxRelease_v2(1), CUDA_SUCCESS);
    EQUAL(cuCtxPushCurrent_v2(other), trtv_sim::kContextIsDestroyed);
    EQUAL(cuCtxPushCurrent_v2(nullptr), CUDA_ERROR_INVALID_CONTEXT);
}

TEST(A_context_is_bound_to_its_thread_only) {
    Gpu gpu;
    CUresult elsewhere = CUDA_SUCCESS;
    std::thread([&] {
        CUdeviceptr address = 0;
        elsewhere = cuMemAlloc_v2(&address, 16);
    }).join();
    EQUAL(elsewhere, CUDA_ERROR_INVALID_CONTEXT);
}

TEST(Releasing_the_last_reference_frees_what_is_left) {
    {
        Gpu gpu;
        allocate(1000);
        EQUAL(trtv_sim_count("device_bytes"), 1000);
    }
    EQUAL(trtv_sim_count("device_bytes"), 0);
    EQUAL(trtv_sim_count("streams"), 0);
    EQUAL(trtv_sim_count("context_references"), 0);
    EQUAL(cuDevicePrimaryCtxRelease_v2(0), CUDA_ERROR_INVALID_CONTEXT);
}

TEST(A_copy_there_and_back_returns_the_bytes) {
    Gpu gpu;
    auto* host = pinned<float>(8);
    auto* back = pinned<float>(8);
    const CUdeviceptr device = allocate(32);
    EQUAL(device % 256, 0);
    for (int i = 0; i < 8; ++i) host[i] = static_cast<float>(i);
    EQUAL(cuMemcpyHtoDAsync_v2(device, host, 32, gpu.stream), CUDA_SUCCESS);
    EQUAL(cuMemcpyDtoHAsync_v2(back, device, 32, gpu.stream), CUDA_SUCCESS);
    EQUAL(cuStreamSynchronize(gpu.stream), CUDA_SUCCESS);
    EQUAL(std::memcmp(host, back, 32), 0);
    cuMemFreeHost(host);
    cuMemFreeHost(back);
    EQUAL(trtv_sim_count("host_bytes"), 0);
}

TEST(A_copy_past_an_allocation_is_refused) {
    Gpu gpu;
    auto* host = pinned<char>(64);
    const CUdeviceptr device = allocate(32);
    EQUAL(cuMemcpyHtoDAsync_v2(device, host, 33, gpu.stream), CUDA_ERROR_INVALID_VALUE);
    EQUAL(cuMemcpyHtoDAsync_v2(device + 16, host, 17, gpu.stream), CUDA_ERROR_INVALID_VALUE);
    EQUAL(cuMemcpyDtoHAsync_v2(host + 40, device, 32, gpu.stream), CUDA_ERROR_INVALID_VALUE);
    EQUAL(cuMemsetD8Async(device, 0, 33, gpu.stream), CUDA_ERROR_INVALID_VALUE);
    cuMemFreeHost(host);
}

TEST(Freed_memory_is_known_as_such) {
    Gpu gpu;
    const CUdeviceptr device = allocate(32);
    EQUAL(cuMemFree_v2(device), CUDA_SUCCESS);
    EQUAL(cuMemFree_v2(device), CUDA_ERROR_INVALID_VALUE);
    EQUAL(cuMemsetD8Async(device, 0, 1, gpu.stream), CUDA_ERROR_INVALID_VALUE);
    EQUAL(cuMemFree_v2(0), CUDA_SUCCESS);
}

TEST(Memory_runs_out) {
    Gpu gpu;
    trtv_sim_set("memory_mib", "1");
    CUdeviceptr device = 0;
    EQUAL(cuMemAlloc_v2(&device, (1 << 20) + 1), CUDA_ERROR_OUT_OF_MEMORY);
    EQUAL(cuMemAlloc_v2(&device, 1 << 20), CUDA_SUCCESS);
    size_t free = 1, total = 0;
    EQUAL(cuMemGetInfo_v2(&free, &total), CUDA_SUCCESS);
    EQUAL(free, 0u);
}

TEST(Pageable_copies_work_but_are_counted) {
    Gpu gpu;
    std::vector<float> host(4, 2.0f), back(4);
    const CUdeviceptr device = allocate(16);
    EQUAL(cuMemcpyHtoDAsync_v2(device, host.data(), 16, gpu.stream), CUDA_SUCCESS);
    host.assign(4, 0.0f);
    EQUAL(cuMemcpyDtoHAsync_v2(back.data(), device, 16, gpu.stream), CUDA_SUCCESS);
    EQUAL(back[3], 2.0f);
    EQUAL(trtv_sim_count("pageable_copies"), 2);
}

TEST(Mapped_host_memory_is_device_memory_and_other_host_memory_is_not) {
    Gpu gpu;
    auto* mapped = pinned<char>(64, CU_MEMHOSTALLOC_DEVICEMAP);
    auto* plain = pinned<char>(64);
    CUdeviceptr device = 0;
    EQUAL(cuMemHostGetDevicePointer_v2(&device, mapped, 0), CUDA_SUCCESS);
    EQUAL(cuMemsetD8Async(device, 7, 64, gpu.stream), CUDA_SUCCESS);
    EQUAL(cuStreamSynchronize(gpu.stream), CUDA_SUCCESS);
    EQUAL(static_cast<int>(mapped[63]), 7);
    EQUAL(cuMemHostGetDevicePointer_v2(&device, plain, 0), CUDA_ERROR_INVALID_VALUE);
    cuMemFreeHost(mapped);
    cuMemFreeHost(plain);
}

TEST(Streams_run_later_and_in_order) {
    Gpu gpu;
    auto* host = pinned<char>(1);
    *host = 1;
    const CUdeviceptr device = allocate(1);
    slow(gpu.stream);
    EQUAL(cuMemsetD8Async(device, 5, 1, gpu.stream), CUDA_SUCCESS);
    EQUAL(cuMemcpyDtoHAsync_v2(host, device, 1, gpu.stream), CUDA_SUCCESS);
    EQUAL(cuStreamQuery(gpu.stream), CUDA_ERROR_NOT_READY);
    EQUAL(static_cast<int>(*host), 1);
    EQUAL(cuStreamSynchronize(gpu.stream), CUDA_SUCCESS);
    EQUAL(cuStreamQuery(gpu.stream), CUDA_SUCCESS);
    EQUAL(static_cast<int>(*host), 5);
    cuMemFreeHost(host);
}

TEST(A_blocking_stream_waits_for_the_default_stream_and_another_does_not) {
    Gpu gpu;
    CUstream blocking = nullptr;
    EQUAL(cuStreamCreate(&blocking, 0), CUDA_SUCCESS);
    slow(nullptr);
    EQUAL(cuStreamSynchronize(gpu.stream), CUDA_SUCCESS);
    EQUAL(cuStreamQuery(nullptr), CUDA_ERROR_NOT_READY);
    EQUAL(cuStreamSynchronize(blocking), CUDA_SUCCESS);
    EQUAL(cuStreamQuery(nullptr), CUDA_SUCCESS);
}

TEST(Events_measure_real_time_and_order_streams) {
    Gpu gpu;
    CUevent start = nullptr, end = nullptr;
    EQUAL(cuEventCreate(&start, CU_EVENT_DEFAULT), CUDA_SUCCESS);
    EQUAL(cuEventCreate(&end, CU_EVENT_DEFAULT), CUDA_SUCCESS);
    float milliseconds = 0;
    EQUAL(cuEventElapsedTime(&milliseconds, start, end), CUDA_ERROR_INVALID_HANDLE);
    EQUAL(cuEventRecord(start, gpu.stream), CUDA_SUCCESS);
    slow(gpu.stream);
    EQUAL(cuEventRecord(end, gpu.stream), CUDA_SUCCESS);
    EQUAL(cuEventQuery(end), CUDA_ERROR_NOT_READY);
    EQUAL(cuEventElapsedTime(&milliseconds, start, end), CUDA_ERROR_NOT_READY);
    CUstream other = nullptr;
    EQUAL(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    EQUAL(cuStreamWaitEvent(other, end, 0), CUDA_SUCCESS);
    EQUAL(cuStreamSynchronize(other), CUDA_SUCCESS);
    EQUAL(cuEventQuery(end), CUDA_SUCCESS);
    EQUAL(cuEventElapsedTime(&milliseconds, start, end), CUDA_SUCCESS);
    CHECK(milliseconds >= 99.0f && milliseconds < 2000.0f);
    EQUAL(cuEventDestroy_v2(start), CUDA_SUCCESS);
    EQUAL(cuEventDestroy_v2(start), CUDA_ERROR_INVALID_HANDLE);
    EQUAL(cuEventDestroy_v2(end), CUDA_SUCCESS);
}

TEST(A_captured_graph_replays_its_work) {
    Gpu gpu;
    auto* input = pinned<char>(1);
    auto* output = pinned<char>(1);
    const CUdeviceptr device = allocate(1);
    *input = 1;
    *output = 0;
    CUgraph graph = nullptr;
    CUgraphExec executable = nullptr;
    EQUAL(cuStreamBeginCapture_v2(gpu.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
    EQUAL(cuMemcpyHtoDAsync_v2(device, input, 1, gpu.stream), CUDA_SUCCESS);
    EQUAL(cuMemcpyDtoHAsync_v2(output, device, 1, gpu.stream), CUDA_SUCCESS);
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    EQUAL(cuStreamIsCapturing(gpu.stream, &status), CUDA_SUCCESS);
    EQUAL(status, CU_STREAM_CAPTURE_STATUS_ACTIVE);
    EQUAL(cuStreamEndCapture(gpu.stream, &graph), CUDA_SUCCESS);
    EQUAL(cuStreamSynchronize(gpu.stream), CUDA_SUCCESS);
    EQUAL(static_cast<int>(*output), 0);
    EQUAL(cuGraphInstantiateWithFlags(&executable, graph, 0), CUDA_SUCCESS);
    EQUAL(cuGraphDestroy(graph), CUDA_SUCCESS);
    for (char value = 2; value < 5; ++value) {
        *input = value;
        EQUAL(cuGraphLaunch(executable, gpu.stream), CUDA_SUCCESS);
        EQUAL(cuStreamSynchronize(gpu.stream), CUDA_SUCCESS);
        EQUAL(static_cast<int>(*output), static_cast<int>(value));
    }
    EQUAL(cuMemFree_v2(device), CUDA_SUCCESS);
    EQUAL(cuGraphLaunch(executable, gpu.stream), CUDA_SUCCESS);
    EQUAL(cuStreamSynchronize(gpu.stream), CUDA_ERROR_ILLEGAL_ADDRESS);
    EQUAL(cuGraphExecDestroy(executable), CUDA_ERROR_ILLEGAL_ADDRESS);
    EQUAL(trtv_sim_count("graph_execs"), 0);
    cuMemFreeHost(input);
    cuMemFreeHost(output);
}

TEST(Calls_that_would_wait_are_refused_while_capturing) {
    Gpu gpu;
    CUgraph graph = nullptr;
    CUdeviceptr device = 0;
    const auto spoiledBy = [&](auto call, CUresult expected) {
        EQUAL(cuStreamBeginCapture_v2(gpu.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
        EQUAL(call(), expected);
        EQUAL(cuStreamEndCapture(gpu.stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    };
    spoiledBy([&] { return cuStreamSynchronize(gpu.stream); }, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    spoiledBy([&] { return cuStreamQuery(gpu.stream); }, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    spoiledBy([&] { return cuCtxSynchronize(); }, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    spoiledBy([&] { return cuMemAlloc_v2(&device, 1); }, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    EQUAL(cuStreamBeginCapture_v2(nullptr, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
}

TEST(Streams_fork_and_join_in_a_capture) {
    Gpu gpu;
    CUstream other = nullptr;
    CUevent fork = nullptr, join = nullptr;
    CUgraph graph = nullptr;
    const CUdeviceptr device = allocate(1);
    EQUAL(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    EQUAL(cuEventCreate(&fork, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    EQUAL(cuEventCreate(&join, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    for (const bool joined : {false, true}) {
        EQUAL(cuStreamBeginCapture_v2(gpu.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
        EQUAL(cuEventRecord(fork, gpu.stream), CUDA_SUCCESS);
        EQUAL(cuStreamWaitEvent(other, fork, 0), CUDA_SUCCESS);
        EQUAL(cuMemsetD8Async(device, 1, 1, other), CUDA_SUCCESS);
        EQUAL(cuEventRecord(join, other), CUDA_SUCCESS);
        if (joined) EQUAL(cuStreamWaitEvent(gpu.stream, join, 0), CUDA_SUCCESS);
        EQUAL(cuStreamEndCapture(gpu.stream, &graph), static_cast<CUresult>(joined ? 0 : 904));
    }
    EQUAL(cuStreamSynchronize(other), CUDA_SUCCESS);
    EQUAL(cuGraphDestroy(graph), CUDA_SUCCESS);
    cuEventDestroy_v2(fork);
    cuEventDestroy_v2(join);
}

TEST(A_failed_kernel_loses_the_context) {
    Gpu gpu;
    EQUAL(trtv_sim::launchWork(gpu.stream, [] { return CUDA_ERROR_LAUNCH_FAILED; }), CUDA_SUCCESS);
    EQUAL(cuStreamSynchronize(gpu.stream), CUDA_ERROR_LAUNCH_FAILED);
    CUdeviceptr device = 0;
    EQUAL(cuMemAlloc_v2(&device, 1), CUDA_ERROR_LAUNCH_FAILED);
}

TEST(Faults_strike_at_the_call_they_name) {
    Gpu gpu;
    CUdeviceptr device = 0;
    EQUAL(trtv_sim_fault("cuMemAlloc_v2@2=2"), 0);
    EQUAL(cuMemAlloc_v2(&device, 1), CUDA_SUCCESS);
    EQUAL(cuMemAlloc_v2(&device, 1), CUDA_ERROR_OUT_OF_MEMORY);
    EQUAL(cuMemAlloc_v2(&device, 1), CUDA_SUCCESS);
    EQUAL(trtv_sim_calls("cuMemAlloc_v2"), 3);
    EQUAL(trtv_sim_fault("cuMemAlloc_v2@2+=304"), 0);
    EQUAL(cuMemAlloc_v2(&device, 1), CUDA_SUCCESS);
    EQUAL(cuMemAlloc_v2(&device, 1), CUDA_ERROR_OPERATING_SYSTEM);
    EQUAL(cuMemAlloc_v2(&device, 1), CUDA_ERROR_OPERATING_SYSTEM);
    EQUAL(trtv_sim_fault("cuMemAlloc_v2"), -1);
    EQUAL(trtv_sim_fault("cuMemAlloc_v2@0=2"), -1);
    EQUAL(trtv_sim_set("colour", "red"), -1);
    EQUAL(trtv_sim_count("colour"), -1);
}

TEST(Errors_have_names_and_sentences) {
    const char* text = nullptr;
    EQUAL(cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &text), CUDA_SUCCESS);
    EQUAL(std::string(text), std::string("CUDA_ERROR_ILLEGAL_ADDRESS"));
    EQUAL(cuGetErrorString(static_cast<CUresult>(998), &text), CUDA_ERROR_INVALID_VALUE);
}
