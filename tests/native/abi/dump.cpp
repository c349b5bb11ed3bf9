// Prints what of TensorRT's declarations is ABI, as far as the shim uses it, one fact a line: the slot and type of
// every virtual function, sizes, offsets and numbers. Compiled once against our own declarations and once against each
// set of NVIDIA's headers.
#include <NvInfer.h>
#if __has_include(<NvOnnxParser.h>)
#include <NvOnnxParser.h>
#define HAS_PARSER
#endif

#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <typeinfo>

using namespace nvinfer1;
using namespace nvinfer1::apiv;

namespace {

// NVIDIA moves interfaces in and out of inline-like version namespaces, which is no matter of ABI.
template <typename T>
std::string name_of() {
    int status = 0;
    char* demangled = abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, &status);
    std::string name = demangled;
    std::free(demangled);
    for (size_t at = 0; (at = name.find("v_1_0::")) != std::string::npos;) name.erase(at, 7);
    return name;
}

// In the Itanium C++ ABI a pointer to a virtual member holds 1 + its offset in the table; Arm's variant marks it
// elsewhere and holds the offset alone.
#if defined(__aarch64__)
constexpr std::ptrdiff_t virtual_mark = 0;
#else
constexpr std::ptrdiff_t virtual_mark = 1;
#endif
template <typename Method>
void method(const char* name, Method pointer) {
    static_assert(sizeof(pointer) == 2 * sizeof(std::ptrdiff_t), "not the Itanium C++ ABI");
    std::ptrdiff_t offset = 0;
    std::memcpy(&offset, &pointer, sizeof(offset));
    std::printf("%s: slot %td, %s\n", name, (offset - virtual_mark) / static_cast<std::ptrdiff_t>(sizeof(void*)),
                name_of<Method>().c_str());
}

template <typename Enum>
void value(const char* name, Enum number) {
    std::printf("%s: %d, %zu bytes\n", name, static_cast<int>(number), sizeof(Enum));
}

template <typename Class, typename Impl, typename Open>
void layout(const char* name, Impl* Class::*impl) {
    std::ptrdiff_t offset = 0;
    std::memcpy(&offset, &impl, sizeof(offset));
    std::printf("%s: %zu bytes, mImpl at %td\n", name, sizeof(Class), offset);
}

// mImpl is protected.
struct OpenHostMemory : IHostMemory {
    using IHostMemory::mImpl;
};
struct OpenRuntime : IRuntime {
    using IRuntime::mImpl;
};
struct OpenCudaEngine : ICudaEngine {
    using ICudaEngine::mImpl;
};
struct OpenExecutionContext : IExecutionContext {
    using IExecutionContext::mImpl;
};
struct OpenEngineInspector : IEngineInspector {
    using IEngineInspector::mImpl;
};
struct OpenTensor : ITensor {
    using ITensor::mImpl;
};
struct OpenNetworkDefinition : INetworkDefinition {
    using INetworkDefinition::mImpl;
};
struct OpenOptimizationProfile : IOptimizationProfile {
    using IOptimizationProfile::mImpl;
};
struct OpenTimingCache : ITimingCache {
    using ITimingCache::mImpl;
};
struct OpenBuilderConfig : IBuilderConfig {
    using IBuilderConfig::mImpl;
};
struct OpenBuilder : IBuilder {
    using IBuilder::mImpl;
};

using Deserialize = ICudaEngine* (VRuntime::*)(void const*, std::size_t) noexcept;

