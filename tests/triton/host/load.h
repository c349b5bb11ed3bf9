// Many clients at once.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "models.h"

namespace host {

/** A test of many requests, some of them bad. */
struct Soak {
    int requests = 600;
    int clients = 64;
    unsigned seed = 1;
};

struct SoakResult {
    int answered = 0;
    /** Answered with samples. */
    int decoded = 0;
    int cancelled = 0;
    /** Answered with why the mel cannot be decoded. */
    int refused = 0;
    /** Not answered in time, or not given back. */
    int lost = 0;
    /** Answered or given back more than once. */
    int twice = 0;
    /** Answered with another error than was to come, or with samples where an error was. */
    int wrong = 0;
    std::string first_wrong;
    double worst_decibels = 1000;
    double seconds = 0;
    int threads_before = 0;
    int threads_after = 0;
    double megabytes_before = 0;
    double megabytes_after = 0;

    std::string text() const;
};

SoakResult run_soak(const Soak& soak);

/* ---- of what a soak is made ---- */

/** A mel with what it decodes to. */
struct Known {
    std::shared_ptr<const Mel> mel;
    std::vector<float> samples;
};
std::vector<Known> known_mels(std::mt19937& random, int count, const std::function<int(std::mt19937&)>& length);

std::shared_ptr<Mel> not_finite(const Mel& mel, std::mt19937& random);
std::shared_ptr<Mel> of_wrong_shape(const Mel& mel);
/** A configuration of dims that let everything through to the backend. */
std::string any_shape(std::string config);

/** What a client makes of answers. */
class SoakTally {
public:
    /** False where it was lost. */
    bool is_answered(Call& call);
    void check_refused(Call& call);
    void is_wrong(const std::string& what);

    SoakResult result;
};

/** A client, which does one thing after another as long as it goes on. */
using SoakClients = std::function<SoakResult(unsigned seed, const std::function<bool()>& goes_on)>;

/** Runs the clients, half of the requests first. */
SoakResult run_halves(const Soak& soak, const SoakClients& client);

/** Threads of this process, and its resident memory in MB. */
int thread_count();
double resident_megabytes();

}  // namespace host
