// The functions that libnvinfer.so.10 exports.
#include <stdexcept>

#include "builder.h"
#include "gpu_link.h"
#include "plan.h"
#include "runtime.h"

using trtv_sim::FaultAction;
using trtv_sim::Simulation;
using trtv_sim::Version;

// Declared by other C++ names than NvInfer.h's, which says noexcept: the real ones do throw.
extern "C" {
TRTV_SIM_EXPORT void* trtvSimCreateRuntime(void* logger, int32_t version) asm("createInferRuntime_INTERNAL");
TRTV_SIM_EXPORT void* trtvSimCreateBuilder(void* logger, int32_t version) asm("createInferBuilder_INTERNAL");
TRTV_SIM_EXPORT int32_t trtvSimLibVersion() asm("getInferLibVersion");
TRTV_SIM_EXPORT int32_t getInferLibMajorVersion();
TRTV_SIM_EXPORT int32_t getInferLibMinorVersion();
TRTV_SIM_EXPORT int32_t getInferLibPatchVersion();
TRTV_SIM_EXPORT int32_t getInferLibBuildVersion();
}

namespace {

nvinfer1::ILogger* loggerOf(void* logger) { return static_cast<nvinfer1::ILogger*>(logger); }

/** True when the call is to return null; throws when it is to throw. */
bool injectedFactory(const char* function, void* logger) {
    const FaultAction fault = Simulation::instance().enter(function);
    if (fault.kind == FaultAction::Kind::kNone) return false;
    const std::string text = std::string(function) + ": injected fault";
    if (fault.kind == FaultAction::Kind::kThrow) throw std::runtime_error(text);
    trtv_sim::logError(loggerOf(logger), text);
    return true;
}

bool suits(void* logger, int32_t version) {
    if (logger && version / 10000 == Version::current().parts[0]) return true;
    trtv_sim::logError(loggerOf(logger), "The library is version " + std::to_string(Version::current().number()) +
                                             ", the caller was compiled for " + std::to_string(version));
    return false;
}

std::string initializationFailure(CUresult error) {
    return "CUDA initialization failure with error: " + std::to_string(static_cast<int>(error)) +
           ". Please check your CUDA installation.";
}

}  // namespace

extern "C" {

void* trtvSimCreateRuntime(void* logger, int32_t version) {
    if (injectedFactory("createInferRuntime_INTERNAL", logger) || !suits(logger, version)) return nullptr;
    if (const CUresult failed = trtv_sim::ensureInitialized()) {
        trtv_sim::logError(loggerOf(logger), initializationFailure(failed));
        // As the real library does: a pointer that is neither null nor an object. Callers must ask the driver first.
        return reinterpret_cast<void*>(0x200);
    }
    return static_cast<nvinfer1::IRuntime*>(new trtv_sim::Runtime(loggerOf(logger)));
}

void* trtvSimCreateBuilder(void* logger, int32_t version) {
    if (injectedFactory("createInferBuilder_INTERNAL", logger) || !suits(logger, version)) return nullptr;
    if (const CUresult failed = trtv_sim::ensureInitialized()) {
        trtv_sim::logError(loggerOf(logger), initializationFailure(failed));
        throw std::runtime_error(initializationFailure(failed));
    }
    return static_cast<nvinfer1::IBuilder*>(new trtv_sim::Builder(loggerOf(logger)));
}

int32_t trtvSimLibVersion() { return Version::current().number(); }

int32_t getInferLibMajorVersion() { return Version::current().parts[0]; }

int32_t getInferLibMinorVersion() { return Version::current().parts[1]; }

int32_t getInferLibPatchVersion() { return Version::current().parts[2]; }

int32_t getInferLibBuildVersion() { return Version::current().parts[3]; }
}