void runtime() {
    method("VHostMemory::data", &VHostMemory::data);
    method("VHostMemory::size", &VHostMemory::size);
    method("VHostMemory::type", &VHostMemory::type);
    method("VRuntime::deserializeCudaEngine", static_cast<Deserialize>(&VRuntime::deserializeCudaEngine));
    method("VRuntime::setEngineHostCodeAllowed", &VRuntime::setEngineHostCodeAllowed);
    method("VCudaEngine::getNbLayers", &VCudaEngine::getNbLayers);
    method("VCudaEngine::serialize", &VCudaEngine::serialize);
    method("VCudaEngine::createExecutionContext", &VCudaEngine::createExecutionContext);
    method("VCudaEngine::isRefittable", &VCudaEngine::isRefittable);
    method("VCudaEngine::getName", &VCudaEngine::getName);
    method("VCudaEngine::getNbOptimizationProfiles", &VCudaEngine::getNbOptimizationProfiles);
    method("VCudaEngine::getProfilingVerbosity", &VCudaEngine::getProfilingVerbosity);
    method("VCudaEngine::createEngineInspector", &VCudaEngine::createEngineInspector);
    method("VCudaEngine::getTensorShape", &VCudaEngine::getTensorShape);
    method("VCudaEngine::getTensorDataType", &VCudaEngine::getTensorDataType);
    method("VCudaEngine::getTensorLocation", &VCudaEngine::getTensorLocation);
    method("VCudaEngine::isShapeInferenceIO", &VCudaEngine::isShapeInferenceIO);
    method("VCudaEngine::getTensorIOMode", &VCudaEngine::getTensorIOMode);
    method("VCudaEngine::getTensorBytesPerComponent", &VCudaEngine::getTensorBytesPerComponent);
    method("VCudaEngine::getTensorComponentsPerElement", &VCudaEngine::getTensorComponentsPerElement);
    method("VCudaEngine::getTensorFormat", &VCudaEngine::getTensorFormat);
    method("VCudaEngine::getTensorFormatDesc", &VCudaEngine::getTensorFormatDesc);
    method("VCudaEngine::getTensorVectorizedDim", &VCudaEngine::getTensorVectorizedDim);
    method("VCudaEngine::getProfileShape", &VCudaEngine::getProfileShape);
    method("VCudaEngine::getNbIOTensors", &VCudaEngine::getNbIOTensors);
    method("VCudaEngine::getIOTensorName", &VCudaEngine::getIOTensorName);
    method("VCudaEngine::getHardwareCompatibilityLevel", &VCudaEngine::getHardwareCompatibilityLevel);
    method("VCudaEngine::getNbAuxStreams", &VCudaEngine::getNbAuxStreams);
    method("VCudaEngine::getDeviceMemorySizeV2", &VCudaEngine::getDeviceMemorySizeV2);
    method("VCudaEngine::getDeviceMemorySizeForProfileV2", &VCudaEngine::getDeviceMemorySizeForProfileV2);
    method("VExecutionContext::setProfiler", &VExecutionContext::setProfiler);
    method("VExecutionContext::getOptimizationProfile", &VExecutionContext::getOptimizationProfile);
    method("VExecutionContext::allInputDimensionsSpecified", &VExecutionContext::allInputDimensionsSpecified);
    method("VExecutionContext::setOptimizationProfileAsync", &VExecutionContext::setOptimizationProfileAsync);
    method("VExecutionContext::setEnqueueEmitsProfile", &VExecutionContext::setEnqueueEmitsProfile);
    method("VExecutionContext::getEnqueueEmitsProfile", &VExecutionContext::getEnqueueEmitsProfile);
    method("VExecutionContext::reportToProfiler", &VExecutionContext::reportToProfiler);
    method("VExecutionContext::setInputShape", &VExecutionContext::setInputShape);
    method("VExecutionContext::getTensorShape", &VExecutionContext::getTensorShape);
    method("VExecutionContext::setTensorAddress", &VExecutionContext::setTensorAddress);
    method("VExecutionContext::getTensorAddress", &VExecutionContext::getTensorAddress);
    method("VExecutionContext::inferShapes", &VExecutionContext::inferShapes);
    method("VExecutionContext::setInputConsumedEvent", &VExecutionContext::setInputConsumedEvent);
    method("VExecutionContext::getMaxOutputSize", &VExecutionContext::getMaxOutputSize);
    method("VExecutionContext::enqueueV3", &VExecutionContext::enqueueV3);
    method("VExecutionContext::updateDeviceMemorySizeForShapes", &VExecutionContext::updateDeviceMemorySizeForShapes);
    method("VExecutionContext::setDeviceMemoryV2", &VExecutionContext::setDeviceMemoryV2);
    method("VEngineInspector::setExecutionContext", &VEngineInspector::setExecutionContext);
    method("VEngineInspector::getEngineInformation", &VEngineInspector::getEngineInformation);
}

