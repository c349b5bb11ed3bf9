// trtv_execution_context_*: nvinfer1::IExecutionContext.
#include "execution_context.h"

#include <algorithm>

#include "core/boundary.h"
#include "core/shapes.h"

namespace trtv {
namespace {

std::shared_ptr<ExecutionContext> make_context(const std::shared_ptr<Engine>& engine, int32_t strategy) {
    require_range(strategy, TRTV_ALLOCATION_STATIC, TRTV_ALLOCATION_USER_MANAGED, "strategy");
    auto made = std::make_shared<ExecutionContext>();
    made->parent = engine;
    made->context.reset(
        engine->engine->createExecutionContext(static_cast<nvinfer1::ExecutionContextAllocationStrategy>(strategy)));
    if (made->context == nullptr) throw tensorrt_error("The execution context could not be made.");
    return made;
}

std::string text_of(const nvinfer1::Dims& dims) {
    std::string text = "[";
    for (int32_t i = 0; i < dims.nbDims; ++i) text += (i == 0 ? "" : ", ") + std::to_string(dims.d[i]);
    return text + "]";
}

ExecutionContext& state_of(trtv_execution_context* context) { return *require(context, "context").state; }

}  // namespace

Error ExecutionContext::explain_failure(const std::string& sentence) {
    const Error failure = tensorrt_error(sentence);
    std::string missing;
    for (const std::string& name : parent->tensor_names) {
        const bool is_input = parent->engine->getTensorIOMode(name.c_str()) == nvinfer1::TensorIOMode::kINPUT;
        const nvinfer1::Dims shape = context->getTensorShape(name.c_str());
        const bool lacks_shape = is_input && std::any_of(shape.d, shape.d + std::max(shape.nbDims, 0),
                                                         [](int64_t size) { return size < 0; });
        const bool lacks_address = context->getTensorAddress(name.c_str()) == nullptr;
        if (lacks_shape) missing += (missing.empty() ? "" : ", ") + name + " (no shape)";
        if (lacks_address) missing += (missing.empty() ? "" : ", ") + name + " (no address)";
    }
    if (missing.empty()) return failure;
    return Error(TRTV_ERROR_INCOMPLETE, sentence + " Missing: " + missing + ".", failure.domain(),
                 failure.native_code());
}

}  // namespace trtv

using trtv::guard;
using trtv::require;
using trtv::state_of;

int32_t trtv_execution_context_create(trtv_engine* engine, int32_t strategy,
                                      trtv_execution_context** context) noexcept {
    return guard([&] {
        require(context, "context") = nullptr;
        *context = new trtv_execution_context{trtv::make_context(require(engine, "engine").state, strategy)};
    });
}

void trtv_execution_context_destroy(trtv_execution_context* context) noexcept { delete context; }

int32_t trtv_execution_context_set_profile(trtv_execution_context* context, int32_t profile,
                                           trtv_cuda_stream stream) noexcept {
    return guard([&] {
        trtv::ExecutionContext& state = state_of(context);
        state.parent->require_profile(profile);
        if (!state.context->setOptimizationProfileAsync(profile, stream))
            throw trtv::tensorrt_error("Optimisation profile " + std::to_string(profile) + " could not be selected.");
    });
}

int32_t trtv_execution_context_set_input_shape(trtv_execution_context* context, const char* tensor,
                                               const int64_t* sizes, int32_t rank) noexcept {
    return guard([&] {
        trtv::ExecutionContext& state = state_of(context);
        const nvinfer1::Dims dims = trtv::to_dims(sizes, rank);
        const char* name = state.parent->require_tensor(tensor);
        if (!state.context->setInputShape(name, dims))
            throw trtv::tensorrt_error("Input '" + std::string(name) + "' cannot have shape " + trtv::text_of(dims) +
                                       ".");
    });
}

int32_t trtv_execution_context_get_tensor_shape(trtv_execution_context* context, const char* tensor,
                                                trtv_shape* shape) noexcept {
    return guard([&] {
        trtv::require_struct(shape, "shape");
        trtv::ExecutionContext& state = state_of(context);
        trtv::write_dims(state.context->getTensorShape(state.parent->require_tensor(tensor)), *shape);
    });
}

int32_t trtv_execution_context_set_tensor_address(trtv_execution_context* context, const char* tensor,
                                                  void* address) noexcept {
    return guard([&] {
        trtv::ExecutionContext& state = state_of(context);
        const char* name = state.parent->require_tensor(tensor);
        if (!state.context->setTensorAddress(name, address))
            throw trtv::tensorrt_error("Tensor '" + std::string(name) + "' could not be bound to its memory.");
    });
}

int32_t trtv_execution_context_set_device_memory(trtv_execution_context* context, void* memory, int64_t size) noexcept {
    return guard([&] {
        trtv::require_range(size, 0, INT64_MAX, "size");
        state_of(context).context->setDeviceMemoryV2(memory, size);
        trtv::throw_if_logged("The scratch memory was refused.");
    });
}

int32_t trtv_execution_context_enqueue(trtv_execution_context* context, trtv_cuda_stream stream) noexcept {
    return guard([&] {
        trtv::ExecutionContext& state = state_of(context);
        if (!state.context->enqueueV3(stream)) throw state.explain_failure("The engine could not be enqueued.");
    });
}

int32_t trtv_execution_context_set_profiler(trtv_execution_context* context, trtv_profiler* profiler) noexcept {
    return guard([&] {
        trtv::ExecutionContext& state = state_of(context);
        std::shared_ptr<trtv::Profiler> next = profiler == nullptr ? nullptr : profiler->state;
        state.context->setProfiler(next.get());
        state.profiler = std::move(next);
    });
}

int32_t trtv_execution_context_set_enqueue_emits_profile(trtv_execution_context* context, int32_t emits) noexcept {
    return guard([&] {
        trtv::require_range(emits, 0, 1, "emits");
        state_of(context).context->setEnqueueEmitsProfile(emits != 0);
    });
}

int32_t trtv_execution_context_report_to_profiler(trtv_execution_context* context) noexcept {
    return guard([&] {
        if (!state_of(context).context->reportToProfiler())
            throw trtv::tensorrt_error("There are no layer times to report.");
    });
}
