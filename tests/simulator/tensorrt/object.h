// What all simulated TensorRT objects share: being counted, failing when told to, and complaining to a logger.
#pragma once

#include <string>

#include "NvInfer.h"
#include "simulation.h"

namespace trtv_sim {

/** Counts the live objects of a class. */
class Counted {
public:
    explicit Counted(const char* kind) : kind_(kind) { add(1); }
    ~Counted() { add(-1); }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    void add(int64_t amount) {
        Simulation::instance().add(kind_, amount);
        Simulation::instance().add("tensorrt_objects", amount);
    }
    const char* kind_;
};

inline void logTo(nvinfer1::ILogger* logger, nvinfer1::ILogger::Severity severity, const std::string& text) {
    if (logger) logger->log(severity, text.c_str());
}

inline void logError(nvinfer1::ILogger* logger, const std::string& text) {
    logTo(logger, nvinfer1::ILogger::Severity::kERROR, text);
}

/** TensorRT's usual form for a caller's mistake. */
inline bool refuse(nvinfer1::ILogger* logger, const std::string& method, const std::string& text) {
    logError(logger, method + ": Error Code 3: API Usage Error (" + text + ")");
    return false;
}

/** Whether the call is told to fail; says so in the log. Methods of TensorRT never throw, so "throw" fails them too. */
inline bool injected(nvinfer1::ILogger* logger, const char* method) {
    if (Simulation::instance().enter(method).kind == FaultAction::Kind::kNone) return false;
    logError(logger, std::string(method) + ": Error Code 2: Internal Error (injected fault)");
    return true;
}

}  // namespace trtv_sim
