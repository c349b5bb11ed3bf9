#include "models.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <stdexcept>

#include "trtvocoder.h"

namespace host {
namespace {

std::string environment(const char* name, const char* otherwise) {
    const char* const value = std::getenv(name);
    return value == nullptr ? otherwise : value;
}

}  // namespace

std::string backends() { return environment("TRTV_TRITON_BACKENDS", DOUBLES_DIR "/backends"); }
std::string model_file() { return environment("TRTV_TRITON_MODEL", DOUBLES_DIR "/model.double"); }
std::string instance_kind() { return environment("TRTV_TRITON_KIND", "KIND_CPU"); }
bool is_double() { return std::filesystem::path(model_file()).extension() == ".double"; }

Repository::Repository() {
    std::string pattern = std::filesystem::temp_directory_path() / "models-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("No temporary folder could be made.");
    folder_ = pattern;
}

Repository::~Repository() {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
}

void Repository::add(const std::string& name, const std::string& config, const std::string& file,
                     const std::string& bytes) const {
    const auto version = folder_ / name / "1";
    std::filesystem::create_directories(version);
    std::ofstream(folder_ / name / "config.pbtxt") << "name: \"" << name << "\"\n" << config;
    if (!bytes.empty()) {
        std::ofstream(version / "model.onnx", std::ios::binary) << bytes;
    } else if (!file.empty()) {
        const std::filesystem::path source = std::filesystem::absolute(file);
        const bool is_engine = source.extension() == ".engine";
        std::filesystem::create_symlink(source, version / (is_engine ? "model.engine" : "model.onnx"));
        if (is_engine) std::filesystem::create_symlink(source.string() + ".json", version / "model.engine.json");
    }
}

std::string config_of(int max_batch, bool decoupled, const std::string& more) {
    return "backend: \"trtvocoder\"\nmax_batch_size: " + std::to_string(max_batch) +
           "\ninput [ { name: \"mel\" data_type: TYPE_FP32 dims: [ 100, -1 ]" +
           (max_batch > 0 ? " allow_ragged_batch: true" : "") +
           " } ]\n"
           "output [ { name: \"waveform\" data_type: TYPE_FP32 dims: [ -1 ] } ]\n"
           "instance_group [ { count: 1 kind: " +
           instance_kind() + " } ]\n" + (decoupled ? "model_transaction_policy { decoupled: true }\n" : "") +
           (max_batch > 0 ? "dynamic_batching { }\n" : "") + more;
}

std::string sequence_config_of(int max_batch, const std::string& strategy, const std::string& more) {
    std::string config = config_of(max_batch, false, "sequence_batching { " + strategy + " }\n" + more);
    // One or the other.
    const std::string other = "dynamic_batching { }\n";
    if (max_batch > 0) config.erase(config.find(other), other.size());
    return config;
}

std::shared_ptr<Mel> random_mel(std::mt19937& random, int frames, bool has_batch) {
    auto mel = std::make_shared<Mel>();
    mel->shape = {100, frames};
    if (has_batch) mel->shape.insert(mel->shape.begin(), 1);
    std::normal_distribution<float> values(-3, 2);
    mel->values.resize(100 * static_cast<size_t>(frames));
    for (float& value : mel->values) value = values(random);
    return mel;
}

std::shared_ptr<Mel> piece_of(const Mel& mel, int first, int count) {
    auto piece = std::make_shared<Mel>(Mel{mel.shape, {}});
    const auto frames = static_cast<size_t>(mel.shape.back());
    piece->shape.back() = count;
    for (size_t row = 0; row < mel.values.size(); row += frames) {
        const auto start = mel.values.begin() + static_cast<std::ptrdiff_t>(row) + first;
        piece->values.insert(piece->values.end(), start, start + count);
    }
    return piece;
}

std::shared_ptr<Mel> join(const std::vector<std::shared_ptr<Mel>>& pieces) {
    auto mel = std::make_shared<Mel>(Mel{pieces.front()->shape, {}});
    mel->shape.back() = 0;
    for (const auto& piece : pieces) mel->shape.back() += piece->shape.back();
    const auto rows = static_cast<size_t>(mel->shape[mel->shape.size() - 2]);
    for (size_t row = 0; row < rows; row++) {
        for (const auto& piece : pieces) {
            const auto frames = static_cast<std::ptrdiff_t>(piece->shape.back());
            const auto start = piece->values.begin() + static_cast<std::ptrdiff_t>(row) * frames;
            mel->values.insert(mel->values.end(), start, start + frames);
        }
    }
    return mel;
}

int random_length(std::mt19937& random) { return std::uniform_int_distribution<int>(300, 900)(random); }

struct Direct::Library {
    void* handle;
    trtvocoder_vocoder* vocoder = nullptr;
    trtvocoder_session* session = nullptr;