void builder() {
    method("VTensor::getName", &VTensor::getName);
    method("VTensor::getDimensions", &VTensor::getDimensions);
    method("VTensor::getType", &VTensor::getType);
    method("VTensor::getLocation", &VTensor::getLocation);
    method("VTensor::isShapeTensor", &VTensor::isShapeTensor);
    method("VNetworkDefinition::getNbLayers", &VNetworkDefinition::getNbLayers);
    method("VNetworkDefinition::getNbInputs", &VNetworkDefinition::getNbInputs);
    method("VNetworkDefinition::getInput", &VNetworkDefinition::getInput);
    method("VNetworkDefinition::getNbOutputs", &VNetworkDefinition::getNbOutputs);
    method("VNetworkDefinition::getOutput", &VNetworkDefinition::getOutput);
    method("VNetworkDefinition::getName", &VNetworkDefinition::getName);
    method("VOptimizationProfile::setDimensions", &VOptimizationProfile::setDimensions);
    method("VOptimizationProfile::getDimensions", &VOptimizationProfile::getDimensions);
    method("VOptimizationProfile::isValid", &VOptimizationProfile::isValid);
    method("VTimingCache::serialize", &VTimingCache::serialize);
    method("VTimingCache::combine", &VTimingCache::combine);
    method("VBuilderConfig::clearFlag", &VBuilderConfig::clearFlag);
    method("VBuilderConfig::setFlag", &VBuilderConfig::setFlag);
    method("VBuilderConfig::getFlag", &VBuilderConfig::getFlag);
    method("VBuilderConfig::addOptimizationProfile", &VBuilderConfig::addOptimizationProfile);
    method("VBuilderConfig::getNbOptimizationProfiles", &VBuilderConfig::getNbOptimizationProfiles);
    method("VBuilderConfig::setProfilingVerbosity", &VBuilderConfig::setProfilingVerbosity);
    method("VBuilderConfig::createTimingCache", &VBuilderConfig::createTimingCache);
    method("VBuilderConfig::setTimingCache", &VBuilderConfig::setTimingCache);
    method("VBuilderConfig::getTimingCache", &VBuilderConfig::getTimingCache);
    method("VBuilderConfig::setMemoryPoolLimit", &VBuilderConfig::setMemoryPoolLimit);
    method("VBuilderConfig::getMemoryPoolLimit", &VBuilderConfig::getMemoryPoolLimit);
    method("VBuilderConfig::setBuilderOptimizationLevel", &VBuilderConfig::setBuilderOptimizationLevel);
    method("VBuilderConfig::setHardwareCompatibilityLevel", &VBuilderConfig::setHardwareCompatibilityLevel);
    method("VBuilderConfig::setMaxAuxStreams", &VBuilderConfig::setMaxAuxStreams);
    method("VBuilderConfig::setProgressMonitor", &VBuilderConfig::setProgressMonitor);
    method("VBuilder::createBuilderConfig", &VBuilder::createBuilderConfig);
    method("VBuilder::createNetworkV2", &VBuilder::createNetworkV2);
    method("VBuilder::createOptimizationProfile", &VBuilder::createOptimizationProfile);
    method("VBuilder::buildSerializedNetwork", &VBuilder::buildSerializedNetwork);
}

