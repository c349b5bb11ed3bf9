// The simulated TensorRT keeps TensorRT's rules and computes what the model says.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>

#include "NvOnnxParser.h"
#include "cuda.h"
#include "test_data.h"
#include "test_harness.h"
#include "trtvocoder_simulator.h"

// By other names than the headers', whose declarations cannot throw.
extern "C" {
void* createRuntime(void* logger, int32_t version) asm("createInferRuntime_INTERNAL");
void* createBuilder(void* logger, int32_t version) asm("createInferBuilder_INTERNAL");
void* createParser(void* network, void* logger, int version) asm("createNvOnnxParser_INTERNAL");
}

namespace {

using namespace nvinfer1;
constexpr auto kUserManaged = ExecutionContextAllocationStrategy::kUSER_MANAGED;
constexpr auto kStatic = ExecutionContextAllocationStrategy::kSTATIC;

struct Log : ILogger {
    void log(Severity severity, const char* message) noexcept override {
        if (severity <= Severity::kWARNING) text += std::string(message) + "\n";
    }
    bool says(const std::string& part) const { return text.find(part) != std::string::npos; }
    std::string text;
};

struct Progress : IProgressMonitor {
    void phaseStart(const char*, const char*, int32_t) noexcept override { ++phases; }
    bool stepComplete(const char*, int32_t) noexcept override { return ++steps < cancelAt; }
    void phaseFinish(const char*) noexcept override { --phases; }
    int phases = 0, steps = 0, cancelAt = 1 << 30;
};

struct LayerTimes : IProfiler {
    void reportLayerTime(const char*, float ms) noexcept override {
        ++layers;
        total += ms;
    }
    int layers = 0;
    float total = 0;
};

Dims dims(std::initializer_list<int64_t> sizes) {
    Dims d{};
    d.nbDims = static_cast<int32_t>(sizes.size());
    std::copy(sizes.begin(), sizes.end(), d.d);
    return d;
}

/** Builds a plan for 1 to `maxFrames` frames; "" when the build fails. */
std::string build(const std::string& model, Log& log, Progress* progress = nullptr, int64_t maxFrames = 300,
                  const std::function<void(IBuilderConfig&)>& configure = {}, int64_t mels = 100) {
    const std::unique_ptr<IBuilder> builder(static_cast<IBuilder*>(createBuilder(&log, 100300)));
    const std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
    const std::unique_ptr<nvonnxparser::IParser> parser(
        static_cast<nvonnxparser::IParser*>(createParser(network.get(), &log, 100)));
    if (!parser->parse(model.data(), model.size())) return "";
    const std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
    config->setProgressMonitor(progress);
    if (configure) configure(*config);
    IOptimizationProfile* profile = builder->createOptimizationProfile();
    profile->setDimensions("mel", OptProfileSelector::kMIN, dims({1, mels, 1}));
    profile->setDimensions("mel", OptProfileSelector::kOPT, dims({1, mels, 64}));
    profile->setDimensions("mel", OptProfileSelector::kMAX, dims({3, mels, maxFrames}));
    config->addOptimizationProfile(profile);
    const std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
    return plan ? std::string(static_cast<const char*>(plan->data()), plan->size()) : "";
}

const std::string& vocosPlan() {
    static const std::string plan = [] {
        Log log;
        std::string made = build(test_data::vocosModel(), log);
        if (made.empty()) throw std::runtime_error(log.text);
        return made;
    }();
    return plan;
}

/** A GPU with an engine on it; releases everything in the order that TensorRT wants. */
struct Device {
    explicit Device(const std::string& plan = vocosPlan()) {
        EQUAL(cuInit(0), CUDA_SUCCESS);
        EQUAL(cuDevicePrimaryCtxRetain(&cuda, 0), CUDA_SUCCESS);
        EQUAL(cuCtxSetCurrent(cuda), CUDA_SUCCESS);
        EQUAL(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
        runtime.reset(static_cast<IRuntime*>(createRuntime(&log, 100300)));
        engine.reset(runtime->deserializeCudaEngine(plan.data(), plan.size()));
        if (engine) context.reset(engine->createExecutionContext(kStatic));
    }
    ~Device() {
        context.reset();
        engine.reset();
        runtime.reset();
        cuStreamDestroy_v2(stream);
        cuDevicePrimaryCtxRelease_v2(0);
        cuCtxSetCurrent(nullptr);
    }
    /** Memory for every tensor, bound; outputs hold `outputFloats` each. */
    void bind(size_t inputFloats, size_t outputFloats) {
        for (int32_t i = 0; i < engine->getNbIOTensors(); ++i) {
            const std::string name = engine->getIOTensorName(i);
            const bool isInput = engine->getTensorIOMode(name.c_str()) == TensorIOMode::kINPUT;
            EQUAL(cuMemAlloc_v2(&memory[name], std::max<size_t>(4, 4 * (isInput ? inputFloats : outputFloats))),
                  CUDA_SUCCESS);
            CHECK(context->setTensorAddress(name.c_str(), reinterpret_cast<void*>(memory[name])));
        }
    }
    std::vector<float> read(const std::string& name, size_t count) {
        std::vector<float> host(count);
        EQUAL(cuMemcpyDtoHAsync_v2(host.data(), memory.at(name), 4 * count, stream), CUDA_SUCCESS);
        return host;
    }
    void write(const std::string& name, const std::vector<float>& values) {
        EQUAL(cuMemcpyHtoDAsync_v2(memory.at(name), values.data(), 4 * values.size(), stream), CUDA_SUCCESS);
    }
    Log log;
    CUcontext cuda = nullptr;
    CUstream stream = nullptr;
    std::unique_ptr<IRuntime> runtime;
    std::unique_ptr<ICudaEngine> engine;
    std::unique_ptr<IExecutionContext> context;
    std::map<std::string, CUdeviceptr> memory;
};

/** A device with mel, shape and addresses of a golden case set. */
struct Golden : Device {
    explicit Golden(const std::string& name) : Golden(vocosPlan(), "tiny-center", name) {}
    Golden(const std::string& plan, const std::string& folder, const std::string& name) : Device(plan) {
        const std::string prefix = test_data::path("golden/" + folder + "/" + name);
        mel = test_data::readNpy(prefix + ".mel.npy");
        re = test_data::readNpy(prefix + ".re.npy");
        im = test_data::readNpy(prefix + ".im.npy");
        audio = test_data::readNpy(prefix + ".audio.npy");
        if (!context) throw std::runtime_error(log.text);
        CHECK(context->setInputShape("mel", dims({mel.shape[0], mel.shape[1], mel.shape[2]})));
        bind(mel.values.size(), std::max(re.values.size(), audio.values.size() + 4096));
        write("mel", mel.values);
    }
    test_data::Array mel, re, im, audio;
};

float worst(const std::vector<float>& actual, const std::vector<float>& expected) {
    float largest = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        const float difference = std::fabs(actual[i] - expected[i]);
        if (std::isnan(difference)) return INFINITY;  // A NaN must not pass for a small difference.
        largest = std::max(largest, difference);
    }
    return largest;
}

// Relative to the largest value: magnitudes reach 100, and FP32 phases of tens of radians are good for six digits of
// it.
void checkClose(const std::vector<float>& actual, const std::vector<float>& expected) {
    float fullScale = 0;
    for (const float value : expected) fullScale = std::max(fullScale, std::fabs(value));
    const float error = worst(actual, expected) / fullScale;
    if (!(error <= 1e-5f))
        throw std::runtime_error("max error " + std::to_string(error) + " of full scale, above 1e-5");
}

double signalToNoise(const std::vector<float>& actual, const std::vector<float>& expected) {
    double signal = 1e-30, noise = 1e-30;
    for (size_t i = 0; i < expected.size(); ++i) {
        signal += static_cast<double>(expected[i]) * expected[i];
        noise += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
    }
    return 10 * std::log10(signal / noise);
}

/** Bins-major from frame-major, [B,T,F] → [B,F,T]. */
std::vector<float> binsMajor(const std::vector<float>& values, const std::vector<int64_t>& shape) {
    std::vector<float> out(values.size());
    const int64_t bins = shape[1], frames = shape[2];
    for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
        const int64_t item = i / (bins * frames), bin = i / frames % bins, frame = i % frames;
        out[static_cast<size_t>(i)] = values[static_cast<size_t>((item * frames + frame) * bins + bin)];
    }
    return out;
}

}  // namespace

