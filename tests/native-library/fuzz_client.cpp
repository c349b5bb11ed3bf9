// Random sequences of calls of the C interface, with right and with damaged arguments: sizes of structs, NULL, lengths,
// handles that were destroyed or are of another kind, streams and tickets that never were; on one thread, where it is
// known what each call must come to, and on three that share their handles. A finding is a call that ends the process,
// hangs, is an internal error, comes to what its arguments cannot come to, leaves an out parameter, has no clear
// sentence, or touches memory beyond what it was given: buffers end where a page begins that nobody may touch.
//
//   fuzz_client [SECONDS [FIRST_SEED [SEQUENCES]]]    so long (3), or so many sequences; ends in 'N passed, N failed, N
//   skipped'
#include <sys/mman.h>
#include <sys/wait.h>
#include <trtvocoder.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "environment.h"

namespace {

constexpr int calls_of_a_sequence = 120;
constexpr int threads_of_a_sequence = 3;
constexpr int32_t most_frames = 150;
constexpr unsigned hang_seconds = 60;

constexpr uint32_t bit(int32_t status) { return 1u << -status; }
constexpr uint32_t ok = bit(TRTVOCODER_OK);
constexpr uint32_t invalid = bit(TRTVOCODER_ERROR_INVALID_ARGUMENT);
constexpr uint32_t unsupported = bit(TRTVOCODER_ERROR_UNSUPPORTED);
constexpr uint32_t bad_data = bit(TRTVOCODER_ERROR_BAD_DATA);
constexpr uint32_t over = bit(TRTVOCODER_ERROR_INVALID_STATE);
constexpr uint32_t faults =
    bit(TRTVOCODER_ERROR_CUDA) | bit(TRTVOCODER_ERROR_TENSORRT) | bit(TRTVOCODER_ERROR_OUT_OF_MEMORY);
// What another thread may have made of a handle meanwhile.
constexpr uint32_t others = ok | invalid | over | bit(TRTVOCODER_ERROR_BUSY) | bit(TRTVOCODER_ERROR_MODEL);

// What the worker is at, for the parent that looks after it.
struct Progress {
    std::atomic<uint64_t> calls;
    std::atomic<uint64_t> seed;
    std::atomic<const char*> name;
};
Progress* progress = nullptr;

// Memory that ends where a page begins that nobody may touch, so that a value too many is found at once, read or
// written.
class Guarded {
public:
    Guarded() {
        page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
        start_ =
            static_cast<char*>(mmap(nullptr, size + page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (start_ == MAP_FAILED || mprotect(start_ + size, page_, PROT_NONE) != 0)
            throw std::runtime_error("no memory");
    }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;
    ~Guarded() { munmap(start_, size + page_); }
    // Room for so many bytes, at the end; what lies before is watched too.
    void* place(size_t bytes) {
        if (bytes > size - watched) throw std::runtime_error("a buffer of " + std::to_string(bytes) + " bytes");
        given_ = start_ + size - bytes;
        std::memset(given_ - watched, mark, bytes + watched);
        return given_;
    }
    template <typename T>
    T* place_values(size_t count) {
        return static_cast<T*>(place(count * sizeof(T)));
    }
    template <typename T>
    T* place_struct(uint32_t bytes = sizeof(T)) {
        T all{};
        std::memcpy(&all, &bytes, sizeof bytes);
        return static_cast<T*>(std::memcpy(place(bytes), &all, bytes));
    }
    bool is_intact() const {
        return given_ == nullptr || std::all_of(given_ - watched, given_, [](char byte) { return byte == mark; });
    }

private:
    static constexpr size_t size = size_t(4) << 20;
    static constexpr size_t watched = 64;
    static constexpr char mark = 0x5A;
    size_t page_;
    char* start_;
    char* given_ = nullptr;
};

enum Kind { vocoders, sessions, streams, schedulers, kinds };

// A request to a scheduler, kept until the end of its sequence: its callback may come at any time.
struct Request {
    std::atomic<int> ends{0};
    std::atomic<bool> is_wrong{false};
    std::atomic<int32_t> samples{0};

    static void take(void* user, int32_t status, const char* message, const float* samples, int32_t first,
                     int32_t count, int32_t is_last) {
        auto* self = static_cast<Request*>(user);
        const bool failed = status != 0;
        if (self->ends != 0 || first != self->samples || count < 0 || message == nullptr || failed == (*message == 0) ||
            (failed && (is_last == 0 || samples != nullptr || count != 0)) ||
            bit(status) == bit(TRTVOCODER_ERROR_INTERNAL))
            self->is_wrong = true;
        self->samples += count;
        if (is_last != 0) self->ends++;
    }
};

struct Handle {
    void* pointer;
    bool is_engine;
    bool is_alive;
    // A stream's utterance may be over, or a scheduler full, as far as is known here.
    bool is_over;
};

// The objects of a sequence, shared by its threads.
struct World {
    std::mutex gate;
    std::vector<Handle> handles[kinds];
    std::deque<Request> requests;
    bool is_shared = false;
};

struct Finding : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void count_message(void* user, int32_t, const char*, const char*) { ++*static_cast<std::atomic<int>*>(user); }
std::atomic<int> messages;

// Memory and a stream of the GPU, of the caller's own.
struct Device {
    static constexpr size_t bytes = size_t(1) << 21;
    void* stream = nullptr;
    uint64_t mel = 0, first = 0, second = 0;
    Device() {
        void* context = nullptr;
        bool is_made = driver<int (*)(unsigned)>("cuInit")(0) == 0 &&
                       driver<int (*)(void**, int)>("cuDevicePrimaryCtxRetain")(&context, 0) == 0 &&
                       set_current(context) == 0 &&
                       driver<int (*)(void**, unsigned)>("cuStreamCreate")(&stream, 1) == 0;
        for (uint64_t* memory : {&mel, &first, &second})
            is_made = is_made && driver<int (*)(uint64_t*, size_t)>("cuMemAlloc_v2")(memory, bytes) == 0;
        if (!is_made) throw std::runtime_error("the double's driver gives no memory");
    }
    void await() const { driver<int (*)(void*)>("cuStreamSynchronize")(stream); }

private:
    static int set_current(void* context) { return driver<int (*)(void*)>("cuCtxSetCurrent")(context); }
};

// One thread's calls.
class Caller {
public:
    Caller(World& world, const Device& device, uint64_t seed) : world_(world), device_(device), random_(seed) {}

    void begin() {
        const bool is_engine = roll(2) == 0;
        load_file(is_engine, true);
        create_session();
        create_stream();
        if (roll(2) == 0) create_scheduler();
    }

    void call() {
        if (roll(4) == 0) refill();
        struct Entry {
            unsigned weight;
            void (Caller::*call)();
        };
        static constexpr Entry entries[] = {
            {1, &Caller::load_any_file},
            {1, &Caller::load_memory},
            {3, &Caller::get_info},
            {3, &Caller::get_sample_count},
            {1, &Caller::destroy_vocoder},
            {2, &Caller::create_session},
            {1, &Caller::destroy_session},
            {1, &Caller::warm_up},
            {2, &Caller::warm_up_shape},
            {9, &Caller::decode},
            {3, &Caller::get_output_length},
            {5, &Caller::decode_on_device},
            {6, &Caller::decode_audio},
            {3, &Caller::get_frame_count},
            {4, &Caller::compute_mel},
            {3, &Caller::get_profile},
            {3, &Caller::create_stream},
            {1, &Caller::destroy_stream},
            {1, &Caller::warm_up_stream},
            {10, &Caller::push},
            {3, &Caller::complete},
            {7, &Caller::read},
            {3, &Caller::reset},
            {3, &Caller::get_stream_info},
            {2, &Caller::create_scheduler},
            {1, &Caller::destroy_scheduler},
            {1, &Caller::warm_up_scheduler},
            {9, &Caller::submit},
            {5, &Caller::cancel},
            {3, &Caller::wait_for_room},
            {3, &Caller::get_window_count},
            {3, &Caller::get_statistics},
            {1, &Caller::set_log},
            {2, &Caller::get_last_error},
        };
        static const unsigned all = [] {
            unsigned sum = 0;
            for (const Entry& entry : entries) sum += entry.weight;
            return sum;
        }();
        unsigned at = roll(all);
        for (const Entry& entry : entries) {
            if (at < entry.weight) {
                (this->*entry.call)();
                return;
            }
            at -= entry.weight;
        }
    }

    // Another object of a kind of which few are left.
    void refill() {
        const auto kind = static_cast<Kind>(roll(kinds));
        size_t alive = 0;
        {
            const std::lock_guard<std::mutex> held(world_.gate);
            for (const Handle& handle : world_.handles[kind]) alive += handle.is_alive;
        }
        if (alive > 1) return;
        switch (kind) {
            case vocoders:
                return load_file(roll(2) == 0, true);
            case sessions:
                return create_session();
            case streams:
                return create_stream();
            default:
                return create_scheduler();
        }
    }

    // Gives everything back, in any order, and looks whether every request had its end.
    void end() {
        std::vector<std::pair<Kind, size_t>> left;
        for (int kind = 0; kind < kinds; kind++)
            for (size_t i = 0; i < world_.handles[kind].size(); i++)
                if (world_.handles[kind][i].is_alive) left.emplace_back(static_cast<Kind>(kind), i);
        std::shuffle(left.begin(), left.end(), random_);
        for (const auto& [kind, index] : left) destroy(kind, world_.handles[kind][index].pointer);
        for (const Request& request : world_.requests)
            if (request.ends != 1 || request.is_wrong)
                throw Finding("a request had " + std::to_string(request.ends) + " ends, or a wrong callback");
    }

    // Says of what fails over which call it did.
    void try_to(const std::function<void()>& body) {
        try {
            body();
        } catch (const std::exception& error) {
            throw Finding(std::string("trtvocoder_") + name_ + ": " + error.what());
        }
    }

    std::map<std::string, std::pair<uint64_t, uint64_t>> counts;

private:
    unsigned roll(unsigned sides) { return static_cast<unsigned>(random_() % sides); }
    template <typename T, size_t N>
    T any(const T (&values)[N]) {
        return values[roll(N)];
    }
    // 0 for a right call, else which of so many damages, of which each call has one at most.
    unsigned damage(unsigned choices) { return roll(3) == 0 ? 1 + roll(choices) : 0; }
    int32_t wrong_count() { return any<int32_t>({-1, -2, INT_MIN, -most_frames}); }
    int32_t frames() {
        return roll(8) == 0 ? static_cast<int32_t>(roll(3)) : static_cast<int32_t>(1 + roll(most_frames));
    }

    struct Picked {
        void* pointer;
        bool is_engine;
        // Destroyed, of another kind, NULL, or never given.
        bool is_wrong;
        bool is_over;
        size_t index;
    };

    template <typename T>
    struct Target : Picked {
        T* get() const { return static_cast<T*>(this->pointer); }
    };

    template <typename T>
    Target<T> pick(Kind kind) {
        const std::lock_guard<std::mutex> held(world_.gate);
        std::vector<size_t> alive;
        const std::vector<Handle>& handles = world_.handles[kind];
        for (size_t i = 0; i < handles.size(); i++)
            if (handles[i].is_alive) alive.push_back(i);
        if (!alive.empty() && roll(8) != 0) {
            const size_t index = alive[roll(static_cast<unsigned>(alive.size()))];
            return {{handles[index].pointer, handles[index].is_engine, false, handles[index].is_over, index}};
        }
        void* wrong = nullptr;
        switch (roll(4)) {
            case 0:
                break;
            case 1:
                wrong = reinterpret_cast<void*>(static_cast<uintptr_t>(random_()));
                break;
            default: {
                std::vector<void*> candidates;
                for (int other = 0; other < kinds; other++)
                    for (const Handle& handle : world_.handles[other])
                        if (other != kind || !handle.is_alive) candidates.push_back(handle.pointer);
                if (!candidates.empty()) wrong = candidates[roll(static_cast<unsigned>(candidates.size()))];
            }
        }
        return {{wrong, false, true, false, 0}};
    }

    void keep(Kind kind, void* pointer, bool is_engine) {
        const std::lock_guard<std::mutex> held(world_.gate);
        for (const auto& handles : world_.handles)
            for (const Handle& handle : handles)
                if (handle.pointer == pointer) throw Finding("a handle was given twice");
        world_.handles[kind].push_back({pointer, is_engine, true, false});
    }

    void note(Kind kind, const Picked& target, bool is_over) {
        if (target.is_wrong) return;
        const std::lock_guard<std::mutex> held(world_.gate);
        world_.handles[kind][target.index].is_over = is_over;
    }

    void at(const char* name) {
        name_ = name;
        progress->name = name;
        progress->calls++;
    }

    // Judges what a call came to; the out parameters that it leaves on failure are looked at by the caller.
    bool judge(int32_t status, uint32_t expected) {
        auto& count = counts[name_];
        count.first++;
        count.second += status == 0;
        if (world_.is_shared) expected |= others;
        if (status > 0 || status < TRTVOCODER_ERROR_INVALID_STATE || (expected & bit(status)) == 0) {
            trtvocoder_error error{};
            error.struct_size = sizeof error;
            trtvocoder_get_last_error(&error);
            throw Finding("status " + std::to_string(status) + (status == 0 ? "" : std::string(": ") + error.message));
        }
        for (const Guarded* memory : {&in_, &out_, &facts_})
            if (!memory->is_intact()) throw Finding("memory before a buffer was written");
        if (status == 0) return true;
        trtvocoder_error error{};
        error.struct_size = sizeof error;
        if (trtvocoder_get_last_error(&error) != 0 || error.status != status)
            throw Finding("the last error is of another call");
        const std::string text = error.message;
        if (text.size() < 10 || text.size() > 1000 || text.back() != '.' ||
            std::any_of(text.begin(), text.end(), [](unsigned char letter) { return letter < 32; }))
            throw Finding("no clear sentence: " + text);
        return false;
    }

    template <typename T>
    void expect_zero(T value, const char* what) {
        if (value != T{}) throw Finding(std::string("the out parameter ") + what + " was left as it was");
    }

    // ---- vocoders ----

    const trtvocoder_options* options(unsigned damaged, bool is_engine) {
        if (damaged == 0 && roll(3) == 0) return nullptr;
        const auto earlier = static_cast<uint32_t>(offsetof(trtvocoder_options, inverse_stft));
        const bool is_earlier = roll(4) == 0;
        trtvocoder_options told{};
        told.struct_size = is_earlier ? earlier : sizeof told;
        told.threads = static_cast<int32_t>(roll(3));
        told.runs_in_flight = static_cast<int32_t>(roll(3));
        told.max_window_frames = any<int32_t>({0, 64, 100, 128});
        told.windows = any<const char*>({nullptr, "auto", "off", "40,64"});
        told.skips_output_check = static_cast<int32_t>(roll(2));
        told.without_graphs = static_cast<int32_t>(roll(2));
        told.buffers = static_cast<int32_t>(roll(3));
        told.inverse_stft = is_engine ? static_cast<int32_t>(roll(3)) : any<int32_t>({0, 2});
        told.waiting = static_cast<int32_t>(roll(3));
        int32_t* const switches[] = {
            &told.skips_output_check, &told.without_graphs, &told.buffers, &told.runtime, &told.padding,
            &told.allows_host_code};
        switch (damaged) {
            case 1:
                told.struct_size =
                    any<uint32_t>({0, 1, earlier - 4, earlier + 4, static_cast<uint32_t>(sizeof told) - 4,
                                   static_cast<uint32_t>(sizeof told) + 8, UINT_MAX});
                break;
            case 2:
                *switches[roll(6)] = any<int32_t>({-1, 3, INT_MAX, INT_MIN});
                break;
            case 3:
                told.windows = any<const char*>({"", "some", "64,,128", "-5", "99999999999", "64;128"});
                break;
            case 4:
                told.max_window_frames = wrong_count();
                break;
            default:
                break;
        }
        const size_t bytes = damaged == 1 ? sizeof told : told.struct_size;
        return static_cast<trtvocoder_options*>(std::memcpy(in_.place(bytes), &told, bytes));
    }

    void load_any_file() { load_file(roll(2) == 0, false); }

    void load_file(bool is_engine, bool is_right) {
        const unsigned damaged = is_right ? 0 : damage(7);
        const trtvocoder_options* told = is_right ? nullptr : options(damaged, is_engine);
        const char* path = given(is_engine ? "TRTV_CLIENT_SHORT_ENGINE" : "TRTV_CLIENT_MODEL");
        if (damaged == 5)
            path = any<const char*>({nullptr, "", "/nonexistent/vocos.onnx", "/", "/dev/null", "\xFF\xFE"});
        trtvocoder_vocoder** out = damaged == 6 ? nullptr : facts_.place_values<trtvocoder_vocoder*>(1);
        at("vocoder_load_file");
        const int32_t status = trtvocoder_vocoder_load_file(path, told, out);
        const uint32_t expected = damaged == 5   ? invalid | bad_data | bit(TRTVOCODER_ERROR_FILE_SYSTEM)
                                  : damaged == 0 ? ok
                                  : damaged == 7 ? ok
                                                 : invalid;
        loaded(status, expected, out, is_engine);
    }

    void load_memory() {
        static const std::vector<char> model = [] {
            FILE* file = std::fopen(given("TRTV_CLIENT_MODEL"), "rb");
            std::vector<char> bytes(size_t(3) << 20);
            bytes.resize(file == nullptr ? 0 : std::fread(bytes.data(), 1, bytes.size(), file));
            if (file != nullptr) std::fclose(file);
            return bytes;
        }();
        const unsigned damaged = damage(4);
        const size_t bytes = damaged == 1 ? roll(64) : model.size();
        const void* data = std::memcpy(out_.place(bytes), model.data(), bytes);
        int64_t size = static_cast<int64_t>(bytes);
        if (damaged == 2) size = any<int64_t>({0, -1, INT64_MIN});
        if (damaged == 3) data = nullptr;
        trtvocoder_vocoder** out = damaged == 4 ? nullptr : facts_.place_values<trtvocoder_vocoder*>(1);
        const char* name = any<const char*>({nullptr, "", "a model"});
        at("vocoder_load_memory");
        const int32_t status = trtvocoder_vocoder_load_memory(data, size, name, nullptr, out);
        loaded(status, damaged == 0 ? ok : damaged == 1 ? invalid | bad_data : invalid, out, false);
    }

    void loaded(int32_t status, uint32_t expected, trtvocoder_vocoder** out, bool is_engine) {
        if (judge(status, expected))
            keep(vocoders, *out, is_engine);
        else if (out != nullptr)
            expect_zero(*out, "vocoder");
    }

    void get_info() {
        const auto target = pick<trtvocoder_vocoder>(vocoders);
        const auto earlier = static_cast<uint32_t>(offsetof(trtvocoder_info, device_mel_frame_major));
        const unsigned damaged = damage(2);
        auto* info = damaged == 2
                         ? nullptr
                         : facts_.place_struct<trtvocoder_info>(any<uint32_t>({earlier, sizeof(trtvocoder_info)}));
        if (damaged == 1) info->struct_size = any<uint32_t>({0, 4, earlier + 4, sizeof(trtvocoder_info) + 8, UINT_MAX});
        at("vocoder_get_info");
        if (judge(trtvocoder_vocoder_get_info(target.get(), info), target.is_wrong || damaged != 0 ? invalid : ok) &&
            (info->mel_count != 100 || info->takes_device_pointers != target.is_engine ||
             std::strlen(info->backend) < 3 || info->notes == nullptr))
            throw Finding("the facts are wrong");
    }

    void get_sample_count() {
        const auto target = pick<trtvocoder_vocoder>(vocoders);
        const unsigned damaged = damage(3);
        const int32_t count = damaged == 1 ? wrong_count() : damaged == 3 ? any<int32_t>({INT_MAX, 1 << 30}) : frames();
        auto* samples = damaged == 2 ? nullptr : facts_.place_values<int32_t>(1);
        at("vocoder_get_sample_count");
        const int32_t status = trtvocoder_vocoder_get_sample_count(target.get(), count, samples);
        if (!judge(status, target.is_wrong || damaged != 0 ? invalid : ok)) {
            if (samples != nullptr) expect_zero(*samples, "samples");
        } else if (*samples != samples_of(count)) {
            throw Finding("a wrong number of samples");
        }
    }

    static int32_t samples_of(int32_t frames) { return frames < 1 ? 0 : (frames - 1) * 256; }

    // A handle that is given back is one no more, for anybody.
    template <typename T>
    void* take_out(const Target<T>& target, Kind kind) {
        const std::lock_guard<std::mutex> held(world_.gate);
        if (!target.is_wrong) world_.handles[kind][target.index].is_alive = false;
        return target.pointer;
    }

    static void destroy(Kind kind, void* pointer) {
        switch (kind) {
            case vocoders:
                return trtvocoder_vocoder_destroy(static_cast<trtvocoder_vocoder*>(pointer));
            case sessions:
                return trtvocoder_session_destroy(static_cast<trtvocoder_session*>(pointer));
            case streams:
                return trtvocoder_stream_destroy(static_cast<trtvocoder_stream*>(pointer));
            default:
                return trtvocoder_scheduler_destroy(static_cast<trtvocoder_scheduler*>(pointer));
        }
    }

    void destroy_any(Kind kind, const char* name) {
        void* pointer = take_out(pick<void>(kind), kind);
        at(name);
        destroy(kind, pointer);
        judge(0, ok);
    }
    void destroy_vocoder() { destroy_any(vocoders, "vocoder_destroy"); }
    void destroy_session() { destroy_any(sessions, "session_destroy"); }
    void destroy_stream() { destroy_any(streams, "stream_destroy"); }
    void destroy_scheduler() { destroy_any(schedulers, "scheduler_destroy"); }

    // ---- sessions ----

    void create_session() {
        const auto target = pick<trtvocoder_vocoder>(vocoders);
        const unsigned damaged = damage(2);
        const int32_t capacity = damaged == 1 ? wrong_count() : any<int32_t>({0, 4});
        auto** out = damaged == 2 ? nullptr : facts_.place_values<trtvocoder_session*>(1);
        at("session_create");
        if (judge(trtvocoder_session_create(target.get(), capacity, out),
                  target.is_wrong || damaged != 0 ? invalid : ok))
            keep(sessions, *out, target.is_engine);
        else if (out != nullptr)
            expect_zero(*out, "session");
    }

    void warm_up() {
        const auto target = pick<trtvocoder_session>(sessions);
        at("session_warm_up");
        judge(trtvocoder_session_warm_up(target.get()), target.is_wrong ? invalid : ok);
    }

    void warm_up_shape() {
        const auto target = pick<trtvocoder_session>(sessions);
        const unsigned damaged = damage(2);
        const int32_t batch = damaged == 1 ? wrong_count() : static_cast<int32_t>(roll(4));
        const int32_t count = damaged == 2 ? wrong_count() : frames();
        at("session_warm_up_shape");
        judge(trtvocoder_session_warm_up_shape(target.get(), batch, count),
              target.is_wrong || damaged != 0 ? invalid : ok | invalid);
    }

    const float* mel(int64_t values, bool has_nan = false) {
        auto* all = in_.place_values<float>(static_cast<size_t>(values));
        for (int64_t i = 0; i < values; i++) all[i] = -4 + 0.01f * static_cast<float>(random_() % 400);
        if (has_nan)
            all[roll(static_cast<unsigned>(values))] =
                any<float>({__builtin_nanf(""), __builtin_inff(), -__builtin_inff()});
        return all;
    }

    void decode() {
        const auto target = pick<trtvocoder_session>(sessions);
        unsigned damaged = damage(7);
        int32_t batch = any<int32_t>({1, 1, 1, 2, 3, 0});
        int32_t count = frames();
        const int64_t samples = int64_t(batch) * samples_of(count);
        if (samples == 0 && damaged > 2) damaged = 0;
        const float* values = mel(int64_t(batch) * 100 * count, damaged == 3);
        float* audio = out_.place_values<float>(static_cast<size_t>(samples));
        int64_t capacity = samples + (roll(3) == 0 ? roll(1000000) : 0);
        if (damaged == 1) batch = wrong_count();
        if (damaged == 2) count = wrong_count();
        if (damaged == 4) capacity = any<int64_t>({samples - 1, 0, -1, INT64_MIN});
        if (damaged == 5) values = nullptr;
        if (damaged == 6) audio = nullptr;
        // Products that 32 or 64 bits do not hold; the first is 1284 values more than 64 bits do.
        if (damaged == 7)
            std::tie(batch, count) = any<std::pair<int32_t, int32_t>>(
                {{327113683, 563924563}, {INT_MAX, INT_MAX}, {65536, 65536}, {1, INT_MAX}});
        auto* written = roll(3) == 0 ? nullptr : facts_.place_values<int32_t>(1);
        at("session_decode");
        const int32_t status = trtvocoder_session_decode(target.get(), values, batch, count, audio, capacity, written);
        const uint32_t expected = target.is_wrong || (damaged != 0 && damaged != 3) ? invalid
                                  : damaged == 3                                    ? bad_data
                                                                                    : ok;
        if (!judge(status, expected)) {
            if (written != nullptr) expect_zero(*written, "samples");
        } else if (written != nullptr && *written != samples_of(count)) {
            throw Finding("a wrong number of samples");
        }
    }

    void get_output_length() {
        const auto target = pick<trtvocoder_session>(sessions);
        const unsigned damaged = damage(3);
        const int32_t batch = damaged == 1 ? wrong_count() : 1;
        const int32_t count =
            damaged == 2 ? any<int32_t>({-1, 0, INT_MAX, INT_MIN}) : static_cast<int32_t>(1 + roll(64));
        auto* length = damaged == 3 ? nullptr : facts_.place_values<int64_t>(1);
        at("session_get_device_output_length");
        const int32_t status = trtvocoder_session_get_device_output_length(target.get(), batch, count, length);
        const uint32_t none = damaged == 0 ? unsupported : unsupported | invalid;
        if (!judge(status, target.is_wrong ? invalid : !target.is_engine ? none : damaged != 0 ? invalid : ok)) {
            if (length != nullptr) expect_zero(*length, "length");
        } else if (*length != int64_t(513) * count) {
            throw Finding("a wrong length");
        }
    }

    void decode_on_device() {
        const auto target = pick<trtvocoder_session>(sessions);
        const unsigned damaged = damage(6);
        int32_t count = static_cast<int32_t>(1 + roll(64));
        uint64_t source = device_.mel, real = device_.first, imag = device_.second;
        void* stream = device_.stream;
        if (damaged == 1) count = wrong_count();
        if (damaged == 2) source = any<uint64_t>({0, source + 4});
        if (damaged == 3) real = any<uint64_t>({0, real + 4});
        if (damaged == 4) imag = any<uint64_t>({0, imag + 4});
        if (damaged == 5) stream = nullptr;
        if (damaged == 6) stream = reinterpret_cast<void*>(uintptr_t(0x1230));
        at("session_decode_on_device");
        const int32_t status = trtvocoder_session_decode_on_device(target.get(), source, 1, count, real, imag, stream);
        const uint32_t wrong = damaged >= 5 && stream != nullptr ? invalid | faults : invalid;
        judge(status, target.is_wrong     ? invalid
                      : !target.is_engine ? unsupported | (damaged == 0 ? 0 : invalid)
                      : damaged != 0      ? wrong
                                          : ok);
        await(status);
    }

    void decode_audio() {
        const auto target = pick<trtvocoder_session>(sessions);
        const unsigned damaged = damage(6);
        int32_t batch = static_cast<int32_t>(roll(4));
        int32_t count = frames();
        uint64_t source = device_.mel, audio = device_.first;
        void* stream = device_.stream;
        if (damaged != 0) (batch = 1, count = std::max(count, 2));
        if (damaged == 1) count = any<int32_t>({-1, INT_MIN, INT_MAX});
        if (damaged == 2) batch = wrong_count();
        if (damaged == 3) source = any<uint64_t>({0, source + 2});
        if (damaged == 4) audio = any<uint64_t>({0, audio + 3});
        if (damaged == 5) stream = any<void*>({nullptr, reinterpret_cast<void*>(uintptr_t(0x1230))});
        if (damaged == 6) (source = 0x10000, count = most_frames);
        at("session_decode_audio_on_device");
        const int32_t status =
            trtvocoder_session_decode_audio_on_device(target.get(), source, batch, count, audio, stream);
        const uint32_t wrong = damaged >= 5 && stream != nullptr ? invalid | faults : invalid;
        // An engine whose inverse STFT was left to the host takes none.
        judge(status, target.is_wrong                     ? invalid
                      : !target.is_engine || damaged == 0 ? unsupported | (damaged == 0 ? ok : invalid)
                                                          : wrong | unsupported);
        await(status);
    }

    // What was enqueued reads and writes the caller's memory, which other calls write too.
    void await(int32_t) const { device_.await(); }

    void get_frame_count() {
        const auto target = pick<trtvocoder_session>(sessions);
        const unsigned damaged = damage(3);
        const int32_t count = damaged == 1   ? wrong_count()
                              : damaged == 2 ? static_cast<int32_t>(roll(512))
                                             : static_cast<int32_t>(1024 + roll(20000));
        auto* frames = damaged == 3 ? nullptr : facts_.place_values<int32_t>(1);
        at("session_get_frame_count");
        const int32_t status = trtvocoder_session_get_frame_count(target.get(), count, frames);
        if (!judge(status, target.is_wrong || damaged == 1 || damaged == 3 ? invalid : damaged == 2 ? bad_data : ok)) {
            if (frames != nullptr) expect_zero(*frames, "frames");
        }
    }

    void compute_mel() {
        const auto target = pick<trtvocoder_session>(sessions);
        const unsigned damaged = damage(5);
        int32_t count = static_cast<int32_t>(1024 + roll(8000));
        const int32_t frames = 1 + count / 256;
        const float* audio = mel(count);
        float* features = out_.place_values<float>(static_cast<size_t>(frames) * 100);
        int64_t capacity = int64_t(frames) * 100;
        if (damaged == 1) count = wrong_count();
        if (damaged == 2) audio = nullptr;
        if (damaged == 3) features = nullptr;
        if (damaged == 4) capacity = any<int64_t>({capacity - 1, 0, -1, INT64_MIN});
        if (damaged == 5) count = static_cast<int32_t>(roll(512));
        auto* written = roll(3) == 0 ? nullptr : facts_.place_values<int32_t>(1);
        at("session_compute_mel");
        const int32_t status = trtvocoder_session_compute_mel(target.get(), audio, count, features, capacity, written);
        if (!judge(status, target.is_wrong || (damaged != 0 && damaged != 5) ? invalid
                           : damaged == 5                                    ? bad_data
                                                                             : ok)) {
            if (written != nullptr) expect_zero(*written, "frames");
        } else if (written != nullptr && *written != frames) {
            throw Finding("a wrong number of frames");
        }
    }

    void get_profile() {
        const auto target = pick<trtvocoder_session>(sessions);
        const bool damaged = damage(1) != 0;
        auto** json = damaged ? nullptr : facts_.place_values<const char*>(1);
        at("session_get_profile");
        const int32_t status = trtvocoder_session_get_profile(target.get(), json);
        if (!judge(status, target.is_wrong || damaged ? invalid : ok | unsupported)) {
            if (json != nullptr) expect_zero(*json, "json");
        } else if (!world_.is_shared && (**json != '{' || (*json)[std::strlen(*json) - 1] != '}')) {
            throw Finding("no JSON");
        }
    }

    // ---- streams ----

    void create_stream() {
        const auto target = pick<trtvocoder_vocoder>(vocoders);
        const unsigned damaged = damage(3);
        auto* told = roll(3) == 0 && damaged == 0 ? nullptr : in_.place_struct<trtvocoder_stream_options>();
        if (told != nullptr)
            told->layout = damaged == 1 ? any<int32_t>({-1, 2, INT_MAX}) : static_cast<int32_t>(roll(2));
        if (damaged == 2) told->struct_size = any<uint32_t>({0, 4, 12, UINT_MAX});
        auto** out = damaged == 3 ? nullptr : facts_.place_values<trtvocoder_stream*>(1);
        at("stream_create");
        if (judge(trtvocoder_stream_create(target.get(), told, out), target.is_wrong || damaged != 0 ? invalid : ok))
            keep(streams, *out, target.is_engine);
        else if (out != nullptr)
            expect_zero(*out, "stream");
    }

    void warm_up_stream() {
        const auto target = pick<trtvocoder_stream>(streams);
        const bool damaged = damage(1) != 0;
        const int32_t chunk = damaged ? any<int32_t>({0, -1, INT_MIN}) : static_cast<int32_t>(1 + roll(3));
        at("stream_warm_up");
        if (judge(trtvocoder_stream_warm_up(target.get(), chunk), target.is_wrong || damaged ? invalid : ok))
            note(streams, target, false);
    }

    void push() {
        const auto target = pick<trtvocoder_stream>(streams);
        const unsigned damaged = damage(4);
        int32_t count = roll(4) == 0 ? static_cast<int32_t>(roll(2)) : static_cast<int32_t>(1 + roll(40));
        if (damaged != 0) count++;
        const float* values = mel(int64_t(100) * count, damaged == 3);
        if (damaged == 1) count = wrong_count();
        if (damaged == 2) values = nullptr;
        if (damaged == 4) count = any<int32_t>({INT_MAX, 1 << 30});
        auto* available = roll(3) == 0 ? nullptr : facts_.place_values<int32_t>(1);
        at("stream_push");
        const int32_t status = trtvocoder_stream_push(target.get(), values, count, available);
        const uint32_t right = target.is_over ? over : ok;
        if (!judge(status, target.is_wrong || damaged == 1 || damaged == 2 || damaged == 4 ? invalid
                           : damaged == 3 ? (target.is_over ? over | bad_data : bad_data)
                                          : right) &&
            available != nullptr)
            expect_zero(*available, "available");
    }

    void complete() {
        const auto target = pick<trtvocoder_stream>(streams);
        auto* available = roll(3) == 0 ? nullptr : facts_.place_values<int32_t>(1);
        at("stream_complete");
        const int32_t status = trtvocoder_stream_complete(target.get(), available);
        if (judge(status, target.is_wrong ? invalid : ok))
            note(streams, target, true);
        else if (available != nullptr)
            expect_zero(*available, "available");
    }

    void read() {
        const auto target = pick<trtvocoder_stream>(streams);
        const unsigned damaged = damage(3);
        const auto room = static_cast<int64_t>(roll(3) == 0 ? roll(2) : roll(9000));
        float* audio = out_.place_values<float>(static_cast<size_t>(room));
        int64_t capacity = room;
        if (damaged == 1) capacity = any<int64_t>({-1, INT64_MIN});
        if (damaged == 2) (audio = nullptr, capacity = std::max<int64_t>(capacity, 1));
        auto* samples = damaged == 3 ? nullptr : facts_.place_values<int32_t>(1);
        at("stream_read");
        const int32_t status = trtvocoder_stream_read(target.get(), audio, capacity, samples);
        if (!judge(status, target.is_wrong || damaged != 0 ? invalid : ok)) {
            if (samples != nullptr) expect_zero(*samples, "samples");
        } else if (*samples < 0 || *samples > room) {
            throw Finding("more samples than there was room for");
        }
    }

    void reset() {
        const auto target = pick<trtvocoder_stream>(streams);
        at("stream_reset");
        if (judge(trtvocoder_stream_reset(target.get()), target.is_wrong ? invalid : ok)) note(streams, target, false);
    }

    void get_stream_info() {
        const auto target = pick<trtvocoder_stream>(streams);
        const unsigned damaged = damage(2);
        auto* info = damaged == 2 ? nullptr : facts_.place_struct<trtvocoder_stream_info>();
        if (damaged == 1) info->struct_size = any<uint32_t>({0, 4, 28, 40, UINT_MAX});
        at("stream_get_info");
        if (judge(trtvocoder_stream_get_info(target.get(), info), target.is_wrong || damaged != 0 ? invalid : ok) &&
            (info->lookahead_frames + 1 != info->first_sample_frames || info->pushed_frames < 0 ||
             info->available_samples < 0 || (!world_.is_shared && info->is_complete != target.is_over)))
            throw Finding("the facts are wrong");
    }

    // ---- schedulers ----

    void create_scheduler() {
        const auto target = pick<trtvocoder_vocoder>(vocoders);
        const unsigned damaged = damage(4);
        auto* told = roll(3) == 0 && damaged == 0 ? nullptr : in_.place_struct<trtvocoder_scheduler_options>();
        if (told != nullptr) {
            told->lanes = static_cast<int32_t>(roll(3));
            told->max_queued_windows = any<int32_t>({0, 1, 8});
            told->sends_parts = static_cast<int32_t>(roll(2));
        }
        if (damaged == 1) told->struct_size = any<uint32_t>({0, 4, 20, 28, UINT_MAX});
        if (damaged == 2) told->sends_parts = any<int32_t>({-1, 2, INT_MAX});
        if (damaged == 3) (told->lanes = any<int32_t>({-1, 65, INT_MAX}));
        auto** out = damaged == 4 ? nullptr : facts_.place_values<trtvocoder_scheduler*>(1);
        at("scheduler_create");
        if (judge(trtvocoder_scheduler_create(target.get(), told, out), target.is_wrong || damaged != 0 ? invalid : ok))
            keep(schedulers, *out, target.is_engine);
        else if (out != nullptr)
            expect_zero(*out, "scheduler");
    }

    void warm_up_scheduler() {
        const auto target = pick<trtvocoder_scheduler>(schedulers);
        at("scheduler_warm_up");
        judge(trtvocoder_scheduler_warm_up(target.get()), target.is_wrong ? invalid : ok);
    }

    void submit() {
        const auto target = pick<trtvocoder_scheduler>(schedulers);
        const unsigned damaged = damage(5);
        int32_t count = frames();
        if (damaged != 0) count = std::max(count, 1);
        const float* values = mel(int64_t(100) * count, damaged == 3);
        trtvocoder_request_callback callback = Request::take;
        if (damaged == 1) count = wrong_count();
        if (damaged == 2) values = nullptr;
        if (damaged == 4) callback = nullptr;
        if (damaged == 5) count = any<int32_t>({INT_MAX, 1 << 30});
        auto* ticket = roll(3) == 0 ? nullptr : facts_.place_values<int64_t>(1);
        Request* request = nullptr;
        {
            const std::lock_guard<std::mutex> held(world_.gate);
            request = &world_.requests.emplace_back();
        }
        at("scheduler_submit");
        const int32_t status = trtvocoder_scheduler_submit(target.get(), values, count, callback, request, ticket);
        const uint32_t right = ok | bit(TRTVOCODER_ERROR_BUSY);
        if (!judge(status, target.is_wrong || (damaged != 0 && damaged != 3) ? invalid
                           : damaged == 3                                    ? bad_data
                                                                             : right)) {
            if (ticket != nullptr) expect_zero(*ticket, "ticket");
            if (request->ends != 0) throw Finding("a request that was refused had a callback");
            // Nobody will end it.
            request->ends = 1;
            return;
        }
        if (ticket != nullptr) {
            if (*ticket == 0) throw Finding("the ticket is 0");
            tickets_.push_back(*ticket);
        }
    }

    void cancel() {
        const auto target = pick<trtvocoder_scheduler>(schedulers);
        const bool is_known = !tickets_.empty() && roll(3) != 0;
        const int64_t ticket = is_known ? tickets_[roll(static_cast<unsigned>(tickets_.size()))]
                                        : any<int64_t>({0, -1, INT64_MAX, INT64_MIN, 1 << 30});
        at("scheduler_cancel");
        // Of this scheduler or of another.
        judge(trtvocoder_scheduler_cancel(target.get(), ticket), target.is_wrong || !is_known ? invalid : ok | invalid);
    }

    void wait_for_room() {
        const auto target = pick<trtvocoder_scheduler>(schedulers);
        const unsigned damaged = damage(2);
        const int32_t windows = damaged == 1 ? wrong_count() : static_cast<int32_t>(roll(3));
        const int32_t timeout = damaged == 2 ? any<int32_t>({-2, INT_MIN}) : any<int32_t>({0, 1, 5});
        at("scheduler_wait_for_room");
        judge(trtvocoder_scheduler_wait_for_room(target.get(), windows, timeout),
              target.is_wrong || damaged != 0 ? invalid : ok | bit(TRTVOCODER_ERROR_BUSY));
    }

    void get_window_count() {
        const auto target = pick<trtvocoder_scheduler>(schedulers);
        const unsigned damaged = damage(2);
        const int32_t count = damaged == 1 ? wrong_count() : frames();
        auto* windows = damaged == 2 ? nullptr : facts_.place_values<int32_t>(1);
        at("scheduler_get_window_count");
        const int32_t status = trtvocoder_scheduler_get_window_count(target.get(), count, windows);
        if (!judge(status, target.is_wrong || damaged != 0 ? invalid : ok)) {
            if (windows != nullptr) expect_zero(*windows, "windows");
        } else if (*windows < 0 || *windows > count) {
            throw Finding("a wrong number of windows");
        }
    }

    void get_statistics() {
        const auto target = pick<trtvocoder_scheduler>(schedulers);
        const unsigned damaged = damage(2);
        auto* now = damaged == 2 ? nullptr : facts_.place_struct<trtvocoder_scheduler_statistics>();
        if (damaged == 1) now->struct_size = any<uint32_t>({0, 4, 100, 112, UINT_MAX});
        at("scheduler_get_statistics");
        if (judge(trtvocoder_scheduler_get_statistics(target.get(), now),
                  target.is_wrong || damaged != 0 ? invalid : ok) &&
            (now->windows_run > now->slots_offered ||
             now->requests_submitted !=
                 now->requests_completed + now->requests_failed + now->requests_cancelled + now->open_requests))
            throw Finding("the numbers do not add up");
    }

    // ---- library ----

    void set_log() {
        const bool damaged = damage(1) != 0;
        const int32_t severity = damaged ? any<int32_t>({-1, 5, INT_MAX}) : static_cast<int32_t>(roll(5));
        at("log_set_callback");
        judge(trtvocoder_log_set_callback(roll(2) == 0 ? count_message : nullptr, &messages, severity),
              damaged ? invalid : ok);
    }

    void get_last_error() {
        const unsigned damaged = damage(2);
        auto* error = damaged == 2 ? nullptr : facts_.place_struct<trtvocoder_error>();
        if (damaged == 1) error->struct_size = any<uint32_t>({0, 4, sizeof(trtvocoder_error) + 8, UINT_MAX});
        at("get_last_error");
        const int32_t status = trtvocoder_get_last_error(error);
        auto& count = counts[name_];
        count.first++;
        count.second += status == 0;
        if (status != (damaged == 0 ? TRTVOCODER_OK : TRTVOCODER_ERROR_INVALID_ARGUMENT) ||
            (damaged == 0 && error->message == nullptr))
            throw Finding("status " + std::to_string(status));
    }

    World& world_;
    const Device& device_;
    std::mt19937_64 random_;
    Guarded in_, out_, facts_;
    std::vector<int64_t> tickets_;
    const char* name_ = "";
};

using Counts = std::map<std::string, std::pair<uint64_t, uint64_t>>;

void add(Counts& all, const Counts& some) {
    for (const auto& [name, count] : some) {
        all[name].first += count.first;
        all[name].second += count.second;
    }
}

// One sequence; every third is of several threads. Throws at its first finding.
void run(uint64_t seed, Counts& counts) {
    World world;
    static const std::vector<Device> devices(threads_of_a_sequence);
    world.is_shared = seed % 3 == 0;
    Caller first(world, devices[0], seed * 16);
    first.try_to([&] { first.begin(); });
    if (!world.is_shared) {
        first.try_to([&] {
            for (int call = 0; call < calls_of_a_sequence; call++) first.call();
        });
    } else {
        std::mutex gate;
        std::string found;
        std::vector<std::thread> threads;
        for (uint64_t number = 0; number < threads_of_a_sequence; number++)
            threads.emplace_back([&, number] {
                Caller caller(world, devices[number], seed * 16 + 1 + number);
                std::string finding;
                try {
                    caller.try_to([&] {
                        for (int call = 0; call < calls_of_a_sequence / threads_of_a_sequence; call++) caller.call();
                    });
                } catch (const std::exception& error) {
                    finding = error.what();
                }
                const std::lock_guard<std::mutex> held(gate);
                add(counts, caller.counts);
                if (!finding.empty()) found = finding;
            });
        for (std::thread& thread : threads) thread.join();
        if (!found.empty()) throw Finding(found);
    }
    first.try_to([&] { first.end(); });
    add(counts, first.counts);
}

int work(double seconds, uint64_t first_seed, uint64_t sequences) {
    const auto start = std::chrono::steady_clock::now();
    const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
    Counts counts;
    uint64_t seed = first_seed;
    for (; sequences != 0 ? seed < first_seed + sequences : passed() < seconds; seed++) {
        progress->seed = seed;
        try {
            run(seed, counts);
        } catch (const std::exception& error) {
            std::printf("finding: %s; again by: fuzz_client 0 %llu 1\n", error.what(),
                        static_cast<unsigned long long>(seed));
            return 1;
        }
    }
    uint64_t all = 0;
    for (const auto& [name, count] : counts) {
        std::printf("%-34s %8llu calls, %8llu of them done\n", name.c_str(),
                    static_cast<unsigned long long>(count.first), static_cast<unsigned long long>(count.second));
        all += count.first;
    }
    std::printf("%llu sequences, %llu calls, %.1f seconds, no finding\n",
                static_cast<unsigned long long>(seed - first_seed), static_cast<unsigned long long>(all), passed());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
    const uint64_t first_seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const uint64_t sequences = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
    progress =
        new (mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Progress{};
    std::fflush(stdout);
    // The parent says over which call the worker ended or hung.
    const pid_t worker = fork();
    if (worker == 0) {
        const int status = work(seconds, first_seed, sequences);
        std::fflush(stdout);
        _exit(status);
    }
    int status = 0;
    uint64_t last = 0;
    auto since = std::chrono::steady_clock::now();
    while (waitpid(worker, &status, WNOHANG) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        const uint64_t now = progress->calls;
        if (now != last) since = std::chrono::steady_clock::now();
        last = now;
        if (std::chrono::steady_clock::now() - since > std::chrono::seconds(hang_seconds)) kill(worker, SIGKILL);
    }
    const bool is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
        std::printf("finding: trtvocoder_%s: the process hung or ended by %s %d; again by: fuzz_client 0 %llu 1\n",
                    progress->name.load(), WIFSIGNALED(status) ? "signal" : "status",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                    static_cast<unsigned long long>(progress->seed.load()));
    std::printf("%d passed, %d failed, 0 skipped\n", is_good, !is_good);
    return is_good ? 0 : 1;
}
