#include "builder.h"

#include <chrono>
#include <thread>

#include "engine_core.h"
#include "host_memory.h"
#include "interpreter.h"
#include "plan.h"

namespace trtv_sim {

using namespace nvinfer1;

IBuilderConfig* Builder::createBuilderConfig() noexcept {
    return injected(logger_, "IBuilder::createBuilderConfig") ? nullptr : new BuilderConfig(logger_);
}

INetworkDefinition* Builder::createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept {
    if (injected(logger_, "IBuilder::createNetworkV2")) return nullptr;
    return new Network((flags & (1u << static_cast<int32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED))) != 0);
}

IOptimizationProfile* Builder::createOptimizationProfile() noexcept {
    if (injected(logger_, "IBuilder::createOptimizationProfile")) return nullptr;
    profiles_.push_back(std::make_unique<OptimizationProfile>(logger_));
    return profiles_.back().get();
}

bool Builder::fail(const std::string& text) const {
    logError(logger_, "IBuilder::buildSerializedNetwork: Error Code 4: API Usage Error (" + text + ")");
    return false;
}

bool Builder::checkShapes(const Network& network, const ProfileRanges& ranges) const {
    for (const int which : {0, 2}) {
        onnx::Values values;
        for (const onnx::Value& input : network.model.inputs) {
            const auto range = ranges.find(input.name);
            values[input.name] = std::make_shared<onnx::Tensor>(
                onnx::Tensor{input.type, range == ranges.end() ? input.shape : range->second.shapes[which], {}, {}});
        }
        try {
            onnx::run(network.model, values, true);
        } catch (const onnx::NodeError& error) {
            const auto& nodes = network.model.nodes;
            const std::string name = error.index < nodes.size() ? layerName(nodes[error.index], error.index) : "output";
            return fail(name + ": " + error.what());
        }
    }
    return true;
}

bool Builder::checkProfiles(const Network& network, const BuilderConfig& config) const {
    for (const onnx::Value& input : network.model.inputs) {
        if (toString(input.shape).find('-') == std::string::npos) continue;
        if (config.profiles.empty()) {
            return fail("Network has dynamic or shape inputs, but no optimization profile has been defined.");
        }
        for (const OptimizationProfile* profile : config.profiles) {
            const auto range = profile->ranges.find(input.name);
            if (range == profile->ranges.end()) {
                return fail("Dynamic input " + input.name + " has no dimensions in an optimization profile.");
            }
            const onnx::Shape& given = range->second.max();
            bool fits = given.size() == input.shape.size();
            for (size_t i = 0; fits && i < given.size(); ++i) {
                fits = input.shape[i] < 0 || (given[i] == input.shape[i] && range->second.min()[i] == input.shape[i]);
            }
            if (!fits) {
                return fail("Optimization profile dimensions " + toString(given) + " do not fit input " + input.name +
                            " of " + toString(input.shape) + ".");
            }
        }
    }
    for (const OptimizationProfile* profile : config.profiles) {
        if (!profile->isValid()) return fail("Optimization profile is invalid: min <= opt <= max does not hold.");
        if (!checkShapes(network, profile->ranges)) return false;
    }
    return !config.profiles.empty() || checkShapes(network, {});
}

bool Builder::reportProgress(const Network& network, IProgressMonitor* monitor) const {
    const auto pause = std::chrono::milliseconds(Simulation::instance().integer("build_layer_ms"));
    const int32_t layers = network.getNbLayers();
    if (!monitor) {
        std::this_thread::sleep_for(layers * pause);
        return true;
    }
    constexpr char kBuild[] = "Building Engine";
    constexpr char kTactics[] = "Profiling Tactics";
    monitor->phaseStart(kBuild, nullptr, 2);
    bool goesOn = monitor->stepComplete(kBuild, 0);
    if (goesOn) {
        monitor->phaseStart(kTactics, kBuild, layers);
        for (int32_t layer = 0; goesOn && layer < layers; ++layer) {
            std::this_thread::sleep_for(pause);
            goesOn = monitor->stepComplete(kTactics, layer);
        }
        monitor->phaseFinish(kTactics);
    }
    goesOn = goesOn && monitor->stepComplete(kBuild, 1);
    monitor->phaseFinish(kBuild);
    return goesOn;
}

IHostMemory* Builder::buildSerializedNetwork(INetworkDefinition& network, IBuilderConfig& config) noexcept {
    if (injected(logger_, "IBuilder::buildSerializedNetwork")) return nullptr;
    const auto& given = static_cast<const Network&>(network);
    const auto& settings = static_cast<const BuilderConfig&>(config);
    if (given.model.outputs.empty()) {
        fail("Network must have at least one output");
        return nullptr;
    }
    if (given.stronglyTyped && (settings.getFlag(BuilderFlag::kFP16) || settings.getFlag(BuilderFlag::kBF16))) {
        fail("Precision flags must not be set for a strongly typed network");
        return nullptr;
    }
    if (!checkProfiles(given, settings)) return nullptr;
    if (!reportProgress(given, settings.monitor)) {
        logTo(logger_, ILogger::Severity::kINFO, "Build canceled by user");
        return nullptr;
    }
    Plan plan;
    plan.version = Version::current();
    plan.computeCapability = Simulation::instance().text("compute_capability");
    plan.hardware = settings.hardware;
    plan.verbosity = settings.verbosity;
    plan.versionCompatible = settings.getFlag(BuilderFlag::kVERSION_COMPATIBLE);
    plan.refittable = settings.getFlag(BuilderFlag::kREFIT);
    for (const OptimizationProfile* profile : settings.profiles) plan.profiles.push_back(profile->ranges);
    plan.onnx = given.bytes;
    if (settings.timingCache) ++settings.timingCache->builds;
    return new HostMemory(writePlan(plan));
}

}  // namespace trtv_sim
