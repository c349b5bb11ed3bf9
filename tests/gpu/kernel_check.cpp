// The inverse STFT kernel by itself on a GPU: kernels.ptx against its own host build, and how long it takes.
//
//   g++ -std=c++17 -O2 -I native/kernels -I bindings/headers -I tests/native/kernels tests/gpu/kernel_check.cpp -ldl -o
//   kernel_check kernel_check KERNELS.ptx check | time | sweep      'check' is what compute-sanitizer --tool memcheck |
//   racecheck runs
#include <dlfcn.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cuda.h"
#include "inverse_stft.h"
#include "plan.h"

namespace {

void* driver() {
    static void* handle = dlopen("libcuda.so.1", RTLD_NOW);
    if (!handle) {
        std::fprintf(stderr, "%s\n", dlerror());
        std::exit(4);
    }
    return handle;
}

template <typename Function>
Function* find(const char* name) {
    void* address = dlsym(driver(), name);
    if (!address) {
        std::fprintf(stderr, "libcuda.so.1 has no %s\n", name);
        std::exit(4);
    }
    return reinterpret_cast<Function*>(address);
}

void require(CUresult result, const char* what) {
    if (result == CUDA_SUCCESS) return;
    const char* name = "?";
    find<CUresult(CUresult, const char**)>("cuGetErrorName")(result, &name);
    std::fprintf(stderr, "%s: %s\n", what, name);
    std::exit(5);
}

#define CALL(name, ...) require(find<decltype(name)>(#name)(__VA_ARGS__), #name)

struct Case {
    int length, hop;
    bool same;
    int frames, batch;
    bool frame_major;
    int hops_a_chunk = 2, frames_at_once = 0, threads = 256;
    int32_t form = TRTV_SPECTRUM_REAL_IMAGINARY, sample_format = TRTV_NUMBER_FLOAT32;
};

struct DeviceMemory {
    CUdeviceptr address = 0;
    explicit DeviceMemory(size_t bytes) { CALL(cuMemAlloc_v2, &address, bytes); }
    DeviceMemory(const DeviceMemory&) = delete;
    ~DeviceMemory() { CALL(cuMemFree_v2, address); }
};

struct Kernel {
    CUmodule module = nullptr;
    CUfunction function = nullptr;
    CUstream stream = nullptr;

    explicit Kernel(const char* path) {
        std::ifstream file(path, std::ios::binary);
        const std::string ptx{std::istreambuf_iterator<char>(file), {}};
        CUcontext context = nullptr;
        CALL(cuInit, 0);
        CALL(cuDevicePrimaryCtxRetain, &context, 0);
        CALL(cuCtxSetCurrent, context);
        const auto start = std::chrono::steady_clock::now();
        CALL(cuModuleLoadData, &module, ptx.c_str());
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        CALL(cuModuleGetFunction, &function, module, "trtv_inverse_stft");
        CALL(cuFuncSetAttribute, function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, TRTV_MOST_SHARED_BYTES);
        CALL(cuStreamCreate, &stream, CU_STREAM_NON_BLOCKING);
        std::printf("load and compile %.1f ms\n", took.count());
    }

    void launch(trtv_inverse_stft_arguments& a, int batch, int threads) const {
        void* parameters[] = {&a};
        const unsigned chunks = (a.sample_count + a.chunk_length - 1) / a.chunk_length;
        CALL(cuLaunchKernel, function, chunks, batch, 1, threads, 1, 1, a.shared_bytes, stream, parameters, nullptr);
    }
};

/** Runs a case; its ratio to the host's build in dB, and the kernel's time in us where 'launches' > 0. */
void run(const Kernel& kernel, const Case& c, int launches, double& decibels, double& us) {
    trtv_inverse_stft_arguments a = {};
    if (!kernels::plan(a, c.length, c.hop, c.same, c.frames, c.hops_a_chunk, c.frames_at_once)) {
        std::fprintf(stderr, "n_fft %d is not served\n", c.length);
        std::exit(3);
    }
    const int64_t bins = c.length / 2 + 1;
    a.form = c.form;
    a.sample_format = c.sample_format;
    a.item_stride = bins * c.frames;
    a.bin_stride = c.frame_major ? 1 : c.frames;
    a.frame_stride = c.frame_major ? bins : 1;
    const size_t elements = static_cast<size_t>(a.item_stride) * c.batch;
    const size_t samples = static_cast<size_t>(a.sample_count) * c.batch;
    const int chunks = (a.sample_count + a.chunk_length - 1) / a.chunk_length;
    std::vector<float> parts[3], table = kernels::tables(c.length, c.hop);
    uint64_t state = 1;
    for (auto& part : parts) {
        part.resize(elements);
        for (float& value : part) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            value = static_cast<float>(static_cast<double>(state >> 33) / 4294967296.0 - 0.25);
        }
    }

