// The plain C++ that managed decodes are compared with: TensorRT and the CUDA driver behind dlopen, one context, pinned
// host buffers, one stream. Does what TrtDecoder does and nothing else. A library, so that one process can run both
// sides in turns: what else the machine does then falls on both alike. Times are taken by its own clock.
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "NvInferRuntime.h"

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

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

class PlainDecoder {
public:
    PlainDecoder(const std::string& tensorrt_folder, const char* engine_path, int batch, int frames,
                 std::vector<float> mel);
    void decode();
    void launch();
    const std::vector<Buffer>& outputs() const { return outputs_; }

private:
    void enqueue();

    Driver cuda_;
    Logger logger_;
    Driver::Handle stream_ = nullptr;
    Driver::Handle graph_ = nullptr;
    nvinfer1::IExecutionContext* execution_ = nullptr;
    Buffer mel_;
    std::vector<Buffer> outputs_;
    std::vector<float> callers_mel_;
};

PlainDecoder::PlainDecoder(const std::string& tensorrt_folder, const char* engine_path, int batch, int frames,
                           std::vector<float> mel)
    : callers_mel_(std::move(mel)) {
    Driver::Handle context = nullptr;
    check(cuda_.init(0), "cuInit");
    check(cuda_.retain(&context, 0), "cuDevicePrimaryCtxRetain");
    check(cuda_.set_current(context), "cuCtxSetCurrent");
    check(cuda_.stream_create(&stream_, 1), "cuStreamCreate");

    void* library = open_library(tensorrt_folder + "/libnvinfer.so.10");
    const int version = symbol<int (*)()>(library, "getInferLibVersion")();
    auto* runtime = static_cast<nvinfer1::IRuntime*>(
        symbol<void* (*)(void*, int)>(library, "createInferRuntime_INTERNAL")(&logger_, version));
    if (!runtime) fail("TensorRT makes no runtime");
    std::ifstream file(engine_path, std::ios::binary);
    if (!file) fail(std::string(engine_path) + " cannot be read");
    std::vector<char> plan((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    nvinfer1::ICudaEngine* engine = runtime->deserializeCudaEngine(plan.data(), plan.size());
    if (!engine) fail("the engine does not load");
    execution_ = engine->createExecutionContext(nvinfer1::ExecutionContextAllocationStrategy::kSTATIC);

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
    shape.d[0] = batch;
    shape.d[2] = frames;
    if (!execution_->setInputShape(input_name, shape)) fail("the engine does not take that many items or frames");

    auto bytes_of = [&](const char* name) {
        if (engine->getTensorDataType(name) != nvinfer1::DataType::kFLOAT) fail(std::string(name) + " is not FP32");
        nvinfer1::Dims dims = execution_->getTensorShape(name);
        size_t bytes = sizeof(float);
        for (int i = 0; i < dims.nbDims; i++) bytes *= static_cast<size_t>(dims.d[i]);
        return bytes;
    };
    // Outputs are [batch, bins, frames], [batch, frames, bins] or [batch, samples]: what each is called is nothing to
    // this.
    mel_ = make_buffer(cuda_, bytes_of(input_name));
    execution_->setTensorAddress(input_name, reinterpret_cast<void*>(mel_.device));
    for (const char* name : output_names) {
        outputs_.push_back(make_buffer(cuda_, bytes_of(name)));
        execution_->setTensorAddress(name, reinterpret_cast<void*>(outputs_.back().device));
    }
    if (callers_mel_.size() * sizeof(float) != mel_.bytes) fail("the mel is not that of the engine's input");

    decode();
    Driver::Handle recorded = nullptr;
    check(cuda_.begin_capture(stream_, 1), "cuStreamBeginCapture");
    enqueue();
    check(cuda_.end_capture(stream_, &recorded), "cuStreamEndCapture");
    check(cuda_.instantiate(&graph_, recorded, 0), "cuGraphInstantiate");
}

void PlainDecoder::enqueue() {
    check(cuda_.to_device(mel_.device, mel_.host, mel_.bytes, stream_), "cuMemcpyHtoDAsync");
    if (!execution_->enqueueV3(reinterpret_cast<cudaStream_t>(stream_))) fail("enqueueV3 failed");
    for (Buffer& output : outputs_)
        check(cuda_.to_host(output.host, output.device, output.bytes, stream_), "cuMemcpyDtoHAsync");
}

void PlainDecoder::decode() {
    std::memcpy(mel_.host, callers_mel_.data(), mel_.bytes);
    enqueue();
    check(cuda_.synchronize(stream_), "cuStreamSynchronize");
}

void PlainDecoder::launch() {
    std::memcpy(mel_.host, callers_mel_.data(), mel_.bytes);
    check(cuda_.launch(graph_, stream_), "cuGraphLaunch");
    check(cuda_.synchronize(stream_), "cuStreamSynchronize");
}

}  // namespace

// What went wrong is printed: the program that calls this ends then.
extern "C" __attribute__((visibility("default"))) void* plain_open(const char* tensorrt_folder, const char* engine,
                                                                   int32_t batch, int32_t frames, const float* mel,
                                                                   int64_t mel_count) {
    try {
        return new PlainDecoder(tensorrt_folder, engine, batch, frames, std::vector<float>(mel, mel + mel_count));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "plain_decode: %s\n", error.what());
        return nullptr;
    }
}

// Decodes count times, enqueued or as a graph's launch, and writes each decode's time in milliseconds.
extern "C" __attribute__((visibility("default"))) int32_t plain_decode(void* handle, int32_t as_graph, int32_t count,
                                                                       double* times_ms) {
    auto& decoder = *static_cast<PlainDecoder*>(handle);
    try {
        for (int32_t i = 0; i < count; i++) {
            const auto start = Clock::now();
            if (as_graph) {
                decoder.launch();
            } else {
                decoder.decode();
            }
            times_ms[i] = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "plain_decode: %s\n", error.what());
        return -1;
    }
}

// How many values the outputs have, and the first count of them after the latest decode, one output behind the other.
extern "C" __attribute__((visibility("default"))) int64_t plain_outputs(void* handle, float* values, int64_t count) {
    int64_t total = 0;
    for (const Buffer& output : static_cast<PlainDecoder*>(handle)->outputs()) {
        const auto size = static_cast<int64_t>(output.bytes / sizeof(float));
        const int64_t kept = std::clamp<int64_t>(count - total, 0, size);
        if (kept > 0) std::memcpy(values + total, output.host, static_cast<size_t>(kept) * sizeof(float));
        total += size;
    }
    return total;
}
