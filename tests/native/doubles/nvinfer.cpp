// A TensorRT whose factories fail in the ways seen in the real one: by throwing, by NULL with a word in the log, and by
// a pointer that leads nowhere. Which one, and the version it says it is, are chosen when it is compiled.
#include <NvInfer.h>

#include <stdexcept>

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int getInferLibVersion() { return NVINFER_VERSION; }

EXPORT int getInferLibBuildVersion() { return 26; }

EXPORT void* createInferRuntime_INTERNAL(void*, int) {
#if defined(RUNTIME_THROWS)
    throw 42;
#elif defined(RUNTIME_WILD)
    return reinterpret_cast<void*>(0x200);
#else
    return new nvinfer1::IRuntime();
#endif
}

EXPORT void* createInferBuilder_INTERNAL(void* logger, int) {
#if defined(BUILDER_THROWS)
    throw std::runtime_error("no builder today");
#endif
    using Severity = nvinfer1::ILogger::Severity;
    auto& log = *static_cast<nvinfer1::ILogger*>(logger);
    log.log(Severity::kWARNING, "a warning");
    log.log(Severity::kERROR, "createBuilder: Error Code 6: API Usage Error (a reason)");
    return nullptr;
}
