// trtv_engine_*: nvinfer1::ICudaEngine.
#include "engine.h"

#include "buffer.h"
#include "core/boundary.h"
#include "core/shapes.h"

namespace trtv {
namespace {

// A plan that does not fit in memory is a good plan.
trtv_status status_of_refusal(const std::string& words) {
    for (const char* mark : {"OutOfMemory", "out of memory", "Error Code 5"})
        if (words.find(mark) != std::string::npos) return TRTV_ERROR_TENSORRT;
    return TRTV_ERROR_ENGINE_REFUSED;
}

std::shared_ptr<Engine> load(const std::shared_ptr<Runtime>& runtime, const void* data, int64_t size) {
    if (size <= 0) throw Error(TRTV_ERROR_ENGINE_REFUSED, "The plan is empty.");
    auto engine = std::make_shared<Engine>();
    engine->parent = runtime;
    engine->engine.reset(runtime->runtime->deserializeCudaEngine(data, static_cast<size_t>(size)));
    if (engine->engine == nullptr)
        throw tensorrt_error("The plan could not be loaded.", status_of_refusal(Logger::instance().words()));
    for (int32_t i = 0; i < engine->engine->getNbIOTensors(); ++i)
        engine->tensor_names.emplace_back(engine->engine->getIOTensorName(i));
    return engine;
}

void describe_tensor(const nvinfer1::ICudaEngine& engine, const char* name, trtv_tensor_info& info) {
    info.mode = static_cast<int32_t>(engine.getTensorIOMode(name));
    info.data_type = static_cast<int32_t>(engine.getTensorDataType(name));
    info.location = static_cast<int32_t>(engine.getTensorLocation(name));
    info.format = static_cast<int32_t>(engine.getTensorFormat(name));
    info.bytes_per_component = engine.getTensorBytesPerComponent(name);
    info.components_per_element = engine.getTensorComponentsPerElement(name);
    info.vectorized_dimension = engine.getTensorVectorizedDim(name);
    info.is_shape_tensor = engine.isShapeInferenceIO(name) ? 1 : 0;
    write_dims(engine.getTensorShape(name), info);
    info.name = name;
    const char* description = engine.getTensorFormatDesc(name);
    info.format_description = description == nullptr ? "" : description;
}

}  // namespace

const char* Engine::require_tensor(const char* name) const {
    require(name, "tensor");
    std::string known;
    for (const std::string& candidate : tensor_names)
        if (candidate == name) return candidate.c_str();
    for (const std::string& candidate : tensor_names) known += (known.empty() ? "" : ", ") + candidate;
    throw Error(TRTV_ERROR_NOT_FOUND, "The engine has no tensor '" + std::string(name) + "'; it has " + known + ".");
}

void Engine::require_profile(int32_t profile) const {
    const int32_t count = engine->getNbOptimizationProfiles();
    if (profile < 0 || profile >= count) {
        throw Error(TRTV_ERROR_NOT_FOUND, "The engine has no optimisation profile " + std::to_string(profile) +
                                              "; it has " + std::to_string(count) + ", counted from 0.");
    }
}

}  // namespace trtv

int32_t trtv_engine_create(trtv_runtime* runtime, const void* data, int64_t size, trtv_engine** engine) noexcept {
    return trtv::guard([&] {
        trtv::require(engine, "engine") = nullptr;
        trtv::require(static_cast<const char*>(data), "data");
        *engine = new trtv_engine{trtv::load(trtv::require(runtime, "runtime").state, data, size)};
    });
}

void trtv_engine_destroy(trtv_engine* engine) noexcept { delete engine; }

int32_t trtv_engine_get_info(trtv_engine* engine, trtv_engine_info* info) noexcept {
    return trtv::guard([&] {
        trtv::require_struct(info, "info");
        const nvinfer1::ICudaEngine& source = *trtv::require(engine, "engine").state->engine;
        info->tensor_count = source.getNbIOTensors();
        info->profile_count = source.getNbOptimizationProfiles();
        info->layer_count = source.getNbLayers();
        info->hardware_compatibility = static_cast<int32_t>(source.getHardwareCompatibilityLevel());
        info->profiling_verbosity = static_cast<int32_t>(source.getProfilingVerbosity());
        info->is_refittable = source.isRefittable() ? 1 : 0;
        info->auxiliary_stream_count = source.getNbAuxStreams();
        info->device_memory_bytes = source.getDeviceMemorySizeV2();
        const char* name = source.getName();
        info->name = name == nullptr ? "" : name;
    });
}

int32_t trtv_engine_get_tensor(trtv_engine* engine, int32_t index, trtv_tensor_info* info) noexcept {
    return trtv::guard([&] {
        trtv::require_struct(info, "info");
        const trtv::Engine& source = *trtv::require(engine, "engine").state;
        if (index < 0 || index >= static_cast<int32_t>(source.tensor_names.size()))
            throw trtv::Error(TRTV_ERROR_NOT_FOUND, "The engine has no tensor " + std::to_string(index) + "; it has " +
                                                        std::to_string(source.tensor_names.size()) +
                                                        ", counted from 0.");
        trtv::describe_tensor(*source.engine, source.tensor_names[static_cast<size_t>(index)].c_str(), *info);
    });
}

int32_t trtv_engine_get_profile_shape(trtv_engine* engine, const char* tensor, int32_t profile, int32_t selector,
                                      trtv_shape* shape) noexcept {
    return trtv::guard([&] {
        trtv::require_struct(shape, "shape");
        const trtv::Engine& source = *trtv::require(engine, "engine").state;
        source.require_profile(profile);
        const nvinfer1::OptProfileSelector which = trtv::to_selector(selector);
        const char* name = source.require_tensor(tensor);
        if (source.engine->getTensorIOMode(name) != nvinfer1::TensorIOMode::kINPUT)
            throw trtv::Error(TRTV_ERROR_NOT_FOUND,
                              "Only inputs have profile shapes; '" + std::string(name) + "' is an output.");
        trtv::write_dims(source.engine->getProfileShape(name, profile, which), *shape);
    });
}

int32_t trtv_engine_get_device_memory_size(trtv_engine* engine, int32_t profile, int64_t* size) noexcept {
    return trtv::guard([&] {
        trtv::require(size, "size") = 0;
        const trtv::Engine& source = *trtv::require(engine, "engine").state;
        source.require_profile(profile);
        *size = source.engine->getDeviceMemorySizeForProfileV2(profile);
    });
}
