// The C interface as its clients see it: against what the program itself decodes of the same mel, on the CPU and on the
// double.
#include <dlfcn.h>
#include <sys/wait.h>
#include <trtvocoder.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <complex>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cases.h"
#include "environment.h"

namespace {

std::vector<char> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path + " cannot be read");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The values of an .npy file of version 1, or of a WAV file's last chunk, in their own type.
template <typename T>
std::vector<T> read_values(const std::string& path) {
    const std::vector<char> bytes = read_file(path);
    size_t start = 0;
    if (bytes[0] == 'R') {
        const std::string text(bytes.data(), bytes.size());
        start = text.find("data") + 8;
    } else {
        start = 10 + static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
    }
    std::vector<T> values((bytes.size() - start) / sizeof(T));
    std::memcpy(values.data(), bytes.data() + start, values.size() * sizeof(T));
    return values;
}

trtvocoder_error last_error() {
    trtvocoder_error error{};
    error.struct_size = sizeof error;
    CHECK_EQUAL(trtvocoder_get_last_error(&error), 0);
    return error;
}

void check(int32_t status) {
    if (status != TRTVOCODER_OK) throw std::runtime_error(last_error().message);
}

// A failure: its status, and its sentence's beginning or part.
void check_fails(int32_t status, int32_t expected, const std::string& part) {
    const trtvocoder_error error = last_error();
    CHECK_EQUAL(status, expected);
    CHECK_EQUAL(error.status, expected);
    CHECK_CONTAINS(error.message, part);
    CHECK(std::strchr(error.message, '\n') == nullptr);
    CHECK_EQUAL(error.message[std::strlen(error.message) - 1], '.');
}

// A loaded model with a session.
struct Client {
    explicit Client(const char* path, int32_t profile_capacity = 0) {
        check(trtvocoder_vocoder_load_file(path, nullptr, &vocoder));
        describe(profile_capacity);
    }
    Client(const char* path, const trtvocoder_options& options) {
        check(trtvocoder_vocoder_load_file(path, &options, &vocoder));
        describe(0);
    }
    explicit Client(const std::vector<char>& model) {
        check(trtvocoder_vocoder_load_memory(model.data(), static_cast<int64_t>(model.size()), nullptr, nullptr,
                                             &vocoder));
        describe(0);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() {
        trtvocoder_session_destroy(session);
        trtvocoder_vocoder_destroy(vocoder);
    }
    void describe(int32_t profile_capacity) {
        info.struct_size = sizeof info;
        check(trtvocoder_vocoder_get_info(vocoder, &info));
        check(trtvocoder_session_create(vocoder, profile_capacity, &session));
    }
    int32_t samples(int32_t frames) const {
        int32_t count = 0;
        check(trtvocoder_vocoder_get_sample_count(vocoder, frames, &count));
        return count;
    }
    std::vector<float> decode(const std::vector<float>& mel, int32_t batch = 1) const {
        const auto frames = static_cast<int32_t>(mel.size()) / info.mel_count / batch;
        std::vector<float> audio(static_cast<size_t>(batch) * static_cast<size_t>(samples(frames)));
        int32_t written = 0;
        check(trtvocoder_session_decode(session, mel.data(), batch, frames, audio.data(),
                                        static_cast<int64_t>(audio.size()), &written));
        CHECK_EQUAL(written, samples(frames));
        return audio;
    }
    trtvocoder_vocoder* vocoder = nullptr;
    trtvocoder_session* session = nullptr;
    trtvocoder_info info{};
};

const char* model() { return given("TRTV_CLIENT_MODEL"); }
const char* engine() { return given("TRTV_CLIENT_ENGINE"); }
const char* streaming_model() { return given("TRTV_CLIENT_STREAMING_MODEL"); }
std::vector<float> whole_mel() { return read_values<float>(given("TRTV_CLIENT_MEL")); }

// The first frames of the mel.
std::vector<float> part_mel(int32_t bands, int32_t frames) {
    const std::vector<float> whole = whole_mel();
    const size_t all = whole.size() / static_cast<size_t>(bands);
    std::vector<float> part;
    for (size_t band = 0; band < static_cast<size_t>(bands); band++)
        part.insert(part.end(), whole.begin() + static_cast<std::ptrdiff_t>(band * all),
                    whole.begin() + static_cast<std::ptrdiff_t>(band * all) + frames);
    return part;
}

double signal_to_noise_db(const std::vector<float>& expected, const std::vector<float>& actual) {
    if (expected.size() != actual.size()) {
        CHECK_EQUAL(actual.size(), expected.size());
        return 0;
    }
    double signal = 0;
    double noise = 1e-30;
    for (size_t i = 0; i < expected.size(); i++) {
        signal += double(expected[i]) * expected[i];
        noise += std::pow(double(expected[i]) - actual[i], 2);
    }
    return 10 * std::log10(signal / noise);
}

// The inverse STFT by its definition, of one item, center padding, Hann window.
std::vector<float> inverse_stft(const std::vector<float>& real, const std::vector<float>& imag, int32_t frames,
                                const trtvocoder_info& info) {
    const double pi = std::acos(-1.0);
    const int length = info.fft_length;
    const int bins = length / 2 + 1;
    std::vector<double> sum(static_cast<size_t>((frames - 1) * info.hop_length + length));
    std::vector<double> weight(sum.size());
    std::vector<std::complex<double>> roots;
    for (int k = 0; k < length; k++) roots.emplace_back(std::polar(1.0, 2 * pi * k / length));
    for (int frame = 0; frame < frames; frame++)
        for (int n = 0; n < length; n++) {
            double value = 0;
            for (int bin = 0; bin < bins; bin++) {
                const auto at =
                    static_cast<size_t>(info.device_output_frame_major ? frame * bins + bin : bin * frames + frame);
                const std::complex<double> root =
                    roots[static_cast<size_t>(bin) * static_cast<size_t>(n) % static_cast<size_t>(length)];
                value += (bin == 0 || bin == bins - 1 ? 1 : 2) *
                         (real[at] * root.real() - imag[at] * (bin == 0 || bin == bins - 1 ? 0 : root.imag()));
            }
            const double window = 0.5 - 0.5 * std::cos(2 * pi * n / length);
            const auto at = static_cast<size_t>(frame * info.hop_length + n);
            sum[at] += value / length * window;
            weight[at] += window * window;
        }
    std::vector<float> audio;
    for (size_t i = static_cast<size_t>(length) / 2; i < sum.size() - static_cast<size_t>(length) / 2; i++)
        audio.push_back(static_cast<float>(sum[i] / weight[i]));
    return audio;
}

struct Log {
    std::mutex gate;
    std::string text;
};

void append(void* user, int32_t severity, const char* source, const char* message) {
    Log* log = static_cast<Log*>(user);
    const std::lock_guard<std::mutex> held(log->gate);
    log->text += std::to_string(severity) + " " + source + ": " + message + "\n";
}

// A request to a scheduler, and what its callback was told.
struct Request {
    std::mutex gate;
    std::condition_variable changed;
    std::vector<float> audio;
    std::string message;
    int32_t status = 1;
    int parts = 0;
    int ends = 0;
    int starts = 0;
    bool is_in_order = true;
    int64_t ticket = 0;

