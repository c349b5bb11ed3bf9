// trtv_inspector_*: nvinfer1::IEngineInspector.
#include "buffer.h"
#include "core/boundary.h"
#include "execution_context.h"

int32_t trtv_inspector_describe_engine(trtv_engine* engine, trtv_execution_context* context, int32_t format,
                                       trtv_buffer** text) noexcept {
    return trtv::guard([&] {
        trtv::require(text, "text") = nullptr;
        trtv::require_range(format, TRTV_INSPECTOR_ONE_LINE, TRTV_INSPECTOR_JSON, "format");
        std::unique_ptr<nvinfer1::IEngineInspector> inspector(
            trtv::require(engine, "engine").state->engine->createEngineInspector());
        if (inspector == nullptr) throw trtv::tensorrt_error("The engine inspector could not be made.");
        if (context != nullptr && !inspector->setExecutionContext(context->state->context.get()))
            throw trtv::tensorrt_error("The engine inspector refused the execution context.");
        const char* description =
            inspector->getEngineInformation(static_cast<nvinfer1::LayerInformationFormat>(format));
        if (description == nullptr) throw trtv::tensorrt_error("The engine could not be described.");
        *text = new trtv_buffer{std::string(description)};
    });
}
