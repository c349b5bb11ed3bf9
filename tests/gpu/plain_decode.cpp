// The plain C++ program that managed decodes are compared with: TensorRT and the CUDA driver behind dlopen, one
// context, pinned host buffers, one stream. Does what TrtDecoder does and nothing else, and prints one JSON object.
//
//   plain_decode TENSORRT_DIR ENGINE FRAMES ITERATIONS
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "NvInferRuntime.h"

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "plain_decode: %s\n", what.c_str());
    std::exit(1);
}

void* open_library(const std::string& path) {
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!handle) fail(dlerror());
    return handle;
}

template <typename Function>
Function symbol(void* library, const char* name) {
    void* address = dlsym(library, name);
    if (!address) fail(std::string("no symbol ") + name);
    return reinterpret_cast<Function>(address);
}

struct Driver {
    using Handle = void*;
    void* library = open_library("libcuda.so.1");
    int (*init)(unsigned) = symbol<int (*)(unsigned)>(library, "cuInit");
    int (*retain)(Handle*, int) = symbol<int (*)(Handle*, int)>(library, "cuDevicePrimaryCtxRetain");
    int (*set_current)(Handle) = symbol<int (*)(Handle)>(library, "cuCtxSetCurrent");
    int (*alloc)(uint64_t*, size_t) = symbol<int (*)(uint64_t*, size_t)>(library, "cuMemAlloc_v2");
    int (*host_alloc)(void**, size_t, unsigned) = symbol<int (*)(void**, size_t, unsigned)>(library, "cuMemHostAlloc");
    int (*to_device)(uint64_t, const void*, size_t,
                     Handle) = symbol<int (*)(uint64_t, const void*, size_t, Handle)>(library, "cuMemcpyHtoDAsync_v2");
    int (*to_host)(void*, uint64_t, size_t,
                   Handle) = symbol<int (*)(void*, uint64_t, size_t, Handle)>(library, "cuMemcpyDtoHAsync_v2");
    int (*stream_create)(Handle*, unsigned) = symbol<int (*)(Handle*, unsigned)>(library, "cuStreamCreate");
    int (*synchronize)(Handle) = symbol<int (*)(Handle)>(library, "cuStreamSynchronize");
    int (*begin_capture)(Handle, int) = symbol<int (*)(Handle, int)>(library, "cuStreamBeginCapture_v2");
    int (*end_capture)(Handle, Handle*) = symbol<int (*)(Handle, Handle*)>(library, "cuStreamEndCapture");
    int (*instantiate)(Handle*, Handle, unsigned long long) =
        symbol<int (*)(Handle*, Handle, unsigned long long)>(library, "cuGraphInstantiateWithFlags");
    int (*launch)(Handle, Handle) = symbol<int (*)(Handle, Handle)>(library, "cuGraphLaunch");
};

void check(int status, const char* what) {
    if (status != 0) fail(std::string(what) + " returned CUDA error " + std::to_string(status));
}

class Logger : public nvinfer1::ILogger {
public:
    void log(Severity severity, const char* message) noexcept override {
        if (severity <= Severity::kWARNING) std::fprintf(stderr, "TensorRT: %s\n", message);
    }
};

struct Buffer {
    void* host = nullptr;
    uint64_t device = 0;
    size_t bytes = 0;
};

Buffer make_buffer(const Driver& cuda, size_t bytes) {
    Buffer buffer;
    buffer.bytes = bytes;
    check(cuda.host_alloc(&buffer.host, bytes, 0), "cuMemHostAlloc");
    check(cuda.alloc(&buffer.device, bytes), "cuMemAlloc");
    return buffer;
}

void print(const char* name, std::vector<double> ms, const char* end) {
    std::sort(ms.begin(), ms.end());
    auto percentile = [&](double p) {
        int64_t n = static_cast<int64_t>(ms.size());
        return ms[static_cast<size_t>(std::max<int64_t>(n - 1 - static_cast<int64_t>((1 - p / 100) * double(n)), 0))];
    };
    double sum = 0;
    for (double value : ms) sum += value;
    std::printf(
        "\"%s\": {\"min\": %.5f, \"mean\": %.5f, \"median\": %.5f, \"p90\": %.5f, \"p95\": %.5f, \"p99\": %.5f}%s",
        name, ms.front(), sum / double(ms.size()), percentile(50), percentile(90), percentile(95), percentile(99), end);
}

