// Many clients at once.
#pragma once

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

/** Threads of this process, and its resident memory in MB. */
int thread_count();
double resident_megabytes();

}  // namespace host