void classes() {
    layout<IHostMemory, VHostMemory, OpenHostMemory>("IHostMemory", &OpenHostMemory::mImpl);
    layout<IRuntime, VRuntime, OpenRuntime>("IRuntime", &OpenRuntime::mImpl);
    layout<ICudaEngine, VCudaEngine, OpenCudaEngine>("ICudaEngine", &OpenCudaEngine::mImpl);
    layout<IExecutionContext, VExecutionContext, OpenExecutionContext>("IExecutionContext",
                                                                       &OpenExecutionContext::mImpl);
    layout<IEngineInspector, VEngineInspector, OpenEngineInspector>("IEngineInspector", &OpenEngineInspector::mImpl);
    layout<ITensor, VTensor, OpenTensor>("ITensor", &OpenTensor::mImpl);
    layout<INetworkDefinition, VNetworkDefinition, OpenNetworkDefinition>("INetworkDefinition",
                                                                          &OpenNetworkDefinition::mImpl);
    layout<IOptimizationProfile, VOptimizationProfile, OpenOptimizationProfile>("IOptimizationProfile",
                                                                                &OpenOptimizationProfile::mImpl);
    layout<ITimingCache, VTimingCache, OpenTimingCache>("ITimingCache", &OpenTimingCache::mImpl);
    layout<IBuilderConfig, VBuilderConfig, OpenBuilderConfig>("IBuilderConfig", &OpenBuilderConfig::mImpl);
    layout<IBuilder, VBuilder, OpenBuilder>("IBuilder", &OpenBuilder::mImpl);
    std::printf("Dims: %zu bytes, d at %zu, %d dimensions\n", sizeof(Dims), offsetof(Dims, d), Dims::MAX_DIMS);
    std::printf("InterfaceInfo: %zu bytes, major at %zu, minor at %zu\n", sizeof(InterfaceInfo),
                offsetof(InterfaceInfo, major), offsetof(InterfaceInfo, minor));
}

// What the shim implements and TensorRT calls.
void interfaces() {
    method("ILogger::log", &ILogger::log);
    method("IProfiler::reportLayerTime", &IProfiler::reportLayerTime);
    method("IProgressMonitor::getAPILanguage", &IProgressMonitor::getAPILanguage);
    method("IProgressMonitor::getInterfaceInfo", &IProgressMonitor::getInterfaceInfo);
    method("IProgressMonitor::phaseStart", &IProgressMonitor::phaseStart);
    method("IProgressMonitor::stepComplete", &IProgressMonitor::stepComplete);
    method("IProgressMonitor::phaseFinish", &IProgressMonitor::phaseFinish);
    std::printf("ILogger: %zu bytes, IProfiler: %zu bytes, IProgressMonitor: %zu bytes\n", sizeof(ILogger),
                sizeof(IProfiler), sizeof(IProgressMonitor));
}