    DeviceMemory first(elements * 4), second(elements * 4), third(elements * 4), tables(table.size() * 4),
        out(samples * 4), bad(chunks * c.batch * 4);
    const DeviceMemory* inputs[] = {&first, &second, &third};
    for (int i = 0; i < 3; ++i)
        CALL(cuMemcpyHtoDAsync_v2, inputs[i]->address, parts[i].data(), elements * 4, kernel.stream);
    CALL(cuMemcpyHtoDAsync_v2, tables.address, table.data(), table.size() * 4, kernel.stream);
    a.first = first.address;
    a.second = second.address;
    a.third = third.address;
    a.tables = tables.address;
    a.samples = out.address;
    a.non_finite = bad.address;
    kernel.launch(a, c.batch, c.threads);
    std::vector<float> actual(samples), expected(samples);
    std::vector<int32_t> reports(static_cast<size_t>(chunks) * c.batch), expected_reports(reports.size());
    CALL(cuMemcpyDtoHAsync_v2, actual.data(), out.address, samples * 4, kernel.stream);
    CALL(cuMemcpyDtoHAsync_v2, reports.data(), bad.address, reports.size() * 4, kernel.stream);
    CALL(cuStreamSynchronize, kernel.stream);

    us = 0;
    if (launches > 0) {
        CUevent from = nullptr, to = nullptr;
        CUgraph graph = nullptr;
        CUgraphExec executable = nullptr;
        CALL(cuEventCreate, &from, 0);
        CALL(cuEventCreate, &to, 0);
        CALL(cuStreamBeginCapture_v2, kernel.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
        for (int i = 0; i < launches; ++i) kernel.launch(a, c.batch, c.threads);
        CALL(cuStreamEndCapture, kernel.stream, &graph);
        CALL(cuGraphInstantiateWithFlags, &executable, graph, 0);
        float best = 1e9f;
        for (int i = 0; i < 20; ++i) {
            float ms = 0;
            CALL(cuEventRecord, from, kernel.stream);
            CALL(cuGraphLaunch, executable, kernel.stream);
            CALL(cuEventRecord, to, kernel.stream);
            CALL(cuStreamSynchronize, kernel.stream);
            CALL(cuEventElapsedTime, &ms, from, to);
            best = std::fmin(best, ms);
        }
        us = 1000.0 * best / launches;
        CALL(cuGraphExecDestroy, executable);
        CALL(cuGraphDestroy, graph);
        CALL(cuEventDestroy_v2, from);
        CALL(cuEventDestroy_v2, to);
    }

    a.first = reinterpret_cast<uint64_t>(parts[0].data());
    a.second = reinterpret_cast<uint64_t>(parts[1].data());
    a.third = reinterpret_cast<uint64_t>(parts[2].data());
    a.tables = reinterpret_cast<uint64_t>(table.data());
    a.samples = reinterpret_cast<uint64_t>(expected.data());
    a.non_finite = reinterpret_cast<uint64_t>(expected_reports.data());
    std::vector<float> shared(a.shared_bytes / sizeof(float));
    trtv::shared_memory = shared.data();
    for (int y = 0; y < c.batch; ++y) {
        for (int x = 0; x < chunks; ++x) {
            trtv::host_block = {x, y, chunks, c.threads};
            trtv::trtv_inverse_stft(a);
        }
    }
    double power = 0, error = 0;
    for (size_t i = 0; i < samples; ++i) {
        const bool pcm = c.sample_format == TRTV_NUMBER_PCM16;
        const double e = pcm ? reinterpret_cast<const int16_t*>(expected.data())[i] : expected[i];
        const double g = pcm ? reinterpret_cast<const int16_t*>(actual.data())[i] : actual[i];
        power += e * e;
        error += (g - e) * (g - e);
    }
    decibels = reports != expected_reports ? -1 : error == 0 ? 999 : 10 * std::log10(power / error);
}

int check(const Kernel& kernel) {
    int failed = 0, passed = 0;
    const auto one = [&](const Case& c) {
        double decibels = 0, us = 0;
        run(kernel, c, 0, decibels, us);
        // A PCM sample may fall on the other side of a half.
        const bool good = decibels >= (c.sample_format == TRTV_NUMBER_PCM16 ? 80 : 120);
        (good ? passed : failed)++;
        std::printf("%s n_fft %d hop %d %s frames %d batch %d %s: %.1f dB\n", good ? "pass" : "FAIL", c.length, c.hop,
                    c.same ? "same" : "center", c.frames, c.batch, c.frame_major ? "frame-major" : "bins-major",
                    decibels);
    };
    for (int length : {128, 150, 192, 240, 256, 400, 512, 600, 800, 1024, 1200, 2048, 2916, 4096})
        for (bool same : {false, true}) one({length, length / 4 / 2 * 2, same, 11, 2, same});
    for (int frames : {2, 3, 64, 256}) one({1024, 256, false, frames, 1, frames > 3});
    one({1024, 300, false, 20, 1, true});
    one({1024, 256, false, 20, 2, true, 2, 2});
    one({1024, 256, false, 20, 2, false, 3, 0, 512, TRTV_SPECTRUM_MAGNITUDE_COSINE_SINE});
    one({1024, 256, false, 20, 2, false, 2, 0, 320, TRTV_SPECTRUM_REAL_IMAGINARY, TRTV_NUMBER_PCM16});
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

void time_cases(const Kernel& kernel, bool sweep) {
    const auto one = [&](Case c) {
        double decibels = 0, us = 0;
        run(kernel, c, 50, decibels, us);
        std::printf("n_fft %d hop %d frames %4d batch %2d %-11s hops a chunk %d threads %4d: %7.2f us (%.0f dB)\n",
                    c.length, c.hop, c.frames, c.batch, c.frame_major ? "frame-major" : "bins-major", c.hops_a_chunk,
                    c.threads, us, decibels);
    };
    for (bool frame_major : {true, false}) {
        if (!sweep) {
            for (int frames : {64, 256, 512, 1024}) one({1024, 256, false, frames, 1, frame_major});
            one({1024, 256, false, 256, 16, frame_major, 4});
            continue;
        }
        for (int frames : {64, 256, 1024})
            for (int hops : {1, 2, 3, 4, 8})
                for (int threads : {128, 192, 256, 320, 384, 512})
                    one({1024, 256, false, frames, 1, frame_major, hops, 0, threads});
        for (int hops : {2, 4, 8})
            for (int threads : {128, 256, 384, 512}) one({1024, 256, false, 256, 16, frame_major, hops, 0, threads});
        for (int frames : {64, 256})
            for (int batch : {2, 4, 8, 16, 32})
                for (int threads : {256, 512}) one({1024, 256, false, frames, batch, frame_major, 4, 0, threads});
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fprintf(stderr, "usage: kernel_check KERNELS.ptx check | time | sweep\n");
        return 2;
    }
    const Kernel kernel(arguments[1]);
    const std::string verb = arguments[2];
    if (verb == "check") return check(kernel);
    time_cases(kernel, verb == "sweep");
    return 0;
}
