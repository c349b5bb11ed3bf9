#include "load.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace host {
namespace {

/** One client after another: what it sends, and what is made of the answer. */
class SoakClient {
public:
    SoakClient(Server& server, const std::vector<Known>& mels, unsigned seed)
        : server_(server), mels_(mels), random_(seed) {}

    void send_one() {
        const Known& known = mels_[random_() % mels_.size()];
        switch (random_() % 16) {
            case 0:
                return tally.check_refused(*server_.send("vocoder", not_finite(*known.mel, random_)));
            case 1:
                return tally.check_refused(*server_.send("vocoder", of_wrong_shape(*known.mel)));
            case 2: {
                const auto call = server_.send("vocoder", known.mel);
                std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 300));
                call->cancel();
                return check_decoded(*call, known, true);
            }
            default:
                return check_decoded(*server_.send("vocoder", known.mel), known, false);
        }
    }

    SoakTally tally;

private:
    void check_decoded(Call& call, const Known& known, bool may_be_cancelled) {
        if (!tally.is_answered(call)) return;
        if (may_be_cancelled && call.code == TRITONSERVER_ERROR_CANCELLED) {
            tally.result.cancelled++;
        } else if (call.error.empty()) {
            tally.result.decoded++;
            tally.result.worst_decibels = std::min(tally.result.worst_decibels, decibels(known.samples, call.samples));
        } else {
            tally.is_wrong(call.error);
        }
    }

    Server& server_;
    const std::vector<Known>& mels_;
    std::mt19937 random_;
};

void add(SoakResult& sum, const SoakResult& part) {
    sum.answered += part.answered;
    sum.decoded += part.decoded;
    sum.cancelled += part.cancelled;
    sum.refused += part.refused;
    sum.lost += part.lost;
    sum.twice += part.twice;
    sum.wrong += part.wrong;
    if (sum.first_wrong.empty()) sum.first_wrong = part.first_wrong;
    sum.worst_decibels = std::min(sum.worst_decibels, part.worst_decibels);
}

SoakResult run_half(const Soak& soak, int requests, const SoakClients& client) {
    std::atomic<int> left{requests};
    std::vector<SoakResult> results(static_cast<size_t>(soak.clients));
    std::vector<std::thread> threads;
    for (int index = 0; index < soak.clients; index++) {
        threads.emplace_back([&, index] {
            results[static_cast<size_t>(index)] =
                client(soak.seed * 1000 + static_cast<unsigned>(requests + index), [&left] { return left-- > 0; });
        });
    }
    for (std::thread& thread : threads) thread.join();
    SoakResult sum;
    for (const SoakResult& result : results) add(sum, result);
    return sum;
}

}  // namespace

std::vector<Known> known_mels(std::mt19937& random, int count, const std::function<int(std::mt19937&)>& length) {
    Direct direct;
    std::vector<Known> mels;
    for (int index = 0; index < count; index++) {
        const auto mel = random_mel(random, length(random));
        mels.push_back({mel, direct.decode(*mel)});
    }
    return mels;
}

std::shared_ptr<Mel> not_finite(const Mel& mel, std::mt19937& random) {
    auto bad = std::make_shared<Mel>(mel);
    bad->values[random() % bad->values.size()] = random() % 2 == 0 ? std::nanf("") : -HUGE_VALF;
    return bad;
}

std::shared_ptr<Mel> of_wrong_shape(const Mel& mel) {
    auto bad = std::make_shared<Mel>(mel);
    std::swap(bad->shape[1], bad->shape[2]);
    return bad;
}

bool SoakTally::is_answered(Call& call) {
    if (!call.wait()) {
        result.lost++;
        return false;
    }
    result.answered++;
    if (call.finals != 1 || call.releases != 1 || call.responses != 1) result.twice++;
    return true;
}

void SoakTally::is_wrong(const std::string& what) {
    if (result.wrong++ == 0) result.first_wrong = what;
}

void SoakTally::check_refused(Call& call) {
    if (!is_answered(call)) return;
    if (call.code == TRITONSERVER_ERROR_INVALID_ARG && !call.error.empty()) {
        result.refused++;
    } else {
        is_wrong("not refused: " + call.error);
    }
}

std::string any_shape(std::string config) {
    // What is wrong is to reach the backend.
    return config.replace(config.find("[ 100, -1 ]"), 11, "[ -1, -1 ]");
}

SoakResult run_halves(const Soak& soak, const SoakClients& client) {
    // Before the first half everything is new; after it, nothing is.
    const auto start = Clock::now();
    SoakResult result = run_half(soak, soak.requests / 2, client);
    result.threads_before = thread_count();
    result.megabytes_before = resident_megabytes();
    add(result, run_half(soak, soak.requests - soak.requests / 2, client));
    result.threads_after = thread_count();
    result.megabytes_after = resident_megabytes();
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return result;
}

SoakResult run_soak(const Soak& soak) {
    std::mt19937 random(soak.seed);
    Repository repository;
    repository.add("vocoder", any_shape(config_of(4, false)), model_file());
    Server server(repository.path(), backends());
    if (const std::string error = server.load("vocoder"); !error.empty()) throw std::runtime_error(error);
    const std::vector<Known> mels = known_mels(random, 32, random_length);
    return run_halves(soak, [&](unsigned seed, const std::function<bool()>& goes_on) {
        SoakClient client(server, mels, seed);
        while (goes_on()) client.send_one();
        return client.tally.result;
    });
}

std::string SoakResult::text() const {
    std::ostringstream line;
    line << answered << " answered in " << seconds << " s: " << decoded << " decoded (worst " << worst_decibels
         << " dB), " << cancelled << " cancelled, " << refused << " refused; " << lost << " lost, " << twice
         << " twice, " << wrong << " wrong" << (first_wrong.empty() ? "" : " (" + first_wrong + ")") << "; threads "
         << threads_before << " -> " << threads_after << ", memory " << megabytes_before << " -> " << megabytes_after
         << " MB";
    return line.str();
}

int thread_count() {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        static_cast<void>(entry);
        count++;
    }
    return count;
}

double resident_megabytes() {
    std::ifstream file("/proc/self/statm");
    long pages = 0;
    long resident = 0;
    file >> pages >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

}  // namespace host