    template <typename Function>
    Function* find(const char* name, Function*) const {
        void* const symbol = dlsym(handle, name);
        if (symbol == nullptr) throw std::runtime_error(std::string(name) + " is missing.");
        return reinterpret_cast<Function*>(symbol);
    }
};

#define TRTV_CALL(name) library_->find(#name, &name)

Direct::Direct(const std::string& model) : library_(new Library{}) {
    const std::string path = backends() + "/trtvocoder/libtrtvocoder.so";
    library_->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_->handle == nullptr) throw std::runtime_error(dlerror());
    if (TRTV_CALL(trtvocoder_vocoder_load_file)(model.c_str(), nullptr, &library_->vocoder) != 0 ||
        TRTV_CALL(trtvocoder_session_create)(library_->vocoder, 0, &library_->session) != 0) {
        throw std::runtime_error(model + " could not be loaded.");
    }
}

Direct::~Direct() {
    TRTV_CALL(trtvocoder_session_destroy)(library_->session);
    TRTV_CALL(trtvocoder_vocoder_destroy)(library_->vocoder);
}

int32_t Direct::sample_count(int32_t frames) {
    int32_t samples = 0;
    if (TRTV_CALL(trtvocoder_vocoder_get_sample_count)(library_->vocoder, frames, &samples) != 0) {
        throw std::runtime_error("The mel has no length.");
    }
    return samples;
}

void Direct::decode(const float* mels, int32_t count, int32_t frames, float* audio, int64_t capacity) {
    if (TRTV_CALL(trtvocoder_session_decode)(library_->session, mels, count, frames, audio, capacity, nullptr) != 0) {
        throw std::runtime_error("The mel could not be decoded.");
    }
}

std::vector<float> Direct::decode(const Mel& mel) {
    const auto dims = mel.shape.size();
    const int32_t items = dims == 3 ? static_cast<int32_t>(mel.shape[0]) : 1;
    const int32_t frames = static_cast<int32_t>(mel.shape[dims - 1]);
    const int32_t samples = sample_count(frames);
    std::vector<float> audio(static_cast<size_t>(items) * static_cast<size_t>(samples));
    // One at a time, as the scheduler sees them.
    for (int32_t item = 0; item < items; item++) {
        const float* const values =
            mel.values.data() + static_cast<size_t>(item) * mel.values.size() / static_cast<size_t>(items);
        decode(values, 1, frames, audio.data() + static_cast<size_t>(item) * static_cast<size_t>(samples), samples);
    }
    return audio;
}

uint16_t half_of(float value) {
    const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    const double size = std::fabs(static_cast<double>(value));
    if (std::isnan(value)) return 0x7E00;
    if (size < std::ldexp(1, -14))
        return static_cast<uint16_t>(sign | static_cast<int>(std::nearbyint(std::ldexp(size, 24))));
    // 65520 is halfway to the number that there is not.
    if (size >= 65520) return sign | 0x7C00;
    const int exponent = std::ilogb(size);
    const int steps = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent))) - 1024;
    return static_cast<uint16_t>(sign | (((exponent + 15) << 10) + steps));
}

float value_of_half(uint16_t half) {
    const int exponent = half >> 10 & 31;
    const int steps = half & 1023;
    const double size = exponent == 31  ? (steps == 0 ? HUGE_VAL : std::nan(""))
                        : exponent == 0 ? std::ldexp(steps, -24)
                                        : std::ldexp(1024 + steps, exponent - 25);
    return static_cast<float>((half & 0x8000) != 0 ? -size : size);
}

std::shared_ptr<Mel> rounded_to_half(const Mel& mel) {
    auto rounded = std::make_shared<Mel>(mel);
    for (float& value : rounded->values) value = value_of_half(half_of(value));
    return rounded;
}

std::vector<float> values_of(const std::vector<char>& bytes, TRITONSERVER_DataType type) {
    std::vector<float> values;
    if (type == TRITONSERVER_TYPE_FP16) {
        for (size_t at = 0; at + 1 < bytes.size(); at += 2) {
            uint16_t half = 0;
            std::memcpy(&half, bytes.data() + at, sizeof(half));
            values.push_back(value_of_half(half));
        }
    } else if (!bytes.empty()) {
        values.resize(bytes.size() / sizeof(float));
        std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    }
    return values;
}

double decibels(const std::vector<float>& expected, const std::vector<float>& actual) {
    if (expected.size() != actual.size()) return 0;
    double signal = 0;
    double noise = 0;
    for (size_t index = 0; index < expected.size(); index++) {
        const double difference = static_cast<double>(expected[index]) - actual[index];
        signal += static_cast<double>(expected[index]) * expected[index];
        noise += difference * difference;
    }
    if (noise == 0) return std::numeric_limits<double>::infinity();
    return std::isfinite(noise) ? 10 * std::log10(signal / noise) : 0;
}

}  // namespace host
