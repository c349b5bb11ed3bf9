// trtv_builder_*: the exported functions; what they do is in builder.cpp.
#include "buffer.h"
#include "builder.h"
#include "core/boundary.h"
#include "core/shapes.h"

using trtv::guard;
using trtv::require;
using trtv::require_range;

namespace {

trtv::Builder& state_of(trtv_builder* builder) { return require(builder, "builder").state; }

}  // namespace

int32_t trtv_builder_create(trtv_library* library, int32_t strongly_typed, trtv_builder** builder) noexcept {
    return guard([&] {
        require(builder, "builder") = nullptr;
        require_range(strongly_typed, 0, 1, "strongly_typed");
        *builder = new trtv_builder{trtv::Builder(require(library, "library").state, strongly_typed != 0)};
    });
}

void trtv_builder_destroy(trtv_builder* builder) noexcept { delete builder; }

int32_t trtv_builder_parse_onnx(trtv_builder* builder, const void* model, int64_t size, const char* path) noexcept {
    return guard([&] {
        require(static_cast<const char*>(model), "model");
        state_of(builder).parse(model, size, path);
    });
}

int32_t trtv_builder_get_parser_error(trtv_builder* builder, int32_t index, trtv_parser_error* error) noexcept {
    return guard([&] {
        trtv::require_struct(error, "error");
        const std::vector<trtv::ParserError>& errors = state_of(builder).parser_errors();
        if (index < 0 || index >= static_cast<int32_t>(errors.size()))
            throw trtv::Error(TRTV_ERROR_NOT_FOUND, "There is no parser error " + std::to_string(index) + ".");
        const trtv::ParserError& source = errors[static_cast<size_t>(index)];
        *error = {sizeof(trtv_parser_error),
                  source.code,
                  source.node,
                  source.line,
                  source.node_name.c_str(),
                  source.node_operator.c_str(),
                  source.description.c_str(),
                  source.file.c_str(),
                  source.function.c_str()};
    });
}

int32_t trtv_builder_get_tensor(trtv_builder* builder, int32_t index, trtv_tensor_info* info) noexcept {
    return guard([&] { state_of(builder).describe_tensor(index, trtv::require_struct(info, "info")); });
}

int32_t trtv_builder_add_profile(trtv_builder* builder, int32_t* profile) noexcept {
    return guard([&] {
        require(profile, "profile") = 0;
        *profile = state_of(builder).add_profile();
    });
}

int32_t trtv_builder_set_profile_shape(trtv_builder* builder, int32_t profile, const char* tensor, int32_t selector,
                                       const int64_t* sizes, int32_t rank) noexcept {
    return guard([&] {
        state_of(builder).set_profile_shape(profile, &require(tensor, "tensor"), trtv::to_selector(selector),
                                            trtv::to_dims(sizes, rank));
    });
}

int32_t trtv_builder_set_workspace(trtv_builder* builder, int64_t bytes) noexcept {
    return guard([&] {
        require_range(bytes, 0, INT64_MAX, "bytes");
        state_of(builder).config().setMemoryPoolLimit(nvinfer1::MemoryPoolType::kWORKSPACE, static_cast<size_t>(bytes));
    });
}

int32_t trtv_builder_set_flag(trtv_builder* builder, int32_t flag, int32_t value) noexcept {
    return guard([&] {
        require_range(flag, TRTV_BUILDER_FLAG_FP16, TRTV_BUILDER_FLAG_DISABLE_TIMING_CACHE, "flag");
        require_range(value, 0, 1, "value");
        state_of(builder).set_flag(static_cast<trtv_builder_flag>(flag), value != 0);
    });
}

int32_t trtv_builder_set_hardware_compatibility(trtv_builder* builder, int32_t level) noexcept {
    return guard([&] {
        require_range(level, TRTV_HARDWARE_COMPATIBILITY_NONE, TRTV_HARDWARE_COMPATIBILITY_SAME_COMPUTE_CAPABILITY,
                      "level");
        state_of(builder).config().setHardwareCompatibilityLevel(
            static_cast<nvinfer1::HardwareCompatibilityLevel>(level));
        trtv::throw_if_logged("This hardware compatibility level was refused.", TRTV_ERROR_UNSUPPORTED);
    });
}

int32_t trtv_builder_set_optimization_level(trtv_builder* builder, int32_t level) noexcept {
    return guard([&] {
        require_range(level, 0, 5, "level");
        state_of(builder).config().setBuilderOptimizationLevel(level);
    });
}

int32_t trtv_builder_set_profiling_verbosity(trtv_builder* builder, int32_t verbosity) noexcept {
    return guard([&] {
        require_range(verbosity, TRTV_PROFILING_LAYER_NAMES_ONLY, TRTV_PROFILING_DETAILED, "verbosity");
        state_of(builder).config().setProfilingVerbosity(static_cast<nvinfer1::ProfilingVerbosity>(verbosity));
    });
}

int32_t trtv_builder_set_timing_cache(trtv_builder* builder, const void* data, int64_t size) noexcept {
    return guard([&] {
        require_range(size, 0, INT64_MAX, "size");
        if (size > 0) require(static_cast<const char*>(data), "data");
        state_of(builder).set_timing_cache(data, size);
    });
}

int32_t trtv_builder_get_timing_cache(trtv_builder* builder, trtv_buffer** cache) noexcept {
    return guard([&] {
        require(cache, "cache") = nullptr;
        *cache = new trtv_buffer{state_of(builder).timing_cache()};
    });
}

int32_t trtv_builder_set_progress_callback(trtv_builder* builder, trtv_progress_callback callback,
                                           void* user) noexcept {
    return guard([&] { state_of(builder).progress().set_callback(callback, user); });
}

int32_t trtv_builder_cancel(trtv_builder* builder) noexcept {
    return guard([&] { state_of(builder).progress().cancel(); });
}

int32_t trtv_builder_build(trtv_builder* builder, trtv_buffer** plan) noexcept {
    return guard([&] {
        require(plan, "plan") = nullptr;
        *plan = new trtv_buffer{state_of(builder).build()};
    });
}