template <typename Decode>
std::vector<double> measure(int iterations, Decode decode) {
    std::vector<double> ms;
    for (int i = -200; i < iterations; i++) {
        auto start = Clock::now();
        decode();
        double elapsed = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
        if (i >= 0) ms.push_back(elapsed);
    }
    return ms;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) fail("usage: plain_decode TENSORRT_DIR ENGINE FRAMES ITERATIONS");
    const int frames = std::atoi(argv[3]);
    const int iterations = std::atoi(argv[4]);

    Driver cuda;
    Driver::Handle context = nullptr;
    Driver::Handle stream = nullptr;
    check(cuda.init(0), "cuInit");
    check(cuda.retain(&context, 0), "cuDevicePrimaryCtxRetain");
    check(cuda.set_current(context), "cuCtxSetCurrent");
    check(cuda.stream_create(&stream, 1), "cuStreamCreate");

    void* library = open_library(std::string(argv[1]) + "/libnvinfer.so.10");
    Logger logger;
    int version = symbol<int (*)()>(library, "getInferLibVersion")();
    auto* runtime = static_cast<nvinfer1::IRuntime*>(
        symbol<void* (*)(void*, int)>(library, "createInferRuntime_INTERNAL")(&logger, version));
    std::ifstream file(argv[2], std::ios::binary);
    std::vector<char> plan((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    nvinfer1::ICudaEngine* engine = runtime->deserializeCudaEngine(plan.data(), plan.size());
    if (!engine) fail("the engine does not load");
    nvinfer1::IExecutionContext* execution =
        engine->createExecutionContext(nvinfer1::ExecutionContextAllocationStrategy::kSTATIC);

    const char* input_name = nullptr;
    std::vector<const char*> output_names;
    for (int i = 0; i < engine->getNbIOTensors(); i++) {
        const char* name = engine->getIOTensorName(i);
        if (engine->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT) {
            input_name = name;
        } else {
            output_names.push_back(name);
        }
    }
    nvinfer1::Dims shape = engine->getTensorShape(input_name);
    shape.d[0] = 1;
    shape.d[2] = frames;
    if (!execution->setInputShape(input_name, shape)) fail("the engine does not take that many frames");

    auto bytes_of = [&](const char* name) {
        nvinfer1::Dims dims = execution->getTensorShape(name);
        size_t bytes = sizeof(float);
        for (int i = 0; i < dims.nbDims; i++) bytes *= static_cast<size_t>(dims.d[i]);
        return bytes;
    };
    Buffer mel = make_buffer(cuda, bytes_of(input_name));
    execution->setTensorAddress(input_name, reinterpret_cast<void*>(mel.device));
    std::vector<Buffer> outputs;
    for (const char* name : output_names) {
        outputs.push_back(make_buffer(cuda, bytes_of(name)));
        execution->setTensorAddress(name, reinterpret_cast<void*>(outputs.back().device));
    }
    std::vector<float> callers_mel(mel.bytes / sizeof(float));
    for (size_t i = 0; i < callers_mel.size(); i++)
        callers_mel[i] = -4.0f + 3.0f * float(std::rand()) / float(RAND_MAX);

    auto enqueue = [&] {
        check(cuda.to_device(mel.device, mel.host, mel.bytes, stream), "cuMemcpyHtoDAsync");
        if (!execution->enqueueV3(reinterpret_cast<cudaStream_t>(stream))) fail("enqueueV3 failed");
        for (Buffer& output : outputs)
            check(cuda.to_host(output.host, output.device, output.bytes, stream), "cuMemcpyDtoHAsync");
    };
    std::vector<double> sequential = measure(iterations, [&] {
        std::memcpy(mel.host, callers_mel.data(), mel.bytes);
        enqueue();
        check(cuda.synchronize(stream), "cuStreamSynchronize");
    });

    Driver::Handle graph = nullptr;
    Driver::Handle executable = nullptr;
    check(cuda.begin_capture(stream, 1), "cuStreamBeginCapture");
    enqueue();
    check(cuda.end_capture(stream, &graph), "cuStreamEndCapture");
    check(cuda.instantiate(&executable, graph, 0), "cuGraphInstantiate");
    std::vector<double> captured = measure(iterations, [&] {
        std::memcpy(mel.host, callers_mel.data(), mel.bytes);
        check(cuda.launch(executable, stream), "cuGraphLaunch");
        check(cuda.synchronize(stream), "cuStreamSynchronize");
    });

    std::printf("{\"tool\": \"plain C++, TensorRT %d\", \"frames\": %d, \"iterations\": %d,\n ", version, frames,
                iterations);
    print("sequential_ms", sequential, ",\n ");
    print("graph_ms", captured, "}\n");
    return 0;
}