    static void take(void* user, int32_t status, const char* message, const float* samples, int32_t first_sample,
                     int32_t count, int32_t is_last) {
        Request* self = static_cast<Request*>(user);
        const std::lock_guard<std::mutex> held(self->gate);
        self->is_in_order = self->is_in_order && self->ends == 0 &&
                            (status != 0 || static_cast<size_t>(first_sample) == self->audio.size()) &&
                            (status == 0) == (*message == 0) && (is_last == 1 || status == 0);
        if (is_last == 0 && count == 0) {
            self->is_in_order = self->is_in_order && self->parts == 0 && samples == nullptr;
            self->starts++;
            return;
        }
        self->audio.insert(self->audio.end(), samples, samples + count);
        self->parts++;
        if (is_last == 0) return;
        self->ends++;
        self->status = status;
        self->message = message;
        self->changed.notify_all();
    }
    void await() {
        std::unique_lock<std::mutex> held(gate);
        if (!changed.wait_for(held, std::chrono::seconds(60), [this] { return ends > 0; }))
            throw std::runtime_error("a request never ended");
    }
};

struct Scheduler {
    Scheduler(const Client& client, trtvocoder_scheduler_options options) {
        options.struct_size = sizeof options;
        check(trtvocoder_scheduler_create(client.vocoder, &options, &handle));
    }
    explicit Scheduler(const Client& client) { check(trtvocoder_scheduler_create(client.vocoder, nullptr, &handle)); }
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;
    ~Scheduler() { trtvocoder_scheduler_destroy(handle); }
    void submit(const std::vector<float>& mel, Request& request) const {
        check(trtvocoder_scheduler_submit(handle, mel.data(), static_cast<int32_t>(mel.size() / 100), Request::take,
                                          &request, &request.ticket));
    }
    trtvocoder_scheduler_statistics statistics() const {
        trtvocoder_scheduler_statistics now{};
        now.struct_size = sizeof now;
        check(trtvocoder_scheduler_get_statistics(handle, &now));
        return now;
    }
    trtvocoder_scheduler* handle = nullptr;
};

// A stream, whose vocoder's handle is given back at once.
struct Stream {
    explicit Stream(const char* path, int32_t layout = TRTVOCODER_LAYOUT_BANDS_MAJOR) {
        trtvocoder_vocoder* vocoder = nullptr;
        check(trtvocoder_vocoder_load_file(path, nullptr, &vocoder));
        trtvocoder_stream_options options{};
        options.struct_size = sizeof options;
        options.layout = layout;
        const int32_t status = trtvocoder_stream_create(vocoder, &options, &handle);
        trtvocoder_vocoder_destroy(vocoder);
        check(status);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { trtvocoder_stream_destroy(handle); }
    trtvocoder_stream_info info() const {
        trtvocoder_stream_info now{};
        now.struct_size = sizeof now;
        check(trtvocoder_stream_get_info(handle, &now));
        return now;
    }
    // Appends what is finished, read by so many at a time.
    void read(std::vector<float>& audio, size_t at_a_time) const {
        std::vector<float> part(at_a_time);
        int32_t count = 0;
        do {
            check(trtvocoder_stream_read(handle, part.data(), static_cast<int64_t>(at_a_time), &count));
            audio.insert(audio.end(), part.begin(), part.begin() + count);
        } while (count > 0);
    }
    trtvocoder_stream* handle = nullptr;
};

// The mel's frames [first, first + count) in another layout.
std::vector<float> piece_of(const std::vector<float>& mel, int32_t frames, int32_t first, int32_t count,
                            int32_t layout) {
    const int32_t bands = static_cast<int32_t>(mel.size()) / frames;
    std::vector<float> piece(static_cast<size_t>(bands) * static_cast<size_t>(count));
    for (int32_t band = 0; band < bands; band++)
        for (int32_t frame = 0; frame < count; frame++)
            piece[static_cast<size_t>(layout == TRTVOCODER_LAYOUT_FRAME_MAJOR ? frame * bands + band
                                                                              : band * count + frame)] =
                mel[static_cast<size_t>(band * frames + first + frame)];
    return piece;
}

// ends its process where a call hangs.
int exit_code_of_child(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(body());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

CASE("the library is of the header's version") {
    CHECK_EQUAL(trtvocoder_get_abi_version(), TRTVOCODER_ABI_VERSION);
    CHECK_EQUAL(std::string(trtvocoder_get_version()), given("TRTV_CLIENT_VERSION"));
    CHECK_EQUAL(last_error().status, 0);
    CHECK_EQUAL(std::string(last_error().message), "");
}

CASE("the model's facts are told") {
    const Client client(model());
    CHECK_EQUAL(client.info.sample_rate, 24000);
    CHECK_EQUAL(client.info.mel_count, 100);
    CHECK_EQUAL(client.info.fft_length, 1024);
    CHECK_EQUAL(client.info.hop_length, 256);
    CHECK_EQUAL(client.info.takes_device_pointers, 0);
    CHECK_EQUAL(client.info.device_mel_type, -1);
    CHECK_CONTAINS(client.info.backend, "ONNX Runtime");
}

CASE("a decode on the CPU is the program's") {
    CHECK(signal_to_noise_db(read_values<float>(given("TRTV_CLIENT_CPU_AUDIO")), Client(model()).decode(whole_mel())) >
          100);
}

CASE("a decode of the engine is the program's, warm or not") {
    const Client client(engine());
    CHECK_EQUAL(client.info.takes_device_pointers, 1);
    const std::vector<float> expected = read_values<float>(given("TRTV_CLIENT_ENGINE_AUDIO"));
    CHECK(signal_to_noise_db(expected, client.decode(whole_mel())) > 80);
    check(trtvocoder_session_warm_up(client.session));
    check(trtvocoder_session_warm_up_shape(client.session, 2, 64));
    CHECK(signal_to_noise_db(expected, client.decode(whole_mel())) > 80);
}

CASE("a model in memory decodes as its file does") {
    CHECK(Client(read_file(model())).decode(part_mel(100, 90)) == Client(model()).decode(part_mel(100, 90)));
}

CASE("the items of a batch decode as each by itself") {
    const Client client(model());
    const std::vector<float> one = part_mel(100, 70);
    std::vector<float> two = one;
    for (const float value : one) two.push_back(value - 1);
    const std::vector<float> other(two.begin() + static_cast<std::ptrdiff_t>(one.size()), two.end());
    const std::vector<float> both = client.decode(two, 2);
    const auto half = static_cast<std::ptrdiff_t>(both.size() / 2);
    CHECK(signal_to_noise_db(client.decode(one), {both.begin(), both.begin() + half}) > 100);
    CHECK(signal_to_noise_db(client.decode(other), {both.begin() + half, both.end()}) > 100);
}

CASE("a run from device pointers puts the spectrum of the samples into the caller's memory, on the caller's stream") {
    const Client client(engine());
    const int32_t frames = 40;
    const std::vector<float> mel = part_mel(100, frames);
    const std::vector<float> expected = client.decode(mel);
    CHECK_EQUAL(client.info.device_mel_type, TRTVOCODER_ELEMENT_FLOAT);
    CHECK_EQUAL(client.info.device_output_type, TRTVOCODER_ELEMENT_FLOAT);
    CHECK_EQUAL(client.info.signal, TRTVOCODER_SIGNAL_SPECTRUM);
    int64_t length = 0;
    check(trtvocoder_session_get_device_output_length(client.session, 1, frames, &length));
    CHECK_EQUAL(length, int64_t(513) * frames);

    void* context = nullptr;
    void* stream = nullptr;
    uint64_t memory[3] = {};
    CHECK_EQUAL((driver<int (*)(void**, int)>("cuDevicePrimaryCtxRetain")(&context, 0)), 0);
    CHECK_EQUAL((driver<int (*)(void*)>("cuCtxSetCurrent")(context)), 0);
    CHECK_EQUAL((driver<int (*)(void**, unsigned)>("cuStreamCreate")(&stream, 1)), 0);
    const size_t bytes[3] = {mel.size() * 4, static_cast<size_t>(length) * 4, static_cast<size_t>(length) * 4};
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL((driver<int (*)(uint64_t*, size_t)>("cuMemAlloc_v2")(&memory[i], bytes[i])), 0);
    const auto fetch = driver<int (*)(void*, uint64_t, size_t, void*)>("cuMemcpyDtoHAsync_v2");
    CHECK_EQUAL((driver<int (*)(uint64_t, const void*, size_t, void*)>("cuMemcpyHtoDAsync_v2")(memory[0], mel.data(),
                                                                                               bytes[0], stream)),
                0);
    check(trtvocoder_session_decode_on_device(client.session, memory[0], 1, frames, memory[1], memory[2], stream));
    std::vector<float> real(static_cast<size_t>(length));
    std::vector<float> imag(real.size());
    CHECK_EQUAL(fetch(real.data(), memory[1], bytes[1], stream), 0);
    CHECK_EQUAL(fetch(imag.data(), memory[2], bytes[2], stream), 0);
    CHECK_EQUAL((driver<int (*)(void*)>("cuStreamSynchronize")(stream)), 0);

    CHECK(signal_to_noise_db(expected, inverse_stft(real, imag, frames, client.info)) > 80);

    check(trtvocoder_session_decode_audio_on_device(client.session, memory[0], 1, frames, memory[1], stream));
    std::vector<float> audio(expected.size());
    CHECK_EQUAL(fetch(audio.data(), memory[1], audio.size() * 4, stream), 0);
    CHECK_EQUAL((driver<int (*)(void*)>("cuStreamSynchronize")(stream)), 0);
    CHECK(signal_to_noise_db(expected, audio) > 120);
    check_fails(trtvocoder_session_decode_audio_on_device(client.session, memory[0], 1, frames, memory[1] + 2, stream),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "a multiple of 4 bytes");

    check_fails(
        trtvocoder_session_decode_on_device(client.session, memory[0] + 4, 1, frames, memory[1], memory[2], stream),
        TRTVOCODER_ERROR_INVALID_ARGUMENT, "256");
    check_fails(trtvocoder_session_decode_on_device(client.session, memory[0], 1, 100000, memory[1], memory[2], stream),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "frames");
}

CASE("a failure of the driver is told with its code, and the next call works") {
    const Client client(engine());
    const std::vector<float> mel = part_mel(100, 40);
    const std::vector<float> expected = client.decode(mel);
    std::vector<float> audio(expected.size());
    const auto room = static_cast<int64_t>(audio.size());
    CHECK_EQUAL(driver<int (*)(const char*)>("trtv_sim_fault")("cuStreamSynchronize@1=719"), 0);
    check_fails(trtvocoder_session_decode(client.session, mel.data(), 1, 40, audio.data(), room, nullptr),
                TRTVOCODER_ERROR_CUDA, "719");
    CHECK_EQUAL(last_error().native_code, 719);
    CHECK(client.decode(mel) == expected);
}

CASE("bytes are copied from and to a GPU's memory, on any thread, whose context stays what it was") {
    const Client client(engine());
    void* context = nullptr;
    uint64_t memory = 0;
    CHECK_EQUAL((driver<int (*)(void**, int)>("cuDevicePrimaryCtxRetain")(&context, 0)), 0);
    CHECK_EQUAL((driver<int (*)(void*)>("cuCtxSetCurrent")(context)), 0);
    std::vector<char> bytes(1 << 20);
    std::mt19937 random(1);
    for (char& byte : bytes) byte = static_cast<char>(random());
    const auto size = static_cast<int64_t>(bytes.size());
    CHECK_EQUAL((driver<int (*)(uint64_t*, size_t)>("cuMemAlloc_v2")(&memory, bytes.size())), 0);
    std::vector<std::thread> threads;
    for (int64_t thread = 0; thread < 4; thread++)
        threads.emplace_back([&, thread] {
            const int64_t part = size / 4;
            const uint64_t at = memory + static_cast<uint64_t>(thread * part);
            std::vector<char> back(static_cast<size_t>(part));
            check(trtvocoder_vocoder_copy_to_device(client.vocoder, 0, bytes.data() + thread * part, at, part));
            check(trtvocoder_vocoder_copy_from_device(client.vocoder, 0, at, back.data(), part));
            CHECK(std::equal(back.begin(), back.end(), bytes.begin() + thread * part));
            // This thread has no context, and still has none.
            void* current = &back;
            CHECK_EQUAL((driver<int (*)(void**)>("cuCtxGetCurrent")(&current)), 0);
            CHECK(current == nullptr);
        });
    for (std::thread& thread : threads) thread.join();
    std::vector<char> back(bytes.size());
    check(trtvocoder_vocoder_copy_from_device(client.vocoder, 0, memory, back.data(), size));
    CHECK(back == bytes);
    void* current = nullptr;
    CHECK_EQUAL((driver<int (*)(void**)>("cuCtxGetCurrent")(&current)), 0);
    CHECK(current == context);
    check(trtvocoder_vocoder_copy_from_device(client.vocoder, 0, 0, nullptr, 0));
    check(trtvocoder_vocoder_copy_to_device(client.vocoder, 0, nullptr, 0, 0));
}

CASE("a copy that cannot be is told by status and sentence, and the next one works") {
    const Client client(engine());
    void* context = nullptr;
    uint64_t memory = 0;
    char bytes[64] = {};
    CHECK_EQUAL((driver<int (*)(void**, int)>("cuDevicePrimaryCtxRetain")(&context, 0)), 0);
    CHECK_EQUAL((driver<int (*)(void*)>("cuCtxSetCurrent")(context)), 0);
    CHECK_EQUAL((driver<int (*)(uint64_t*, size_t)>("cuMemAlloc_v2")(&memory, sizeof bytes)), 0);
    const auto copy = [&](uint64_t address, int64_t size = sizeof bytes, int32_t device = 0) {
        return trtvocoder_vocoder_copy_from_device(client.vocoder, device, address, bytes, size);
    };
    check_fails(copy(memory, 64, 1), TRTVOCODER_ERROR_INVALID_ARGUMENT, "There is no GPU 1");
    check_fails(copy(memory, 64, -1), TRTVOCODER_ERROR_INVALID_ARGUMENT, "device");
    check_fails(copy(memory, -1), TRTVOCODER_ERROR_INVALID_ARGUMENT, "destination has -1 values");
    check_fails(copy(0), TRTVOCODER_ERROR_INVALID_ARGUMENT, "address in the GPU's memory is 0");
    check_fails(trtvocoder_vocoder_copy_from_device(client.vocoder, 0, memory, nullptr, 8),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "destination is NULL");
    check_fails(trtvocoder_vocoder_copy_to_device(client.vocoder, 0, nullptr, memory, 8),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "source is NULL");
    check_fails(copy(memory + (1 << 20)), TRTVOCODER_ERROR_CUDA, "cuMemcpyDtoHAsync");
    check_fails(trtvocoder_vocoder_copy_to_device(client.vocoder, 0, bytes, memory, 65), TRTVOCODER_ERROR_CUDA,
                "cuMemcpyHtoDAsync");
    CHECK_EQUAL(last_error().kind, 0);
    check(copy(memory));
    driver<int (*)(const char*)>("trtv_sim_fault")("cuMemcpyDtoHAsync_v2@1=719");
    check_fails(copy(memory), TRTVOCODER_ERROR_CUDA, "context of this process is lost");
    // The number by which a host tells it from other failures of CUDA: FailureKind.ContextLost.
    CHECK_EQUAL(last_error().kind, 23);
    check(copy(memory));
    const Client on_cpu(model());
    check_fails(trtvocoder_vocoder_copy_from_device(on_cpu.vocoder, 0, memory, bytes, 8), TRTVOCODER_ERROR_UNSUPPORTED,
                "this one runs on the CPU");
    check_fails(trtvocoder_vocoder_copy_to_device(on_cpu.vocoder, 0, bytes, memory, 8), TRTVOCODER_ERROR_UNSUPPORTED,
                "this one runs on the CPU");
}

CASE("a model on the CPU takes no device pointers") {
    const Client client(model());
    int64_t length = 1;
    check_fails(trtvocoder_session_get_device_output_length(client.session, 1, 10, &length),
                TRTVOCODER_ERROR_UNSUPPORTED, "CPU");
    CHECK_EQUAL(length, 0);
}

CASE("the mel of samples is the program's") {
    const Client client(model());
    const std::vector<int16_t> pcm = read_values<int16_t>(given("TRTV_CLIENT_SPEECH"));
    std::vector<float> sound;
    for (const int16_t sample : pcm) sound.push_back(static_cast<float>(sample) / 32768);
    const auto count = static_cast<int32_t>(sound.size());
    int32_t frames = 0;
    check(trtvocoder_session_get_frame_count(client.session, count, &frames));
    std::vector<float> mel(static_cast<size_t>(client.info.mel_count) * static_cast<size_t>(frames));
    int32_t written = 0;
    check(trtvocoder_session_compute_mel(client.session, sound.data(), count, mel.data(),
                                         static_cast<int64_t>(mel.size()), &written));
    CHECK_EQUAL(written, frames);
    CHECK(signal_to_noise_db(whole_mel(), mel) > 100);
    check_fails(trtvocoder_session_compute_mel(client.session, sound.data(), count, mel.data(), 10, nullptr),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "room for 10 values");
    check_fails(trtvocoder_session_get_frame_count(client.session, 1, &frames), TRTVOCODER_ERROR_BAD_DATA, "samples");
}

CASE("the profile tells of each decode as JSON") {
    const Client client(engine(), 16);
    for (int i = 0; i < 3; i++) client.decode(part_mel(100, 64));
    const char* json = nullptr;
    check(trtvocoder_session_get_profile(client.session, &json));
    CHECK_CONTAINS(json, "{\"decodes\":3,");
    CHECK_CONTAINS(json, "\"endToEnd\":{\"count\":");
    CHECK_CONTAINS(json, "\"last\":{\"batch\":1,\"frames\":64,");
    const Client other(engine());
    check_fails(trtvocoder_session_get_profile(other.session, &json), TRTVOCODER_ERROR_UNSUPPORTED, "profile_capacity");
    CHECK(json == nullptr);
}

CASE("the log's messages arrive, and stop") {
    Log log;
    check(trtvocoder_log_set_callback(append, &log, TRTVOCODER_SEVERITY_VERBOSE));
    { const Client client(engine()); }
    CHECK_CONTAINS(log.text, "TensorRT: ");
    check(trtvocoder_log_set_callback(nullptr, nullptr, 0));
    log.text.clear();
    { const Client client(engine()); }
    CHECK_EQUAL(log.text, "");
    check_fails(trtvocoder_log_set_callback(append, &log, 9), TRTVOCODER_ERROR_INVALID_ARGUMENT, "severity is 9");
}

CASE("files that cannot be used are told by status and sentence") {
    trtvocoder_vocoder* vocoder = nullptr;
    check_fails(trtvocoder_vocoder_load_file("/nonexistent/vocos.onnx", nullptr, &vocoder),
                TRTVOCODER_ERROR_FILE_SYSTEM, "vocos.onnx");
    CHECK(vocoder == nullptr);
    check_fails(trtvocoder_vocoder_load_file(given("TRTV_CLIENT_SPEECH"), nullptr, &vocoder), TRTVOCODER_ERROR_BAD_DATA,
                "speech.wav");
    std::vector<char> cut = read_file(model());
    cut.resize(cut.size() / 2);
    check_fails(
        trtvocoder_vocoder_load_memory(cut.data(), static_cast<int64_t>(cut.size()), "half a model", nullptr, &vocoder),
        TRTVOCODER_ERROR_BAD_DATA, "half a model");
    check_fails(trtvocoder_vocoder_load_memory(cut.data(), -1, nullptr, nullptr, &vocoder),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "-1 bytes");
    check_fails(trtvocoder_vocoder_load_file(nullptr, nullptr, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT, "path");
    check_fails(trtvocoder_vocoder_load_file(model(), nullptr, nullptr), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "out parameter");
}

CASE("options are checked, and heeded") {
    trtvocoder_vocoder* vocoder = nullptr;
    trtvocoder_options options{};
    check_fails(trtvocoder_vocoder_load_file(model(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "struct_size");
    options.struct_size = sizeof options;
    options.threads = -1;
    check_fails(trtvocoder_vocoder_load_file(model(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT, "");
    options.threads = 1;
    options.windows = "some";
    check_fails(trtvocoder_vocoder_load_file(model(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "'some' are no windows");
    options.windows = "off";
    options.runtime = 7;
    check_fails(trtvocoder_vocoder_load_file(model(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "option runtime is 7");
    options.runtime = 0;
    options.device = 3;
    check_fails(trtvocoder_vocoder_load_file(engine(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT, "GPU");
    options.device = 0;
    options.has_bandwidth_id = 1;
    options.bandwidth_id = -1;
    check_fails(trtvocoder_vocoder_load_file(model(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "BandwidthId");
    options.has_bandwidth_id = 0;
    options.inverse_stft = TRTVOCODER_INVERSE_STFT_GPU;
    check_fails(trtvocoder_vocoder_load_file(model(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "asked for on the GPU");
    options.inverse_stft = TRTVOCODER_INVERSE_STFT_HOST;
    options.max_window_frames = 100;
    check(trtvocoder_vocoder_load_file(model(), &options, &vocoder));
    trtvocoder_vocoder_destroy(vocoder);
}

CASE("options of an earlier header are accepted, and of no other size") {
    trtvocoder_vocoder* vocoder = nullptr;
    trtvocoder_options options{};
    // Memory that such a caller has for other things.
    options.inverse_stft = options.waiting = options.has_bandwidth_id = 99;
    options.struct_size = offsetof(trtvocoder_options, inverse_stft);
    options.windows = "some";
    check_fails(trtvocoder_vocoder_load_file(model(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "'some' are no windows");
    options.windows = nullptr;
    check(trtvocoder_vocoder_load_file(model(), &options, &vocoder));
    trtvocoder_vocoder_destroy(vocoder);
    for (const uint32_t size : {options.struct_size - 8, options.struct_size + 4, uint32_t(sizeof options) + 8}) {
        options.struct_size = size;
        check_fails(trtvocoder_vocoder_load_file(model(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                    "struct_size");
    }
    options.struct_size = sizeof options;
    check_fails(trtvocoder_vocoder_load_file(model(), &options, &vocoder), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "is 99; it is 0 to");
}

CASE("facts are told to an earlier header as far as it goes, and to no other size") {
    const Client client(engine());
    trtvocoder_info info{};
    // Memory that such a caller has for other things.
    info.device_mel_frame_major = info.keeps_state = 99;
    info.struct_size = offsetof(trtvocoder_info, device_mel_frame_major);
    check(trtvocoder_vocoder_get_info(client.vocoder, &info));
    CHECK_EQUAL(info.mel_count, 100);
    CHECK_EQUAL(std::string(info.notes), client.info.notes);
    CHECK_EQUAL(info.keeps_state, 99);
    for (const uint32_t size : {info.struct_size - 8, info.struct_size + 4, uint32_t(sizeof info) + 8}) {
        info.struct_size = size;
        check_fails(trtvocoder_vocoder_get_info(client.vocoder, &info), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                    "struct_size");
    }
    CHECK_EQUAL(client.info.device_mel_frame_major, 0);
    CHECK_EQUAL(client.info.keeps_state, 0);
    const Client streaming(given("TRTV_CLIENT_STREAMING_ENGINE"));
    CHECK_EQUAL(streaming.info.keeps_state, 1);
    CHECK_EQUAL(streaming.info.takes_device_pointers, 1);
}

CASE("a thread waits for the GPU as it is told") {
    const std::vector<float> mel = part_mel(100, 40);
    for (const int32_t waiting : {TRTVOCODER_WAITING_SPINS, TRTVOCODER_WAITING_SLEEPS}) {
        trtvocoder_options options{};
        options.struct_size = sizeof options;
        options.waiting = waiting;
        const Client client(engine(), options);
        client.decode(mel);
        std::vector<float> audio(static_cast<size_t>(client.samples(40)));
        // Who sleeps waits for an event.
        CHECK_EQUAL(driver<int (*)(const char*)>("trtv_sim_fault")("cuEventSynchronize@1=719"), 0);
        const int32_t status = trtvocoder_session_decode(client.session, mel.data(), 1, 40, audio.data(),
                                                         static_cast<int64_t>(audio.size()), nullptr);
        driver<void (*)()>("trtv_sim_reset")();
        CHECK_EQUAL(status, waiting == TRTVOCODER_WAITING_SLEEPS ? TRTVOCODER_ERROR_CUDA : TRTVOCODER_OK);
    }
}

CASE("the inverse STFT runs where it is told") {
    const std::vector<float> mel = part_mel(100, 40);
    trtvocoder_options options{};
    options.struct_size = sizeof options;
    const std::vector<float> expected = Client(engine(), options).decode(mel);
    for (const int32_t place : {TRTVOCODER_INVERSE_STFT_GPU, TRTVOCODER_INVERSE_STFT_HOST}) {
        options.inverse_stft = place;
        const Client client(engine(), options);
        driver<int (*)(const char*)>("trtv_sim_fault")("cuLaunchKernel@1=719");
        std::vector<float> audio(expected.size());
        const int32_t status = trtvocoder_session_decode(client.session, mel.data(), 1, 40, audio.data(),
                                                         static_cast<int64_t>(audio.size()), nullptr);
        driver<void (*)()>("trtv_sim_reset")();
        CHECK_EQUAL(status, place == TRTVOCODER_INVERSE_STFT_GPU ? TRTVOCODER_ERROR_CUDA : TRTVOCODER_OK);
        CHECK(signal_to_noise_db(expected, client.decode(mel)) > 110);
    }
}

CASE("wrong mels are told by status and sentence") {
    const Client client(model());
    std::vector<float> mel = part_mel(100, 20);
    std::vector<float> audio(static_cast<size_t>(client.samples(20)));
    const auto room = static_cast<int64_t>(audio.size());
    check_fails(trtvocoder_session_decode(client.session, mel.data(), 1, 20, audio.data(), room - 1, nullptr),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "room for");
    check_fails(trtvocoder_session_decode(client.session, nullptr, 1, 20, audio.data(), room, nullptr),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "mel is NULL");
    check_fails(trtvocoder_session_decode(client.session, mel.data(), 1, -1, audio.data(), room, nullptr),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "frames");
    // Sizes whose product in 64 bits is 1284, fewer values than there are, and samples that nobody can count.
    check_fails(
        trtvocoder_session_decode(client.session, mel.data(), 327113683, 563924563, audio.data(), room, nullptr),
        TRTVOCODER_ERROR_INVALID_ARGUMENT, "values; 0 to");
    int32_t samples = 1;
    check_fails(trtvocoder_vocoder_get_sample_count(client.vocoder, std::numeric_limits<int32_t>::max(), &samples),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "2147483647 frames decode to");
    CHECK_EQUAL(samples, 0);
    mel[20 * 7 + 3] = std::numeric_limits<float>::quiet_NaN();
    check_fails(trtvocoder_session_decode(client.session, mel.data(), 1, 20, audio.data(), room, nullptr),
                TRTVOCODER_ERROR_BAD_DATA, "NaN in band 7, frame 3");
}

CASE("handles that were destroyed, or are of another kind, are refused") {
    Client client(model());
    const std::vector<float> mel = part_mel(100, 20);
    float sample = 0;
    auto* wrong = reinterpret_cast<trtvocoder_session*>(client.vocoder);
    check_fails(trtvocoder_session_decode(wrong, mel.data(), 1, 20, &sample, 1, nullptr),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "another kind");
    check_fails(trtvocoder_session_warm_up(nullptr), TRTVOCODER_ERROR_INVALID_ARGUMENT, "session is NULL");
    trtvocoder_session_destroy(client.session);
    trtvocoder_session_destroy(client.session);
    check_fails(trtvocoder_session_warm_up(client.session), TRTVOCODER_ERROR_INVALID_ARGUMENT, "was destroyed");
}

CASE("a session outlives its vocoder") {
    for (const char* path : {model(), engine()}) {
        Client client(path);
        const std::vector<float> mel = part_mel(100, 30);
        std::vector<float> audio = client.decode(mel);
        const std::vector<float> before = audio;
        trtvocoder_vocoder_destroy(std::exchange(client.vocoder, nullptr));
        check(trtvocoder_session_decode(client.session, mel.data(), 1, 30, audio.data(),
                                        static_cast<int64_t>(audio.size()), nullptr));
        CHECK(audio == before);
        int64_t length = 0;
        if (client.info.takes_device_pointers)
            check(trtvocoder_session_get_device_output_length(client.session, 1, 30, &length));
    }
}

CASE("eight threads with a session each decode the same") {
    const Client client(model());
    const std::vector<float> mel = part_mel(100, 60);
    const std::vector<float> expected = client.decode(mel);
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; i++)
        threads.emplace_back([&] {
            trtvocoder_session* session = nullptr;
            std::vector<float> audio(expected.size());
            bool is_right = trtvocoder_session_create(client.vocoder, 0, &session) == 0;
            for (int turn = 0; turn < 3; turn++)
                is_right &= trtvocoder_session_decode(session, mel.data(), 1, 60, audio.data(),
                                                      static_cast<int64_t>(audio.size()), nullptr) == 0 &&
                            audio == expected;
            trtvocoder_session_destroy(session);
            right += is_right;
        });
    for (std::thread& thread : threads) thread.join();
    CHECK_EQUAL(right.load(), 8);
}

CASE("a second thread in one session is told, and errors are each thread's own") {
    const Client client(model());
    const std::vector<float> mel = whole_mel();
    std::atomic<bool> ends{false};
    std::thread other([&] {
        std::vector<float> audio(static_cast<size_t>(client.samples(static_cast<int32_t>(mel.size() / 100))));
        while (!ends) {
            const int32_t status =
                trtvocoder_session_decode(client.session, mel.data(), 1, static_cast<int32_t>(mel.size() / 100),
                                          audio.data(), static_cast<int64_t>(audio.size()), nullptr);
            CHECK(status == 0 || status == TRTVOCODER_ERROR_BUSY);
        }
    });
    const std::vector<float> small = part_mel(100, 5);
    std::vector<float> audio(static_cast<size_t>(client.samples(5)));
    int32_t status = 0;
    while (status == 0)
        status = trtvocoder_session_decode(client.session, small.data(), 1, 5, audio.data(),
                                           static_cast<int64_t>(audio.size()), nullptr);
    check_fails(status, TRTVOCODER_ERROR_BUSY, "another thread");
    ends = true;
    other.join();
    std::thread([] { CHECK_EQUAL(last_error().status, 0); }).join();
}

CASE("a stream gives the samples of a whole decode, however the mel is cut") {
    std::mt19937 random(20261128);
    for (const char* path : {model(), streaming_model(), engine()}) {
        const int32_t frames = path == engine() ? 64 : 150;
        const std::vector<float> mel = part_mel(100, frames);
        const std::vector<float> expected = Client(path).decode(mel);
        // Two exports of one checkpoint, at frames where it magnifies rounding.
        if (path == streaming_model()) CHECK(signal_to_noise_db(Client(model()).decode(mel), expected) > 80);
        for (const int32_t layout : {TRTVOCODER_LAYOUT_BANDS_MAJOR, TRTVOCODER_LAYOUT_FRAME_MAJOR}) {
            const Stream stream(path, layout);
            CHECK_EQUAL(stream.info().first_sample_frames, stream.info().lookahead_frames + 1);
            for (const int32_t most : {frames, 40, 7}) {
                // The double computes slowly, and so do small pushes that decode frames again.
                if (most == 7 ? path != streaming_model() : path == engine() && most != 40) continue;
                std::vector<float> audio;
                int32_t pushed = 0;
                int32_t available = 0;
                while (pushed < frames) {
                    const int32_t count =
                        std::min(frames - pushed, static_cast<int32_t>(random() % unsigned(most + 1)));
                    const std::vector<float> piece = piece_of(mel, frames, pushed, count, layout);
                    check(trtvocoder_stream_push(stream.handle, piece.data(), count, &available));
                    pushed += count;
                    const trtvocoder_stream_info now = stream.info();
                    CHECK_EQUAL(now.pushed_frames, pushed);
                    CHECK_EQUAL(now.available_samples, available);
                    CHECK_EQUAL(available > 0 || !audio.empty(), pushed >= now.first_sample_frames);
                    CHECK(now.held_frames <= std::min(pushed, now.lookahead_frames + 1));
                    // What is not read stays.
                    if (random() % 2 == 0) stream.read(audio, 1000);
                }
                check(trtvocoder_stream_complete(stream.handle, &available));
                CHECK_EQUAL(static_cast<size_t>(available) + audio.size(), expected.size());
                check(trtvocoder_stream_complete(stream.handle, nullptr));
                CHECK_EQUAL(stream.info().is_complete, 1);
                CHECK_EQUAL(stream.info().held_frames, 0);
                stream.read(audio, expected.size());
                CHECK(signal_to_noise_db(expected, audio) > 110);
                check(trtvocoder_stream_reset(stream.handle));
                CHECK_EQUAL(stream.info().pushed_frames + stream.info().available_samples, 0);
            }
        }
    }
}

CASE("a warm stream gives the same, and short utterances come whole at their end") {
    const Client client(model());
    for (const char* path : {model(), streaming_model()}) {
        const Stream stream(path);
        check(trtvocoder_stream_warm_up(stream.handle, 3));
        for (const int32_t frames : {1, 2, 10}) {
            const std::vector<float> mel = part_mel(100, frames);
            int32_t available = 1;
            check(trtvocoder_stream_push(stream.handle, mel.data(), frames, &available));
            CHECK_EQUAL(available, 0);
            check(trtvocoder_stream_complete(stream.handle, &available));
            CHECK_EQUAL(available, client.samples(frames));
            std::vector<float> audio;
            stream.read(audio, 100000);
            if (frames > 1) CHECK(signal_to_noise_db(client.decode(mel), audio) > 110);
            check(trtvocoder_stream_reset(stream.handle));
        }
    }
}

CASE("a stream says what cannot be done, and a refused piece leaves it as it was") {
    const Client client(model());
    const Stream stream(model());
    const int32_t frames = 40;
    const std::vector<float> mel = part_mel(100, frames);
    std::vector<float> broken = mel;
    broken[3 * static_cast<size_t>(frames) + 8] = std::numeric_limits<float>::infinity();
    check(trtvocoder_stream_push(stream.handle, mel.data(), 0, nullptr));
    int32_t count = 1;
    check_fails(trtvocoder_stream_push(stream.handle, broken.data(), frames, &count), TRTVOCODER_ERROR_BAD_DATA,
                "infinity in band 3, frame 8");
    CHECK_EQUAL(count, 0);
    check_fails(trtvocoder_stream_push(stream.handle, nullptr, 1, nullptr), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "mel is NULL");
    check_fails(trtvocoder_stream_push(stream.handle, mel.data(), -1, nullptr), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "frames");
    float sample = 0;
    check_fails(trtvocoder_stream_read(stream.handle, &sample, 1, nullptr), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "out parameter");
    check_fails(trtvocoder_stream_read(stream.handle, nullptr, 1, &count), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "audio is NULL");
    check_fails(trtvocoder_stream_read(stream.handle, &sample, -1, &count), TRTVOCODER_ERROR_INVALID_ARGUMENT, "-1");
    check_fails(trtvocoder_stream_warm_up(stream.handle, 0), TRTVOCODER_ERROR_INVALID_ARGUMENT, "chunkFrames");
    trtvocoder_stream_info info{};
    check_fails(trtvocoder_stream_get_info(stream.handle, &info), TRTVOCODER_ERROR_INVALID_ARGUMENT, "struct_size");
    CHECK_EQUAL(stream.info().pushed_frames, 0);

    check(trtvocoder_stream_push(stream.handle, mel.data(), frames, nullptr));
    check(trtvocoder_stream_complete(stream.handle, nullptr));
    check_fails(trtvocoder_stream_push(stream.handle, mel.data(), frames, nullptr), TRTVOCODER_ERROR_INVALID_STATE,
                "The utterance is complete");
    std::vector<float> audio;
    stream.read(audio, 4096);
    CHECK(signal_to_noise_db(client.decode(mel), audio) > 110);

    trtvocoder_stream* other = nullptr;
    trtvocoder_stream_options options{};
    check_fails(trtvocoder_stream_create(client.vocoder, &options, &other), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "struct_size");
    options.struct_size = sizeof options;
    options.layout = 2;
    check_fails(trtvocoder_stream_create(client.vocoder, &options, &other), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "layout is 2");
    check_fails(trtvocoder_stream_create(client.vocoder, nullptr, nullptr), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "out parameter");
    check_fails(trtvocoder_stream_reset(reinterpret_cast<trtvocoder_stream*>(client.session)),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "another kind");
    check_fails(trtvocoder_stream_reset(nullptr), TRTVOCODER_ERROR_INVALID_ARGUMENT, "stream is NULL");
    check(trtvocoder_stream_create(client.vocoder, nullptr, &other));
    trtvocoder_stream_destroy(other);
    trtvocoder_stream_destroy(other);
    check_fails(trtvocoder_stream_complete(other, nullptr), TRTVOCODER_ERROR_INVALID_ARGUMENT, "was destroyed");
}

CASE("a push that the driver fails ends the utterance, and the next begins with a reset") {
    const Stream stream(engine());
    const std::vector<float> mel = part_mel(100, 40);
    CHECK_EQUAL(driver<int (*)(const char*)>("trtv_sim_fault")("cuStreamSynchronize@1=719"), 0);
    check_fails(trtvocoder_stream_push(stream.handle, mel.data(), 40, nullptr), TRTVOCODER_ERROR_CUDA, "719");
    check_fails(trtvocoder_stream_push(stream.handle, mel.data(), 40, nullptr), TRTVOCODER_ERROR_INVALID_STATE,
                "A push of this utterance failed");
    check_fails(trtvocoder_stream_complete(stream.handle, nullptr), TRTVOCODER_ERROR_INVALID_STATE, "failed");
    check(trtvocoder_stream_reset(stream.handle));
    check(trtvocoder_stream_push(stream.handle, mel.data(), 40, nullptr));
    check(trtvocoder_stream_complete(stream.handle, nullptr));
    std::vector<float> audio;
    stream.read(audio, 100000);
    CHECK(signal_to_noise_db(Client(engine()).decode(mel), audio) > 110);
}

CASE("a second thread in one stream is told, and a destruction meanwhile waits for nobody") {
    auto stream = std::make_unique<Stream>(model());
    trtvocoder_stream* handle = stream->handle;
    const std::vector<float> mel = whole_mel();
    const auto frames = static_cast<int32_t>(mel.size() / 100);
    std::atomic<bool> ends{false};
    std::thread other([&] {
        int32_t status = 0;
        while (!ends && (status == 0 || status == TRTVOCODER_ERROR_BUSY))
            status = trtvocoder_stream_push(handle, mel.data(), frames, nullptr);
        // Destroyed meanwhile, or between two calls.
        CHECK(ends || status == TRTVOCODER_ERROR_INVALID_ARGUMENT);
    });
    float sample = 0;
    int32_t count = 0;
    int32_t status = 0;
    while (status == 0) status = trtvocoder_stream_read(handle, &sample, 1, &count);
    check_fails(status, TRTVOCODER_ERROR_BUSY, "another thread");
    stream.reset();
    ends = true;
    other.join();
}

CASE("a scheduler gives requests of all lengths what a session gives, each once, and can be asked what it did") {
    for (const char* path : {model(), engine()})
        for (const int32_t sends_parts : {0, 1}) {
            // The double computes slowly.
            if (path == engine() && sends_parts == 0) continue;
            const Client client(path);
            trtvocoder_scheduler_options options{};
            options.window_frames = 80;
            options.batch = 4;
            options.sends_parts = sends_parts;
            const Scheduler scheduler(client, options);
            check(trtvocoder_scheduler_warm_up(scheduler.handle));
            const int32_t all =
                path == engine() ? 160 : static_cast<int32_t>(whole_mel().size()) / client.info.mel_count;
            std::vector<int32_t> lengths = {0, 1, 2, 40, all};
            for (int32_t frames = 60; frames < all; frames += 23) lengths.push_back(frames);
            std::vector<std::unique_ptr<Request>> requests;
            int64_t asked = 0;
            for (const int32_t frames : lengths) {
                requests.push_back(std::make_unique<Request>());
                // Copied during the call.
                std::vector<float> mel = part_mel(client.info.mel_count, frames);
                scheduler.submit(mel, *requests.back());
                asked += frames;
            }
            int most_parts = 0;
            for (size_t i = 0; i < requests.size(); i++) {
                Request& request = *requests[i];
                request.await();
                CHECK_EQUAL(request.ends, 1);
                CHECK_EQUAL(request.status, 0);
                CHECK(request.is_in_order);
                CHECK(request.ticket > 0);
                const std::vector<float> expected = client.decode(part_mel(client.info.mel_count, lengths[i]));
                CHECK_EQUAL(request.audio.size(), expected.size());
                if (!expected.empty()) CHECK(signal_to_noise_db(expected, request.audio) >= 110);
                most_parts = std::max(most_parts, request.parts);
            }
            CHECK_EQUAL(most_parts > 1, sends_parts == 1);
            int32_t windows = 0;
            check(trtvocoder_scheduler_get_window_count(scheduler.handle, all, &windows));
            CHECK(windows > 1);
            const trtvocoder_scheduler_statistics end = scheduler.statistics();
            CHECK_EQUAL(end.requests_submitted, static_cast<int64_t>(requests.size()));
            CHECK_EQUAL(end.requests_completed, end.requests_submitted);
            CHECK_EQUAL(end.requests_failed + end.requests_cancelled + end.requests_refused, 0);
            CHECK_EQUAL(end.queued_windows + end.running_windows + end.open_requests, 0);
            CHECK_EQUAL(end.frames_asked, asked);
            CHECK(end.windows_run >= end.batches_run && end.windows_run <= end.slots_offered);
            CHECK_EQUAL(end.slots_offered, end.batches_run * end.batch);
            CHECK(end.frames_run >= end.frames_asked - 1);
        }
}

CASE("a scheduler tells when the first run of a request begins, where it is asked to") {
    const Client client(model());
    for (const int32_t sends_parts : {0, 1}) {
        trtvocoder_scheduler_options options{};
        options.window_frames = 64;
        options.lanes = 1;
        options.sends_parts = sends_parts;
        options.tells_start = 1;
        auto scheduler = std::make_unique<Scheduler>(client, options);
        // The start of the first holds the only lane.
        struct Held {
            std::mutex gate;
            std::atomic<int> calls{0};
        } held;
        held.gate.lock();
        const std::vector<float> mel = part_mel(100, 64);
        check(trtvocoder_scheduler_submit(
            scheduler->handle, mel.data(), 64,
            [](void* user, int32_t, const char*, const float*, int32_t, int32_t, int32_t) {
                Held* self = static_cast<Held*>(user);
                self->calls++;
                const std::lock_guard<std::mutex> until_released(self->gate);
            },
            &held, nullptr));
        while (held.calls == 0) std::this_thread::yield();
        Request cancelled;
        Request later;
        Request empty;
        scheduler->submit(mel, cancelled);
        scheduler->submit(whole_mel(), later);
        scheduler->submit({}, empty);
        check(trtvocoder_scheduler_cancel(scheduler->handle, cancelled.ticket));
        CHECK_EQUAL(later.starts, 0);
        held.gate.unlock();
        for (Request* request : {&cancelled, &later, &empty}) {
            request->await();
            CHECK(request->is_in_order);
        }
        CHECK_EQUAL(later.starts, 1);
        CHECK_EQUAL(later.parts > 1, sends_parts == 1);
        // Of neither was a window in a run.
        CHECK_EQUAL(cancelled.starts + empty.starts, 0);
        scheduler.reset();
        CHECK_EQUAL(held.calls, 2);
    }
}

CASE("scheduler options of an earlier header are accepted, and of no other size") {
    const Client client(model());
    trtvocoder_scheduler* handle = nullptr;
    trtvocoder_scheduler_options options{};
    // Memory that such a caller has for other things.
    options.tells_start = 99;
    options.struct_size = offsetof(trtvocoder_scheduler_options, tells_start);
    check(trtvocoder_scheduler_create(client.vocoder, &options, &handle));
    trtvocoder_scheduler_destroy(handle);
    for (const uint32_t size : {options.struct_size - 4, uint32_t(sizeof options) + 4}) {
        options.struct_size = size;
        check_fails(trtvocoder_scheduler_create(client.vocoder, &options, &handle), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                    "struct_size");
    }
    options.struct_size = sizeof options;
    check_fails(trtvocoder_scheduler_create(client.vocoder, &options, &handle), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "tells_start is 99");
}

CASE("a scheduler tells what memory its lanes hold, which grows with shapes that are not warm") {
    const Client client(engine());
    trtvocoder_scheduler_options options{};
    options.lanes = 2;
    const Scheduler scheduler(client, options);
    int64_t device = -1;
    int64_t host = -1;
    check(trtvocoder_scheduler_get_memory(scheduler.handle, &device, &host));
    CHECK_EQUAL(device + host, 0);
    const auto held = driver<int64_t (*)(const char*)>("trtv_sim_count");
    const int64_t device_before = held("device_bytes");
    const int64_t host_before = held("host_bytes");
    Request request;
    scheduler.submit(part_mel(100, 40), request);
    request.await();
    check(trtvocoder_scheduler_get_memory(scheduler.handle, &device, &host));
    CHECK(device > 0 && host > 0);
    CHECK_EQUAL(device, held("device_bytes") - device_before);
    CHECK_EQUAL(host, held("host_bytes") - host_before);

    const Client on_cpu(model());
    const Scheduler other(on_cpu);
    check(trtvocoder_scheduler_get_memory(other.handle, &device, &host));
    CHECK_EQUAL(device + host, 0);
    check_fails(trtvocoder_scheduler_get_memory(other.handle, nullptr, &host), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "device_bytes is NULL");
}

CASE("a callback that would wait for its own scheduler's runs is told so") {
    const Client client(model());
    const Scheduler scheduler(client);
    struct Call {
        trtvocoder_scheduler* scheduler;
        std::atomic<int32_t> statuses[2] = {};
        std::atomic<bool> is_done{false};
    } call{scheduler.handle};
    check(trtvocoder_scheduler_submit(
        scheduler.handle, nullptr, 0,
        [](void* user, int32_t, const char*, const float*, int32_t, int32_t, int32_t) {
            Call* self = static_cast<Call*>(user);
            int64_t device = 0;
            int64_t host = 0;
            self->statuses[0] = trtvocoder_scheduler_get_memory(self->scheduler, &device, &host);
            self->statuses[1] = trtvocoder_scheduler_warm_up(self->scheduler);
            self->is_done = true;
        },
        &call, nullptr));
    while (!call.is_done) std::this_thread::yield();
    CHECK_EQUAL(call.statuses[0], TRTVOCODER_ERROR_BUSY);
    CHECK_EQUAL(call.statuses[1], TRTVOCODER_ERROR_BUSY);
}

CASE("a scheduler ends requests that are cancelled, or that its destruction finds waiting, and refuses what it must") {
    const Client client(model());
    trtvocoder_scheduler_options options{};
    options.window_frames = 64;
    options.lanes = 1;
    options.max_queued_windows = 8;
    auto scheduler = std::make_unique<Scheduler>(client, options);
    // The first callback holds the only lane.
    struct Held {
        std::mutex gate;
        std::atomic<bool> is_inside{false};
    } held;
    held.gate.lock();
    check(trtvocoder_scheduler_submit(
        scheduler->handle, nullptr, 0,
        [](void* user, int32_t, const char*, const float*, int32_t, int32_t, int32_t) {
            Held* self = static_cast<Held*>(user);
            self->is_inside = true;
            const std::lock_guard<std::mutex> until_released(self->gate);
        },
        &held, nullptr));
    while (!held.is_inside) std::this_thread::yield();
    Request cancelled;
    Request waiting;
    Request refused;
    scheduler->submit(whole_mel(), cancelled);
    CHECK(scheduler->statistics().queued_windows > 8);
    const std::vector<float> mel = part_mel(100, 64);
    check_fails(trtvocoder_scheduler_submit(scheduler->handle, mel.data(), 64, Request::take, &refused, nullptr),
                TRTVOCODER_ERROR_BUSY, "windows wait already, of at most 8");
    check_fails(trtvocoder_scheduler_wait_for_room(scheduler->handle, 0, 20), TRTVOCODER_ERROR_BUSY, "busy");
    check(trtvocoder_scheduler_cancel(scheduler->handle, cancelled.ticket));
    check(trtvocoder_scheduler_cancel(scheduler->handle, cancelled.ticket));
    CHECK_EQUAL(scheduler->statistics().queued_windows, 0);
    check(trtvocoder_scheduler_wait_for_room(scheduler->handle, 8, -1));
    check_fails(trtvocoder_scheduler_cancel(scheduler->handle, 99), TRTVOCODER_ERROR_INVALID_ARGUMENT, "99");
    scheduler->submit(part_mel(100, 64), waiting);

    std::thread destruction([&] { scheduler.reset(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK_EQUAL(waiting.ends, 0);
    held.gate.unlock();
    destruction.join();

    for (Request* request : {&cancelled, &waiting}) {
        CHECK_EQUAL(request->ends, 1);
        CHECK_EQUAL(request->status, TRTVOCODER_ERROR_CANCELLED);
        CHECK(request->is_in_order);
        CHECK_CONTAINS(request->message, request == &cancelled ? "was cancelled" : "was disposed");
    }
    CHECK_EQUAL(refused.ends, 0);
}

CASE("a scheduler judges what it is given") {
    const Client client(model());
    const Scheduler scheduler(client);
    Request request;
    std::vector<float> mel = part_mel(100, 20);
    mel[5] = std::numeric_limits<float>::quiet_NaN();
    int64_t ticket = 7;
    check_fails(trtvocoder_scheduler_submit(scheduler.handle, mel.data(), 20, Request::take, &request, &ticket),
                TRTVOCODER_ERROR_BAD_DATA, "NaN in band 0, frame 5");
    CHECK_EQUAL(ticket, 0);
    check_fails(trtvocoder_scheduler_submit(scheduler.handle, nullptr, 20, Request::take, &request, nullptr),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "mel is NULL");
    check_fails(trtvocoder_scheduler_submit(scheduler.handle, mel.data(), -1, Request::take, &request, nullptr),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "frames");
    check_fails(trtvocoder_scheduler_submit(scheduler.handle, mel.data(), 20, nullptr, &request, nullptr),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "callback is NULL");
    trtvocoder_scheduler* other = nullptr;
    trtvocoder_scheduler_options options{};
    check_fails(trtvocoder_scheduler_create(client.vocoder, &options, &other), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "struct_size");
    options.struct_size = sizeof options;
    options.lanes = 65;
    check_fails(trtvocoder_scheduler_create(client.vocoder, &options, &other), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "0 to 64");
    options.lanes = 0;
    options.window_frames = 10;
    check_fails(trtvocoder_scheduler_create(client.vocoder, &options, &other), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "too short");
    trtvocoder_scheduler_statistics statistics{};
    check_fails(trtvocoder_scheduler_get_statistics(scheduler.handle, &statistics), TRTVOCODER_ERROR_INVALID_ARGUMENT,
                "struct_size");
    check_fails(trtvocoder_scheduler_warm_up(reinterpret_cast<trtvocoder_scheduler*>(client.session)),
                TRTVOCODER_ERROR_INVALID_ARGUMENT, "scheduler");
    CHECK(other == nullptr);
    CHECK_EQUAL(request.ends, 0);
}

CASE("a lost context fails the requests under way with its sentence, and those that follow at once") {
    const Client client(engine());
    const Scheduler scheduler(client);
    driver<int (*)(const char*)>("trtv_sim_fault")("kernel@1=700");
    Request lost;
    scheduler.submit(part_mel(100, 100), lost);
    lost.await();
    driver<void (*)()>("trtv_sim_reset")();
    CHECK_EQUAL(lost.status, TRTVOCODER_ERROR_CUDA);
    CHECK_CONTAINS(lost.message, "context of this process is lost");
    Request next;
    const std::vector<float> mel = part_mel(100, 64);
    check_fails(trtvocoder_scheduler_submit(scheduler.handle, mel.data(), 64, Request::take, &next, nullptr),
                TRTVOCODER_ERROR_CUDA, "context of this process is lost");
    check_fails(trtvocoder_scheduler_wait_for_room(scheduler.handle, 1, -1), TRTVOCODER_ERROR_CUDA, "lost");
}

CASE("after fork the child is told, and the parent goes on") {
    const Client client(engine());
    const std::vector<float> mel = part_mel(100, 30);
    const std::vector<float> before = client.decode(mel);
    const Stream stream(model());
    CHECK_EQUAL(exit_code_of_child([&] {
                    std::vector<float> audio(before.size());
                    const int32_t status = trtvocoder_session_decode(client.session, mel.data(), 1, 30, audio.data(),
                                                                     static_cast<int64_t>(audio.size()), nullptr);
                    trtvocoder_error error{};
                    error.struct_size = sizeof error;
                    trtvocoder_vocoder* vocoder = nullptr;
                    const bool is_told = status == TRTVOCODER_ERROR_FORKED && trtvocoder_get_last_error(&error) == 0 &&
                                         error.status == TRTVOCODER_ERROR_FORKED &&
                                         std::strstr(error.message, "fork") != nullptr;
                    const bool is_refused =
                        trtvocoder_vocoder_load_file(model(), nullptr, &vocoder) == TRTVOCODER_ERROR_FORKED &&
                        trtvocoder_stream_push(stream.handle, mel.data(), 30, nullptr) == TRTVOCODER_ERROR_FORKED;
                    trtvocoder_session_destroy(client.session);
                    return is_told && is_refused ? 0 : 1;
                }),
                0);
    CHECK(client.decode(mel) == before);
}

CASE("a child forked before the first call works") {
    CHECK_EQUAL(exit_code_of_child([] { return Client(model()).decode(part_mel(100, 10)).empty() ? 1 : 0; }), 0);
}
