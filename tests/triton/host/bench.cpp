// The scheduler against one request at a time and against batches of equal lengths, in one server and one run:
//   triton_bench [SECONDS] [RATE]     closed loops of 1, 4, 16 and 64 clients for so many seconds each (4); with a RATE
//                                     also requests that arrive at random, so many a second, whoever waits.
// A second of 4 clients comes before, for each way.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "load.h"

using namespace host;

namespace {

struct Way {
    const char* model;
    const char* what;
};

constexpr Way ways[] = {
    {"one", "one request at a time"}, {"equal", "batches of equal lengths"}, {"scheduler", "windows of all requests"}};

double number_after(const std::string& text, const std::string& key) {
    const size_t at = text.find(key);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + key.size()));
}

struct Counters {
    double inferences, executions, windows, slots, batches;
};

Counters read_counters(Server& server, const std::string& model) {
    // The backend tells of itself ten times a second.
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    const std::string statistics = server.statistics(model);
    const std::string metrics = server.metrics();
    const auto metric = [&](const std::string& name) {
        const size_t at = metrics.find("\n" + name + "{");
        return at == std::string::npos ? 0 : number_after(metrics.substr(at), "} ");
    };
    return {number_after(statistics, "\"inference_count\":"), number_after(statistics, "\"execution_count\":"),
            metric("trtvocoder_windows_total"), metric("trtvocoder_slots_total"), metric("trtvocoder_batches_total")};
}

struct Times {
    std::mutex mutex;
    std::vector<double> milliseconds;
    double speech_seconds = 0;
    int failures = 0;

    void add(const Call& call) {
        const std::lock_guard lock(mutex);
        if (!call.error.empty()) {
            failures++;
            return;
        }
        milliseconds.push_back(std::chrono::duration<double, std::milli>(call.last - call.sent).count());
        speech_seconds += static_cast<double>(call.samples.size()) / 24000;
    }

    double quantile(double share) {
        if (milliseconds.empty()) return 0;
        const auto at = static_cast<size_t>(share * static_cast<double>(milliseconds.size() - 1));
        std::nth_element(milliseconds.begin(), milliseconds.begin() + static_cast<std::ptrdiff_t>(at),
                         milliseconds.end());
        return milliseconds[at];
    }
};

void closed_loop(Server& server, const Way& way, const std::vector<std::shared_ptr<Mel>>& mels, int clients,
                 double seconds, Times& times) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    std::vector<std::thread> threads;
    for (int client = 0; client < clients; client++) {
        threads.emplace_back([&, client] {
            std::mt19937 random(static_cast<unsigned>(client));
            while (Clock::now() < end) {
                const auto call = server.send(way.model, mels[random() % mels.size()]);
                call->wait();
                times.add(*call);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
}

/** Poisson arrivals: nobody waits for another's answer before sending. */
void open_loop(Server& server, const Way& way, const std::vector<std::shared_ptr<Mel>>& mels, double rate,
               double seconds, Times& times) {
    std::mt19937 random(11);
    std::exponential_distribution<double> gap(rate);
    std::vector<std::shared_ptr<Call>> calls;
    const auto start = Clock::now();
    for (double at = gap(random); at < seconds; at += gap(random)) {
        std::this_thread::sleep_until(start +
                                      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(at)));
        calls.push_back(server.send(way.model, mels[random() % mels.size()]));
    }
    for (const auto& call : calls) {
        call->wait();
        times.add(*call);
    }
}

template <typename Load>
void measure(Server& server, const Way& way, const char* load_name, Load&& load) {
    Times times;
    const Counters before = read_counters(server, way.model);
    const auto start = Clock::now();
    load(times);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const Counters after = read_counters(server, way.model);
    const bool is_scheduler = after.windows > before.windows;
    const double per_run =
        is_scheduler ? (after.windows - before.windows) / (after.batches - before.batches)
                     : (after.inferences - before.inferences) / std::max(1.0, after.executions - before.executions);
    char fill[32] = "-";
    if (is_scheduler) {
        std::snprintf(fill, sizeof(fill), "%.0f %%",
                      100 * (after.windows - before.windows) / (after.slots - before.slots));
    }
    std::printf("| %s | %s | %.1f | %.0f | %.1f | %.1f | %.1f | %.2f | %s | %d |\n", load_name, way.what,
                static_cast<double>(times.milliseconds.size()) / seconds, times.speech_seconds / seconds,
                times.quantile(0.5), times.quantile(0.9), times.quantile(0.99), per_run, fill, times.failures);
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
    const double seconds = count > 1 ? std::atof(arguments[1]) : 4;
    const double rate = count > 2 ? std::atof(arguments[2]) : 0;
    const auto config = [](int batch, const char* backend, const std::string& batching) {
        std::string text = config_of(batch, false);
        text.replace(text.find("\"trtvocoder\""), 12, std::string("\"") + backend + "\"");
        text.replace(text.find("dynamic_batching { }"), 20, batching);
        if (std::string(backend) == "baseline") text.replace(text.find(" allow_ragged_batch: true"), 25, "");
        return text;
    };
    Repository repository;
    // As F5-TTS's own repository has it, but for more in a batch.
    repository.add("equal", config(16, "baseline", "dynamic_batching { max_queue_delay_microseconds: 1 }"),
                   model_file());
    repository.add("one", config(1, "baseline", ""), model_file());
    repository.add("scheduler", config(64, "trtvocoder", "dynamic_batching { }"), model_file());
    Server server(repository.path(), backends());
    for (const Way& way : ways) {
        if (const std::string error = server.load(way.model); !error.empty()) {
            std::fprintf(stderr, "%s: %s\n", way.model, error.c_str());
            return 1;
        }
    }
    std::mt19937 random(2);
    std::vector<std::shared_ptr<Mel>> mels;
    for (int index = 0; index < 48; index++) mels.push_back(random_mel(random, random_length(random)));
    for (const Way& way : ways) {
        Times ignored;
        closed_loop(server, way, mels, 4, 1, ignored);
    }
    std::printf(
        "| load | way | requests/s | speech s/s | p50 ms | p90 ms | p99 ms | mels or windows a run | batch fill | "
        "failed |\n"
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (const int clients : {1, 4, 16, 64}) {
        for (const Way& way : ways) {
            const std::string name = std::to_string(clients) + " clients";
            measure(server, way, name.c_str(),
                    [&](Times& times) { closed_loop(server, way, mels, clients, seconds, times); });
        }
    }
    if (rate > 0) {
        for (const Way& way : ways) {
            char name[48];
            std::snprintf(name, sizeof(name), "%g/s at random", rate);
            measure(server, way, name, [&](Times& times) { open_loop(server, way, mels, rate, seconds, times); });
        }
    }
    return 0;
}