TEST(A_decode_equals_the_golden_vectors) {
    for (const char* name : {"T001", "T002", "T003", "T027", "batch3"}) {
        Golden golden(name);
        CHECK(golden.context->enqueueV3(golden.stream));
        checkClose(golden.read("re", golden.re.values.size()), golden.re.values);
        checkClose(golden.read("im", golden.im.values.size()), golden.im.values);
    }
}

TEST(A_plan_looks_like_a_real_one) {
    const std::string& plan = vocosPlan();
    EQUAL(plan.substr(0, 4), std::string("ftrt"));
    EQUAL(static_cast<int>(plan[8]), 2);
    uint64_t size = 0;
    std::memcpy(&size, plan.data() + 16, 8);
    EQUAL(size, plan.size());
    EQUAL(static_cast<int>(plan[24]) * 100 + plan[25], 1003);
}

TEST(An_engine_tells_its_tensors_and_profiles) {
    Device gpu;
    EQUAL(gpu.engine->getNbIOTensors(), 3);
    EQUAL(std::string(gpu.engine->getIOTensorName(1)), std::string("re"));
    EQUAL(gpu.engine->getTensorShape("mel").d[1], 100);
    EQUAL(gpu.engine->getTensorShape("mel").d[2], -1);
    EQUAL(gpu.engine->getProfileShape("mel", 0, OptProfileSelector::kMAX).d[2], 300);
    EQUAL(gpu.engine->getTensorShape("nothing").nbDims, -1);
    CHECK(gpu.engine->getDeviceMemorySizeV2() > 0);
    CHECK(gpu.context->setInputShape("mel", dims({2, 100, 7})));
    EQUAL(gpu.context->getTensorShape("im").d[2], 7);
    EQUAL(gpu.context->getMaxOutputSize("im"), 4 * 2 * 513 * 7);
}

