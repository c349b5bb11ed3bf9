#include "builder_config.h"

#include <cstring>

#include "host_memory.h"
#include "plan.h"

namespace trtv_sim {

using namespace nvinfer1;

bool OptimizationProfile::setDimensions(const char* inputName, OptProfileSelector select, const Dims& dims) noexcept {
    if (injected(logger_, "IOptimizationProfile::setDimensions")) return false;
    const auto index = static_cast<int32_t>(select);
    if (!inputName || index < 0 || index > 2 || dims.nbDims < 0 || dims.nbDims > Dims::MAX_DIMS) {
        return refuse(logger_, "IOptimizationProfile::setDimensions", "Parameter check failed");
    }
    ranges[inputName].shapes[index] = toShape(dims);
    return true;
}

Dims OptimizationProfile::getDimensions(const char* inputName, OptProfileSelector select) const noexcept {
    const auto range = inputName ? ranges.find(inputName) : ranges.end();
    return range == ranges.end() ? invalidDims() : toDims(range->second.shapes[static_cast<int32_t>(select)]);
}

bool OptimizationProfile::isValid() const noexcept {
    for (const auto& [name, range] : ranges) {
        const onnx::Shape &low = range.shapes[0], &best = range.shapes[1], &high = range.shapes[2];
        if (low.size() != best.size() || best.size() != high.size()) return false;
        for (size_t i = 0; i < low.size(); ++i) {
            if (low[i] < 0 || low[i] > best[i] || best[i] > high[i]) return false;
        }
    }
    return true;
}

bool TimingCache::load(const void* blob, std::size_t size) {
    if (size == 0) return true;
    const std::string here =
        "simtiming " + Version::current().text() + " " + Simulation::instance().text("compute_capability") + " ";
    const std::string given(static_cast<const char*>(blob), size);
    if (given.compare(0, here.size(), here) != 0) return false;
    builds = std::strtoll(given.c_str() + here.size(), nullptr, 10);
    return true;
}

IHostMemory* TimingCache::serialize() const noexcept {
    if (Simulation::instance().enter("ITimingCache::serialize").kind != FaultAction::Kind::kNone) return nullptr;
    return new HostMemory("simtiming " + Version::current().text() + " " +
                          Simulation::instance().text("compute_capability") + " " + std::to_string(builds));
}

bool TimingCache::combine(const ITimingCache& inputCache, bool) noexcept {
    builds += static_cast<const TimingCache&>(inputCache).builds;
    return true;
}

int32_t BuilderConfig::addOptimizationProfile(const IOptimizationProfile* profile) noexcept {
    if (injected(logger_, "IBuilderConfig::addOptimizationProfile")) return -1;
    const auto* given = static_cast<const OptimizationProfile*>(profile);
    if (!given || !given->isValid()) {
        refuse(logger_, "IBuilderConfig::addOptimizationProfile",
               "Parameter check failed, condition: profile->isValid()");
        return -1;
    }
    profiles.push_back(given);
    return static_cast<int32_t>(profiles.size()) - 1;
}

ITimingCache* BuilderConfig::createTimingCache(const void* blob, std::size_t size) const noexcept {
    if (injected(logger_, "IBuilderConfig::createTimingCache")) return nullptr;
    auto cache = std::make_unique<TimingCache>();
    if (cache->load(blob, size)) return cache.release();
    logError(logger_, "The timing cache is of another version or another device.");
    return nullptr;
}

bool BuilderConfig::setTimingCache(const ITimingCache& cache, bool) noexcept {
    if (injected(logger_, "IBuilderConfig::setTimingCache")) return false;
    timingCache = static_cast<const TimingCache*>(&cache);
    return true;
}

}  // namespace trtv_sim
