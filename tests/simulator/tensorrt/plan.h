// The simulated engine file: the outside of a real plan, inside the ONNX model and how to run it.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "shapes.h"

namespace trtv_sim {

/** A library version, major.minor.patch.build. */
struct Version {
    int32_t parts[4] = {0, 0, 0, 0};
    static Version current();
    std::string text() const;
    /** As getInferLibVersion has it: 100300 for 10.3.0. */
    int32_t number() const;
};

struct Plan {
    Version version;
    std::string computeCapability;
    nvinfer1::HardwareCompatibilityLevel hardware = nvinfer1::HardwareCompatibilityLevel::kNONE;
    nvinfer1::ProfilingVerbosity verbosity = nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY;
    bool versionCompatible = false;
    bool refittable = false;
    std::vector<ProfileRanges> profiles;
    std::string onnx;
};

std::string writePlan(const Plan& plan);
/** Throws std::runtime_error in TensorRT's words when the bytes are no plan for this library and GPU. */
Plan readPlan(std::string_view bytes, bool hostCodeAllowed);

}  // namespace trtv_sim