TEST(Plans_of_elsewhere_are_refused_in_the_real_words) {
    const auto refused = [](std::string plan, const char* words) {
        Device gpu(plan);
        CHECK(!gpu.engine);
        if (!gpu.log.says(words))
            throw std::runtime_error("expected '" + std::string(words) + "', got " + gpu.log.text);
    };
    std::string plan = vocosPlan();
    refused("", "magicTagRead == kMAGIC_TAG failed");
    refused("vtrt" + plan.substr(4), "magicTagRead == kMAGIC_TAG failed");
    refused(plan.substr(0, 1000), "does not match archive size");
    std::string newer = plan;
    newer[25] = 6;
    refused(newer, "expecting library version 10.3.0.26 got 10.6.0.26");
    std::string format = plan;
    format[8] = 3;
    refused(format, "Version tag does not match");
    std::string damaged = plan;
    damaged[plan.size() / 2] ^= 1;
    refused(damaged, "Engine deserialization failed");
    trtv_sim_set("compute_capability", "8.7");
    refused(plan, "expecting compute 8.7 got compute 8.9");
}

TEST(A_version_compatible_plan_needs_consent) {
    Log log;
    const std::string plan = build(test_data::vocosModel(), log, nullptr, 300,
                                   [](IBuilderConfig& config) { config.setFlag(BuilderFlag::kVERSION_COMPATIBLE); });
    trtv_sim_set("version", "10.6.0.26");
    Device gpu(plan);
    CHECK(!gpu.engine);
    gpu.runtime->setEngineHostCodeAllowed(true);
    gpu.engine.reset(gpu.runtime->deserializeCudaEngine(plan.data(), plan.size()));
    CHECK(gpu.engine);
}

TEST(Shapes_outside_the_profile_are_refused) {
    Device gpu;
    CHECK(!gpu.context->setInputShape("mel", dims({1, 100, 301})));
    CHECK(gpu.log.says("Valid range for profile 0: [1,100,1]..[3,100,300]"));
    CHECK(!gpu.context->setInputShape("mel", dims({1, 80, 10})));
    CHECK(gpu.log.says("Static dimension mismatch"));
    CHECK(!gpu.context->setInputShape("mel", dims({100, 10})));
    CHECK(!gpu.context->setInputShape("noise", dims({1, 100, 10})));
}

