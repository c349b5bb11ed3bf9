#include "runtime.h"

#include "engine.h"
#include "gpu_link.h"

namespace trtv_sim {

Runtime::~Runtime() noexcept {
    if (*engines_ > 0) Simulation::instance().violation("a runtime was destroyed before its engines");
}

nvinfer1::ICudaEngine* Runtime::deserializeCudaEngine(const void* blob, std::size_t size) noexcept {
    if (injected(logger_, "IRuntime::deserializeCudaEngine")) return nullptr;
    try {
        if (!blob) {
            refuse(logger_, "IRuntime::deserializeCudaEngine", "Parameter check failed, condition: blob != nullptr");
            return nullptr;
        }
        if (const CUresult failed = ensureContext()) {
            throw std::runtime_error("IRuntime::deserializeCudaEngine: Error Code 1: Cuda Runtime (error " +
                                     std::to_string(static_cast<int>(failed)) + ")");
        }
        std::string bytes(static_cast<const char*>(blob), size);
        auto core = std::make_shared<EngineCore>(readPlan(bytes, hostCodeAllowed_), bytes, logger_);
        logTo(logger_, nvinfer1::ILogger::Severity::kINFO,
              "Loaded engine size: " + std::to_string(size >> 20) + " MiB");
        return new Engine(std::move(core), engines_);
    } catch (const std::exception& error) {
        logError(logger_, error.what());
        logError(logger_,
                 "IRuntime::deserializeCudaEngine: Error Code 4: Internal Error (Engine deserialization failed.)");
        return nullptr;
    }
}

}  // namespace trtv_sim
