// What the cases have in common.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cases.h"
#include "load.h"
#include "models.h"
#include "server.h"

namespace host {

/** A server with one model, which is loaded. */
struct Loaded {
    explicit Loaded(const std::string& config, const std::string& file = model_file()) {
        repository.add("vocoder", config, file);
        server = std::make_unique<Server>(repository.path(), backends());
        CHECK_EQUAL(server->load("vocoder"), "");
    }

    std::shared_ptr<Call> send(const std::shared_ptr<const Mel>& mel, const Sending& sending = {}) {
        return server->send("vocoder", mel, sending);
    }

    Repository repository;
    std::unique_ptr<Server> server;
    std::mt19937 random{7};
};

/** Exactly one last response and one release; "" or the error as expected. */
inline void check_answered(Call& call, const std::string& error_part = "") {
    CHECK(call.wait());
    CHECK_EQUAL(call.finals, 1);
    CHECK_EQUAL(call.releases, 1);
    if (error_part.empty()) {
        CHECK_EQUAL(call.error, "");
    } else {
        CHECK_CONTAINS(call.error, error_part);
    }
}

inline void check_same(const std::vector<float>& expected, const std::vector<float>& actual) {
    CHECK_EQUAL(actual.size(), expected.size());
    CHECK(decibels(expected, actual) >= faithful_decibels);
}

/** Every answer right, none lost, none twice, no growth. */
inline void check_soak(const Soak& soak, const SoakResult& result) {
    std::printf("      %s\n", result.text().c_str());
    CHECK_EQUAL(result.answered, soak.requests);
    CHECK_EQUAL(result.lost, 0);
    CHECK_EQUAL(result.twice, 0);
    CHECK_EQUAL(result.wrong, 0);
    CHECK(result.worst_decibels >= faithful_decibels);
    CHECK(result.decoded > soak.requests / 2);
    CHECK(result.refused > 0);
    CHECK(result.threads_after <= result.threads_before);
    CHECK(result.megabytes_after <= result.megabytes_before + 64);
}

/** The same configuration with FP16 mels, or samples, or both. */
inline std::string as_half(std::string config, bool is_input, bool is_output) {
    const size_t output = config.find("TYPE_FP32", config.find("output ["));
    if (is_output) config.replace(output, 9, "TYPE_FP16");
    return is_input ? config.replace(config.find("TYPE_FP32"), 9, "TYPE_FP16") : config;
}

/** As near to what is expected as rounding to FP16 leaves it, once it is faithful. */
inline void check_rounded(const std::vector<float>& expected, const std::vector<float>& actual) {
    CHECK_EQUAL(actual.size(), expected.size());
    double power = 0;
    for (const float sample : expected) power += static_cast<double>(sample) * sample;
    // The double is exact; of what may be off by so much in the mean, no sample is off by more than six times that.
    const double slack = is_double() ? 0
                                     : 6 * std::sqrt(power / static_cast<double>(expected.size())) *
                                           std::pow(10, -faithful_decibels / 20);
    double worst = 0;
    for (size_t index = 0; index < std::min(expected.size(), actual.size()); index++) {
        const double allowed = std::ldexp(std::fabs(expected[index]), -11) + std::ldexp(1, -25) + slack;
        worst = std::max(worst, std::fabs(static_cast<double>(actual[index]) - expected[index]) / allowed);
    }
    CHECK(worst <= 1);
}

inline std::shared_ptr<Mel> magic_mel(std::mt19937& random, int frames, float magic) {
    auto mel = random_mel(random, frames);
    mel->values[0] = magic;
    return mel;
}

inline void only_with_double() {
    if (!is_double()) throw cases::Skip{"the real library cannot be made to fail so"};
}

template <typename Condition>
bool becomes_true(Condition&& condition) {
    for (int tries = 0; tries < 1000; tries++) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

/** The value of the backend's metric; NaN where it is not there. */
inline double metric(Server& server, const std::string& name) {
    const std::string lines = server.metrics();
    const size_t start = lines.find("\n" + name + "{");
    const size_t from = start == std::string::npos && lines.compare(0, name.size() + 1, name + "{") == 0 ? 0 : start;
    if (from == std::string::npos) return std::nan("");
    return std::stod(lines.substr(lines.find("} ", from) + 2));
}

}  // namespace host