TEST(Enqueue_needs_shapes_and_addresses) {
    Device gpu;
    CHECK(!gpu.context->enqueueV3(gpu.stream));
    CHECK(gpu.log.says("allInputDimensionsSpecified"));
    const char* missing = nullptr;
    EQUAL(gpu.context->inferShapes(1, &missing), 1);
    EQUAL(std::string(missing), std::string("mel"));
    CHECK(gpu.context->setInputShape("mel", dims({1, 100, 10})));
    CHECK(!gpu.context->enqueueV3(gpu.stream));
    CHECK(gpu.log.says("Address is not set for input tensor mel"));
    CHECK(!gpu.context->setTensorAddress("mel", reinterpret_cast<void*>(0x200000000080)));
    CHECK(gpu.log.says("aligned"));
}

TEST(An_output_buffer_too_small_loses_the_context) {
    Device gpu;
    CHECK(gpu.context->setInputShape("mel", dims({1, 100, 10})));
    gpu.bind(1000, 513 * 9);
    CHECK(gpu.context->enqueueV3(gpu.stream));
    EQUAL(cuStreamSynchronize(gpu.stream), CUDA_ERROR_ILLEGAL_ADDRESS);
    CHECK(std::string(trtv_sim_last_violation()).find("too small") != std::string::npos);
}

TEST(Only_the_first_context_begins_in_a_profile) {
    Device gpu;
    const std::unique_ptr<IExecutionContext> second(gpu.engine->createExecutionContext(kStatic));
    EQUAL(gpu.context->getOptimizationProfile(), 0);
    EQUAL(second->getOptimizationProfile(), -1);
    CHECK(!second->setInputShape("mel", dims({1, 100, 10})));
    CHECK(!second->setOptimizationProfileAsync(1, gpu.stream));
    CHECK(second->setOptimizationProfileAsync(0, gpu.stream));
    CHECK(second->setInputShape("mel", dims({1, 100, 10})));
}

TEST(Enqueue_returns_before_the_work_is_done) {
    Golden golden("T027");
    trtv_sim_set("enqueue_us", "200000");
    CHECK(golden.context->enqueueV3(golden.stream));
    EQUAL(cuStreamQuery(golden.stream), CUDA_ERROR_NOT_READY);
    EQUAL(cuStreamSynchronize(golden.stream), CUDA_SUCCESS);
    CHECK(golden.context->enqueueV3(nullptr));
    EQUAL(cuStreamQuery(nullptr), CUDA_SUCCESS);
    CHECK(golden.log.says("Using default stream"));
}

TEST(Only_the_first_enqueue_after_a_shape_change_is_slow) {
    Golden golden("T003");
    trtv_sim_set("shape_change_ms", "40");
    const auto timed = [&] {
        const auto start = std::chrono::steady_clock::now();
        CHECK(golden.context->enqueueV3(golden.stream));
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    };
    CHECK(timed() >= 40);
    CHECK(golden.context->setInputShape("mel", dims({1, 100, 3})));
    timed();  // Not compared: a busy machine can make any call slow.
    EQUAL(trtv_sim_count("shape_changes"), 1);
}

