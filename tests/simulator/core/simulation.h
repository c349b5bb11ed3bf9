// State that the three simulated libraries share: settings, faults, counters. It lives in libcuda.so.1, which the
// others link.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#define TRTV_SIM_EXPORT __attribute__((visibility("default")))

namespace trtv_sim {

/** What a call is told to do instead of its work. */
struct FaultAction {
    enum class Kind { kNone, kCode, kNull, kThrow };
    Kind kind = Kind::kNone;
    int32_t code = 0;
};

class TRTV_SIM_EXPORT Simulation {
public:
    /** The one instance. Never destroyed, because worker threads may outlive static destruction. */
    static Simulation& instance();

    bool set(const std::string& setting, const std::string& value);
    std::string text(const std::string& setting) const;
    int64_t integer(const std::string& setting) const;

    bool addFault(const std::string& specification);
    /** Counts a call and says whether it is to fail. */
    FaultAction enter(const char* function);
    int64_t calls(const std::string& function) const;

    void add(const std::string& counter, int64_t amount);
    /** The counter, or -1 when nothing ever counted it and it is not a known name. */
    int64_t count(const std::string& counter) const;

    void violation(const std::string& text);
    const char* lastViolation() const;

    void reset();

private:
    struct Fault {
        std::string function;
        int64_t first;
        int64_t last;
        FaultAction action;
    };

    Simulation();
    void readEnvironment();

    mutable std::mutex mutex_;
    std::map<std::string, std::string> settings_;
    std::map<std::string, int64_t> calls_;
    std::map<std::string, int64_t> counters_;
    std::vector<Fault> faults_;
    std::string lastViolation_;
};

}  // namespace trtv_sim