void numbers() {
    value("DataType::kFLOAT", DataType::kFLOAT);
    value("DataType::kHALF", DataType::kHALF);
    value("DataType::kINT8", DataType::kINT8);
    value("DataType::kINT32", DataType::kINT32);
    value("DataType::kBOOL", DataType::kBOOL);
    value("DataType::kUINT8", DataType::kUINT8);
    value("DataType::kFP8", DataType::kFP8);
    value("DataType::kBF16", DataType::kBF16);
    value("DataType::kINT64", DataType::kINT64);
    value("DataType::kINT4", DataType::kINT4);
    value("TensorFormat::kLINEAR", TensorFormat::kLINEAR);
    value("TensorIOMode::kNONE", TensorIOMode::kNONE);
    value("TensorIOMode::kINPUT", TensorIOMode::kINPUT);
    value("TensorIOMode::kOUTPUT", TensorIOMode::kOUTPUT);
    value("TensorLocation::kDEVICE", TensorLocation::kDEVICE);
    value("TensorLocation::kHOST", TensorLocation::kHOST);
    value("OptProfileSelector::kMIN", OptProfileSelector::kMIN);
    value("OptProfileSelector::kOPT", OptProfileSelector::kOPT);
    value("OptProfileSelector::kMAX", OptProfileSelector::kMAX);
    value("ExecutionContextAllocationStrategy::kSTATIC", ExecutionContextAllocationStrategy::kSTATIC);
    value("ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE",
          ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE);
    value("ExecutionContextAllocationStrategy::kUSER_MANAGED", ExecutionContextAllocationStrategy::kUSER_MANAGED);
    value("ProfilingVerbosity::kLAYER_NAMES_ONLY", ProfilingVerbosity::kLAYER_NAMES_ONLY);
    value("ProfilingVerbosity::kNONE", ProfilingVerbosity::kNONE);
    value("ProfilingVerbosity::kDETAILED", ProfilingVerbosity::kDETAILED);
    value("LayerInformationFormat::kONELINE", LayerInformationFormat::kONELINE);
    value("LayerInformationFormat::kJSON", LayerInformationFormat::kJSON);
    value("HardwareCompatibilityLevel::kNONE", HardwareCompatibilityLevel::kNONE);
    value("HardwareCompatibilityLevel::kAMPERE_PLUS", HardwareCompatibilityLevel::kAMPERE_PLUS);
    value("BuilderFlag::kREFIT", BuilderFlag::kREFIT);
    value("BuilderFlag::kDISABLE_TIMING_CACHE", BuilderFlag::kDISABLE_TIMING_CACHE);
    value("BuilderFlag::kTF32", BuilderFlag::kTF32);
    value("BuilderFlag::kVERSION_COMPATIBLE", BuilderFlag::kVERSION_COMPATIBLE);
    value("BuilderFlag::kEXCLUDE_LEAN_RUNTIME", BuilderFlag::kEXCLUDE_LEAN_RUNTIME);
    value("MemoryPoolType::kWORKSPACE", MemoryPoolType::kWORKSPACE);
    value("NetworkDefinitionCreationFlag::kSTRONGLY_TYPED", NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
    value("APILanguage::kCPP", APILanguage::kCPP);
    value("APILanguage::kPYTHON", APILanguage::kPYTHON);
    value("ILogger::Severity::kINTERNAL_ERROR", ILogger::Severity::kINTERNAL_ERROR);
    value("ILogger::Severity::kERROR", ILogger::Severity::kERROR);
    value("ILogger::Severity::kWARNING", ILogger::Severity::kWARNING);
    value("ILogger::Severity::kINFO", ILogger::Severity::kINFO);
    value("ILogger::Severity::kVERBOSE", ILogger::Severity::kVERBOSE);
#if NV_TENSORRT_MAJOR < 11
    value("BuilderFlag::kFP16", BuilderFlag::kFP16);
    value("BuilderFlag::kBF16", BuilderFlag::kBF16);
#else
    value("DataType::kFP4", DataType::kFP4);
    value("HardwareCompatibilityLevel::kSAME_COMPUTE_CAPABILITY", HardwareCompatibilityLevel::kSAME_COMPUTE_CAPABILITY);
#endif
}

void parser() {
#ifdef HAS_PARSER
    using namespace nvonnxparser;
    method("IParser::parse", &IParser::parse);
    method("IParser::getNbErrors", &IParser::getNbErrors);
    method("IParser::getError", &IParser::getError);
    method("IParser::clearErrors", &IParser::clearErrors);
    method("IParserError::code", &IParserError::code);
    method("IParserError::desc", &IParserError::desc);
    method("IParserError::file", &IParserError::file);
    method("IParserError::line", &IParserError::line);
    method("IParserError::func", &IParserError::func);
    method("IParserError::node", &IParserError::node);
    method("IParserError::nodeName", &IParserError::nodeName);
    method("IParserError::nodeOperator", &IParserError::nodeOperator);
#endif
}

}  // namespace

int main() {
    runtime();
    builder();
    classes();
    interfaces();
    numbers();
    parser();
}