TEST(Inputs_may_change_once_the_consumed_event_has_passed) {
    Golden golden("T027");
    trtv_sim_set("enqueue_us", "200000");
    CUevent consumed = nullptr;
    EQUAL(cuEventCreate(&consumed, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    CHECK(golden.context->setInputConsumedEvent(consumed));
    CHECK(golden.context->enqueueV3(golden.stream));
    EQUAL(cuEventSynchronize(consumed), CUDA_SUCCESS);
    EQUAL(cuStreamQuery(golden.stream), CUDA_ERROR_NOT_READY);
    EQUAL(cuEventDestroy_v2(consumed), CUDA_SUCCESS);
}

TEST(A_captured_decode_replays_with_new_input) {
    Golden golden("T027");
    const size_t count = golden.re.values.size();
    CUgraph graph = nullptr;
    CUgraphExec executable = nullptr;
    EQUAL(cuStreamBeginCapture_v2(golden.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
    CHECK(!golden.context->enqueueV3(golden.stream));  // Not before one real run with this shape.
    EQUAL(cuStreamEndCapture(golden.stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    CHECK(golden.context->enqueueV3(golden.stream));
    EQUAL(cuStreamSynchronize(golden.stream), CUDA_SUCCESS);
    EQUAL(cuStreamBeginCapture_v2(golden.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
    CHECK(golden.context->enqueueV3(golden.stream));
    EQUAL(cuStreamEndCapture(golden.stream, &graph), CUDA_SUCCESS);
    EQUAL(cuGraphInstantiateWithFlags(&executable, graph, 0), CUDA_SUCCESS);
    golden.write("mel", std::vector<float>(golden.mel.values.size(), 0.0f));
    EQUAL(cuGraphLaunch(executable, golden.stream), CUDA_SUCCESS);
    CHECK(worst(golden.read("re", count), golden.re.values) > 0.1f);
    golden.write("mel", golden.mel.values);
    EQUAL(cuGraphLaunch(executable, golden.stream), CUDA_SUCCESS);
    checkClose(golden.read("re", count), golden.re.values);
    EQUAL(cuGraphExecDestroy(executable), CUDA_SUCCESS);
    EQUAL(cuGraphDestroy(graph), CUDA_SUCCESS);
}

TEST(Layer_times_come_at_once_or_when_asked_for) {
    Golden golden("T027");
    LayerTimes times;
    golden.context->setProfiler(&times);
    CHECK(golden.context->enqueueV3(golden.stream));
    EQUAL(times.layers, golden.engine->getNbLayers());
    golden.context->setEnqueueEmitsProfile(false);
    CHECK(golden.context->enqueueV3(golden.stream));
    EQUAL(times.layers, golden.engine->getNbLayers());
    CHECK(golden.context->reportToProfiler());
    EQUAL(times.layers, 2 * golden.engine->getNbLayers());
    CHECK(times.total > 0);
}

TEST(A_context_may_run_on_the_callers_memory) {
    Golden golden("T027");
    golden.context.reset(golden.engine->createExecutionContext(kUserManaged));
    CHECK(golden.context->setOptimizationProfileAsync(0, golden.stream));
    CHECK(golden.context->setInputShape("mel", dims({1, 100, 27})));
    for (const auto& [name, address] : golden.memory)
        golden.context->setTensorAddress(name.c_str(), reinterpret_cast<void*>(address));
    CHECK(!golden.context->enqueueV3(golden.stream));
    CHECK(golden.log.says("bytes of device memory"));
    const auto size = static_cast<int64_t>(golden.context->updateDeviceMemorySizeForShapes());
    CUdeviceptr scratch = 0;
    EQUAL(cuMemAlloc_v2(&scratch, static_cast<size_t>(size)), CUDA_SUCCESS);
    golden.context->setDeviceMemoryV2(reinterpret_cast<void*>(scratch), size);
    CHECK(golden.context->enqueueV3(golden.stream));
    checkClose(golden.read("re", golden.re.values.size()), golden.re.values);
}

TEST(Overlapping_runs_of_one_context_are_found_out) {
    Golden golden("T027");
    CUstream other = nullptr;
    EQUAL(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    trtv_sim_set("enqueue_us", "200000");
    CHECK(golden.context->enqueueV3(golden.stream));
    CHECK(golden.context->enqueueV3(other));
    cuStreamSynchronize(other);
    EQUAL(cuStreamSynchronize(golden.stream), CUDA_ERROR_LAUNCH_FAILED);
    EQUAL(trtv_sim_count("violations"), 1);
}

TEST(Overlapping_runs_in_the_same_scratch_memory_are_found_out) {
    Golden golden("T027");
    CUstream other = nullptr;
    EQUAL(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    std::unique_ptr<IExecutionContext> second;
    CUdeviceptr scratch = 0;
    for (auto* context : {&golden.context, &second}) {
        context->reset(golden.engine->createExecutionContext(kUserManaged));
        CHECK((*context)->setOptimizationProfileAsync(0, golden.stream));
        CHECK((*context)->setInputShape("mel", dims({1, 100, 27})));
        for (const auto& [name, address] : golden.memory)
            (*context)->setTensorAddress(name.c_str(), reinterpret_cast<void*>(address));
        const auto size = static_cast<int64_t>((*context)->updateDeviceMemorySizeForShapes());
        if (!scratch) EQUAL(cuMemAlloc_v2(&scratch, static_cast<size_t>(size)), CUDA_SUCCESS);
        (*context)->setDeviceMemoryV2(reinterpret_cast<void*>(scratch), size);
    }
    trtv_sim_set("enqueue_us", "200000");
    CHECK(golden.context->enqueueV3(golden.stream));
    CHECK(second->enqueueV3(other));
    cuStreamSynchronize(other);
    EQUAL(cuStreamSynchronize(golden.stream), CUDA_ERROR_LAUNCH_FAILED);
    EQUAL(trtv_sim_count("violations"), 1);
    // A lost context is not waited for: the first run must be over before its memory goes.
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
}

TEST(An_engine_that_was_given_up_during_its_last_run_goes_when_that_ends) {
    Golden golden("T003");
    golden.context.reset(golden.engine->createExecutionContext(kUserManaged));
    CHECK(golden.context->setOptimizationProfileAsync(0, golden.stream));
    CHECK(golden.context->setInputShape("mel", dims({1, 100, 3})));
    for (const auto& [name, address] : golden.memory)
        CHECK(golden.context->setTensorAddress(name.c_str(), reinterpret_cast<void*>(address)));
    const auto size = static_cast<int64_t>(golden.context->updateDeviceMemorySizeForShapes());
    CUdeviceptr scratch = 0;
    EQUAL(cuMemAlloc_v2(&scratch, static_cast<size_t>(size)), CUDA_SUCCESS);
    golden.context->setDeviceMemoryV2(reinterpret_cast<void*>(scratch), size);
    EQUAL(cuStreamSynchronize(golden.stream), CUDA_SUCCESS);
    const int64_t with = trtv_sim_count("device_allocations");
    trtv_sim_set("enqueue_us", "200000");
    CHECK(golden.context->enqueueV3(golden.stream));
    golden.context.reset();
    golden.engine.reset();
    EQUAL(trtv_sim_count("device_allocations"), with);
    EQUAL(cuStreamSynchronize(golden.stream), CUDA_SUCCESS);
    EQUAL(trtv_sim_count("device_allocations"), with - 1);
}

TEST(A_context_used_by_two_threads_is_found_out) {
    Golden golden("T003");
    trtv_sim_set("shape_change_ms", "400");
    std::thread other([&] {
        cuCtxSetCurrent(golden.cuda);
        golden.context->enqueueV3(golden.stream);
    });
    while (trtv_sim_calls("IExecutionContext::enqueueV3") == 0) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(!golden.context->setInputShape("mel", dims({1, 100, 4})));
    other.join();
    CHECK(golden.log.says("two threads at the same time"));
    EQUAL(trtv_sim_count("violations"), 1);
}

TEST(Destroying_a_parent_first_is_found_out) {
    Device gpu;
    gpu.engine.reset();
    EQUAL(std::string(trtv_sim_last_violation()), std::string("an engine was destroyed before its execution contexts"));
}

TEST(The_parser_names_the_node_it_cannot_read) {
    test_data::OnnxWriter onnx;
    onnx.input("mel", {1, 100, 4});
    onnx.node("STFT", {"mel"}, "out");
    onnx.output("out", {1, 100, 4});
    Log log;
    EQUAL(build(onnx.model(), log), std::string());
    CHECK(log.says("/out: No importer registered for op: STFT"));
    EQUAL(build("not a model", log), std::string());
    CHECK(log.says("Failed to parse the ONNX model"));
}

TEST(An_engine_of_data_dependent_size_says_so_and_cannot_be_captured) {
    test_data::OnnxWriter onnx;
    onnx.input("mel", {-1, 100, -1});
    onnx.node("NonZero", {"mel"}, "out");
    onnx.output("out", {3, -1});
    Log log;
    Device gpu(build(onnx.model(), log));
    CHECK(gpu.context->setInputShape("mel", dims({1, 100, 2})));
    EQUAL(gpu.context->getTensorShape("out").d[1], -1);
    gpu.bind(200, 2000);
    CHECK(gpu.context->enqueueV3(gpu.stream));
    EQUAL(cuStreamSynchronize(gpu.stream), CUDA_SUCCESS);
    EQUAL(cuStreamBeginCapture_v2(gpu.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
    CHECK(!gpu.context->enqueueV3(gpu.stream));
}

TEST(A_build_reports_progress_and_can_be_cancelled) {
    Log log;
    Progress progress;
    CHECK(!build(test_data::vocosModel(), log, &progress).empty());
    EQUAL(progress.phases, 0);
    CHECK(progress.steps > 20);
    Progress cancelled;
    cancelled.cancelAt = 5;
    EQUAL(build(test_data::vocosModel(), log, &cancelled), std::string());
    EQUAL(cancelled.steps, 5);
    EQUAL(cancelled.phases, 0);
}

TEST(A_strongly_typed_build_refuses_precision_flags_and_a_dynamic_one_needs_a_profile) {
    Log log;
    const std::unique_ptr<IBuilder> builder(static_cast<IBuilder*>(createBuilder(&log, 100300)));
    const std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(2));
    const std::unique_ptr<nvonnxparser::IParser> parser(
        static_cast<nvonnxparser::IParser*>(createParser(network.get(), &log, 100)));
    const std::string model = test_data::vocosModel();
    CHECK(parser->parse(model.data(), model.size()));
    const std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
    CHECK(!builder->buildSerializedNetwork(*network, *config));
    CHECK(log.says("no optimization profile has been defined"));
    config->setFlag(BuilderFlag::kFP16);
    CHECK(!builder->buildSerializedNetwork(*network, *config));
    CHECK(log.says("strongly typed"));
}

TEST(A_timing_cache_of_another_version_is_refused) {
    Log log;
    const std::unique_ptr<IBuilder> builder(static_cast<IBuilder*>(createBuilder(&log, 100300)));
    const std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
    const std::unique_ptr<ITimingCache> cache(config->createTimingCache(nullptr, 0));
    const std::unique_ptr<IHostMemory> bytes(cache->serialize());
    const std::unique_ptr<ITimingCache> again(config->createTimingCache(bytes->data(), bytes->size()));
    CHECK(again);
    trtv_sim_set("version", "10.6.0.26");
    CHECK(!config->createTimingCache(bytes->data(), bytes->size()));
}

TEST(Without_a_gpu_the_factories_misbehave_as_the_real_ones) {
    // The driver remembers that it was initialised, so this must be a process of its own.
    const std::string command = std::string("TRTV_SIM_DEVICES=0 ") + TRTV_TEST_BINARY + " --without-gpu";
    EQUAL(std::system(command.c_str()), 0);
}

TEST(Faults_reach_TensorRT) {
    Golden golden("T003");
    trtv_sim_fault("IExecutionContext::enqueueV3@2=null");
    CHECK(golden.context->enqueueV3(golden.stream));
    CHECK(!golden.context->enqueueV3(golden.stream));
    CHECK(golden.log.says("injected fault"));
    trtv_sim_fault("ICudaEngine::createExecutionContext=null");
    CHECK(!golden.engine->createExecutionContext(kStatic));
    trtv_sim_fault("createInferRuntime_INTERNAL=throw");
    bool thrown = false;
    try {
        createRuntime(&golden.log, 100300);
    } catch (const std::exception&) {
        thrown = true;
    }
    CHECK(thrown);
    // The first run must be over: the fault would strike it too, and lose the context before the next is enqueued.
    EQUAL(cuStreamSynchronize(golden.stream), CUDA_SUCCESS);
    trtv_sim_fault("kernel=719");
    CHECK(golden.context->enqueueV3(golden.stream));
    EQUAL(cuStreamSynchronize(golden.stream), CUDA_ERROR_LAUNCH_FAILED);
}

TEST(A_refused_network_is_refused_in_the_words_given) {
    trtv_sim_fault("IBuilder::buildSerializedNetwork@1=null Internal Error (Could not find any implementation)");
    Log log;
    Progress progress;
    CHECK(build(test_data::vocosModel(), log, &progress).empty());
    CHECK(log.says("IBuilder::buildSerializedNetwork: Internal Error (Could not find any implementation)"));
    CHECK(progress.steps > 2);
    CHECK(!build(test_data::vocosModel(), log).empty());
}

TEST(An_engine_puts_out_what_it_is_told_to) {
    for (const char* outputs : {"nan", "silent", "noisy"}) {
        Golden golden("T003");
        CHECK(golden.context->enqueueV3(golden.stream));
        const std::vector<float> right = golden.read("re", golden.re.values.size());
        EQUAL(trtv_sim_set("outputs", outputs), 0);
        CHECK(golden.context->enqueueV3(golden.stream));
        const std::vector<float> wrong = golden.read("re", golden.re.values.size());
        CHECK(outputs[0] != 'n' || outputs[1] != 'a' || std::isnan(wrong[0]));
        CHECK(outputs[0] != 's' || (wrong[0] == 0 && right[0] != 0));
        CHECK(outputs[1] != 'o' || std::abs(wrong[1] - right[1] * 2 / 3) < 1e-6F);
        trtv_sim_set("outputs", "right");
    }
}

TEST(Nothing_is_left_behind) {
    EQUAL(trtv_sim_count("tensorrt_objects"), 0);
    EQUAL(trtv_sim_count("device_allocations"), 0);
    EQUAL(trtv_sim_count("host_allocations"), 0);
    EQUAL(trtv_sim_count("streams"), 0);
    EQUAL(trtv_sim_count("events"), 0);
    EQUAL(trtv_sim_count("graphs"), 0);
    EQUAL(trtv_sim_count("graph_execs"), 0);
}

TEST(Every_exported_form_of_a_model_decodes) {
    const char* folder = std::getenv("TRTV_SIM_MODELS");
    if (!folder) {
        throw harness::Skip(
            "set TRTV_SIM_MODELS to a folder of exports of the golden checkpoints, <checkpoint>.<form>.onnx "
            "('./build.sh test' makes them)");
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string file = entry.path().filename().string();
        const std::string checkpoint = file.substr(0, file.find('.'));
        Log log;
        const std::string plan = build(test_data::readFile(entry.path().string()), log, nullptr, 300, {},
                                       checkpoint == "tiny-80mel" ? 80 : 100);
        if (plan.empty()) throw std::runtime_error(file + ": " + log.text);
        for (const char* name : {"T001", "T002", "T027", "batch3"}) {
            if (!std::filesystem::exists(test_data::path("golden/" + checkpoint + "/" + name + ".mel.npy"))) continue;
            Golden golden(plan, checkpoint, name);
            CHECK(golden.context->enqueueV3(golden.stream));
            const bool waveform = golden.engine->getNbIOTensors() == 2;
            const auto& expected = waveform ? golden.audio : golden.re;
            const std::string output = golden.engine->getIOTensorName(1);
            const Dims shape = golden.context->getTensorShape(output.c_str());
            int64_t count = 1;
            for (int i = 0; i < shape.nbDims; ++i) count *= shape.d[i];
            if (count != static_cast<int64_t>(expected.values.size())) {
                throw std::runtime_error(file + " " + name + ": " + std::to_string(count) + " values, expected " +
                                         std::to_string(expected.values.size()));
            }
            if (count == 0) continue;
            auto actual = golden.read(output, static_cast<size_t>(count));
            if (!waveform && shape.d[1] != expected.shape[1]) actual = binsMajor(actual, expected.shape);
            const double snr = signalToNoise(actual, expected.values);
            const double least = file.find(".fp16.") != std::string::npos ? 40 : 90;
            if (std::getenv("TRTV_SIM_VERBOSE"))
                std::cout << "        " << file << " " << name << " " << snr << " dB\n";
            if (!(snr >= least)) throw std::runtime_error(file + " " + name + ": " + std::to_string(snr) + " dB");
        }
    }
}

int checkFactoriesWithoutGpu() {
    Log log;
    if (createRuntime(&log, 100300) != reinterpret_cast<void*>(0x200)) return 1;
    try {
        createBuilder(&log, 100300);
        return 2;
    } catch (const std::exception&) {
        return log.says("CUDA initialization failure with error: 100") ? 0 : 3;
    }
}
