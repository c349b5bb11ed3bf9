#include "simulation.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "trtvocoder_simulator.h"

namespace trtv_sim {
namespace {

const std::map<std::string, std::string>& defaults() {
    static const auto* values = new std::map<std::string, std::string>{
        {"devices", "1"},         {"driver_version", "12060"}, {"name", "Simulated GPU"}, {"compute_capability", "8.9"},
        {"integrated", "0"},      {"multiprocessors", "16"},   {"memory_mib", "4096"},    {"version", "10.3.0.26"},
        {"shape_change_ms", "2"}, {"enqueue_us", "0"},         {"build_layer_ms", "0"},   {"outputs", "right"},
        {"clock_ms", "0"},
    };
    return *values;
}

// Counters that start at zero again with a reset; the others follow live objects, which a reset does not destroy.
const char* const kEventCounters[] = {"device_to_host_bytes", "pageable_copies", "shape_changes", "violations"};

const char* const kLiveCounters[] = {
    "device_allocations", "device_bytes", "host_allocations",   "host_bytes",       "streams", "events", "graphs",
    "graph_execs",        "modules",      "context_references", "tensorrt_objects",
};

// The action "null WORDS".
constexpr std::string_view kNullWithWords = "null ";

bool parseNumber(const std::string& text, int64_t& value) {
    if (text.empty()) return false;
    char* end = nullptr;
    value = std::strtoll(text.c_str(), &end, 10);
    return *end == '\0';
}

}  // namespace

Simulation& Simulation::instance() {
    static auto* simulation = new Simulation();
    return *simulation;
}

Simulation::Simulation() : settings_(defaults()) {
    for (const char* name : kEventCounters) counters_[name] = 0;
    for (const char* name : kLiveCounters) counters_[name] = 0;
    readEnvironment();
}

void Simulation::readEnvironment() {
    for (auto& [setting, value] : settings_) {
        std::string name = "TRTV_SIM_" + setting;
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
        if (const char* given = std::getenv(name.c_str())) value = given;
    }
    if (const char* faults = std::getenv("TRTV_SIM_FAULT")) {
        const std::string all = faults;
        for (size_t start = 0; start < all.size();) {
            const size_t end = std::min(all.find(';', start), all.size());
            addFault(all.substr(start, end - start));
            start = end + 1;
        }
    }
}

bool Simulation::set(const std::string& setting, const std::string& value) {
    const std::lock_guard lock(mutex_);
    const auto found = settings_.find(setting);
    if (found == settings_.end()) return false;
    found->second = value;
    return true;
}

std::string Simulation::text(const std::string& setting) const {
    const std::lock_guard lock(mutex_);
    return settings_.at(setting);
}

int64_t Simulation::integer(const std::string& setting) const {
    return std::strtoll(text(setting).c_str(), nullptr, 10);
}

bool Simulation::addFault(const std::string& specification) {
    const size_t equals = specification.find('=');
    if (equals == std::string::npos) return false;
    std::string call = specification.substr(0, equals);
    const std::string what = specification.substr(equals + 1);

    Fault fault{call, 1, std::numeric_limits<int64_t>::max(), FaultAction{}};
    if (const size_t at = call.find('@'); at != std::string::npos) {
        std::string number = call.substr(at + 1);
        const bool andLater = !number.empty() && number.back() == '+';
        if (andLater) number.pop_back();
        if (!parseNumber(number, fault.first) || fault.first < 1) return false;
        if (!andLater) fault.last = fault.first;
        fault.function = call.substr(0, at);
    }
    if (fault.function.empty()) return false;

    int64_t code = 0;
    if (what == "null") {
        fault.action.kind = FaultAction::Kind::kNull;
    } else if (what.rfind(kNullWithWords, 0) == 0) {
        fault.action = {FaultAction::Kind::kNull, 0, what.substr(kNullWithWords.size())};
    } else if (what == "throw") {
        fault.action.kind = FaultAction::Kind::kThrow;
    } else if (parseNumber(what, code)) {
        fault.action = {FaultAction::Kind::kCode, static_cast<int32_t>(code), ""};
    } else {
        return false;
    }

    const std::lock_guard lock(mutex_);
    // Counted from now on: a test says "the next call" without knowing what ran before it.
    const int64_t before = calls_[fault.function];
    fault.first += before;
    if (fault.last != std::numeric_limits<int64_t>::max()) fault.last += before;
    faults_.push_back(fault);
    return true;
}

FaultAction Simulation::enter(const char* function) {
    const std::lock_guard lock(mutex_);
    const int64_t call = ++calls_[function];
    for (const Fault& fault : faults_) {
        if (fault.function == function && call >= fault.first && call <= fault.last) return fault.action;
    }
    return {};
}

int64_t Simulation::calls(const std::string& function) const {
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(function);
    return found == calls_.end() ? 0 : found->second;
}

void Simulation::add(const std::string& counter, int64_t amount) {
    const std::lock_guard lock(mutex_);
    counters_[counter] += amount;
}

int64_t Simulation::count(const std::string& counter) const {
    const std::lock_guard lock(mutex_);
    const auto found = counters_.find(counter);
    if (found != counters_.end()) return found->second;
    // A TensorRT class of which no object was ever made.
    return counter.size() > 1 && counter[0] == 'I' ? 0 : -1;
}

void Simulation::violation(const std::string& text) {
    const std::lock_guard lock(mutex_);
    ++counters_["violations"];
    lastViolation_ = text;
}

const char* Simulation::lastViolation() const {
    const std::lock_guard lock(mutex_);
    return lastViolation_.c_str();
}

void Simulation::reset() {
    const std::lock_guard lock(mutex_);
    settings_ = defaults();
    calls_.clear();
    faults_.clear();
    lastViolation_.clear();
    for (const char* name : kEventCounters) counters_[name] = 0;
}

}  // namespace trtv_sim

using trtv_sim::Simulation;

extern "C" {

TRTV_SIM_EXPORT int32_t trtv_sim_set(const char* setting, const char* value) {
    return setting && value && Simulation::instance().set(setting, value) ? 0 : -1;
}

TRTV_SIM_EXPORT int32_t trtv_sim_fault(const char* specification) {
    return specification && Simulation::instance().addFault(specification) ? 0 : -1;
}

TRTV_SIM_EXPORT void trtv_sim_reset(void) { Simulation::instance().reset(); }

TRTV_SIM_EXPORT int64_t trtv_sim_calls(const char* function) {
    return function ? Simulation::instance().calls(function) : 0;
}

TRTV_SIM_EXPORT int64_t trtv_sim_count(const char* counter) {
    return counter ? Simulation::instance().count(counter) : -1;
}

TRTV_SIM_EXPORT const char* trtv_sim_last_violation(void) { return Simulation::instance().lastViolation(); }
}
