/*
 * TensorRT 10's numbers, structs and the interfaces that a caller implements, as far as they are used.
 */
#ifndef TRTVOCODER_NVINFER10_NVINFERTYPES_H
#define TRTVOCODER_NVINFER10_NVINFERTYPES_H

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#define NV_TENSORRT_MAJOR 10

namespace nvinfer1 {

using AsciiChar = char;

enum class DataType : int32_t {
    kFLOAT = 0,
    kHALF = 1,
    kINT8 = 2,
    kINT32 = 3,
    kBOOL = 4,
    kUINT8 = 5,
    kFP8 = 6,
    kBF16 = 7,
    kINT64 = 8,
    kINT4 = 9,
};

enum class TensorFormat : int32_t {
    kLINEAR = 0,
};

enum class TensorIOMode : int32_t {
    kNONE = 0,
    kINPUT = 1,
    kOUTPUT = 2,
};

enum class TensorLocation : int32_t {
    kDEVICE = 0,
    kHOST = 1,
};

enum class OptProfileSelector : int32_t {
    kMIN = 0,
    kOPT = 1,
    kMAX = 2,
};

enum class ExecutionContextAllocationStrategy : int32_t {
    kSTATIC = 0,
    kON_PROFILE_CHANGE = 1,
    kUSER_MANAGED = 2,
};

enum class ProfilingVerbosity : int32_t {
    kLAYER_NAMES_ONLY = 0,
    kNONE = 1,
    kDETAILED = 2,
};

enum class LayerInformationFormat : int32_t {
    kONELINE = 0,
    kJSON = 1,
};

enum class HardwareCompatibilityLevel : int32_t {
    kNONE = 0,
    kAMPERE_PLUS = 1,
};

enum class BuilderFlag : int32_t {
    kFP16 = 0,
    kREFIT = 4,
    kDISABLE_TIMING_CACHE = 5,
    kTF32 = 6,
    kVERSION_COMPATIBLE = 13,
    kEXCLUDE_LEAN_RUNTIME = 14,
    kBF16 = 17,
};

enum class MemoryPoolType : int32_t {
    kWORKSPACE = 0,
};

enum class NetworkDefinitionCreationFlag : int32_t {
    kSTRONGLY_TYPED = 1,
};

using NetworkDefinitionCreationFlags = uint32_t;

/** A shape. */
class Dims64 {
public:
    static constexpr int32_t MAX_DIMS{8};
    int32_t nbDims;
    int64_t d[MAX_DIMS];
};

using Dims = Dims64;

/** Which interface, and which version of it, an object implements. */
class InterfaceInfo {
public:
    char const* kind;
    int32_t major;
    int32_t minor;
};

enum class APILanguage : int32_t {
    kCPP = 0,
    kPYTHON = 1,
};

/** The root of most interfaces that a caller implements. */
class IVersionedInterface {
public:
    virtual APILanguage getAPILanguage() const noexcept { return APILanguage::kCPP; }
    virtual InterfaceInfo getInterfaceInfo() const noexcept = 0;
    virtual ~IVersionedInterface() noexcept = default;
};

/** Takes TensorRT's messages; implemented by the caller. */
class ILogger {
public:
    enum class Severity : int32_t {
        kINTERNAL_ERROR = 0,
        kERROR = 1,
        kWARNING = 2,
        kINFO = 3,
        kVERBOSE = 4,
    };

    virtual void log(Severity severity, AsciiChar const* msg) noexcept = 0;
    virtual ~ILogger() = default;
};

/** Takes layer times; implemented by the caller. */
class IProfiler {
public:
    virtual void reportLayerTime(char const* layerName, float ms) noexcept = 0;
    virtual ~IProfiler() noexcept = default;
};

/** Takes a build's progress, and may end it: implemented by the caller. */
class IProgressMonitor : public IVersionedInterface {
public:
    InterfaceInfo getInterfaceInfo() const noexcept override { return {"IProgressMonitor", 1, 0}; }
    virtual void phaseStart(char const* phaseName, char const* parentPhase, int32_t nbSteps) noexcept = 0;
    virtual bool stepComplete(char const* phaseName, int32_t step) noexcept = 0;
    virtual void phaseFinish(char const* phaseName) noexcept = 0;
};

}  // namespace nvinfer1

#endif
