// Models, mels and what they must decode to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "server.h"

namespace host {

/** A folder of models that is gone with this object. */
class Repository {
public:
    Repository();
    ~Repository();
    Repository(const Repository&) = delete;
    Repository& operator=(const Repository&) = delete;

    /** Writes a model: its config.pbtxt and its file with what describes it, or a file of these bytes. */
    void add(const std::string& name, const std::string& config, const std::string& file,
             const std::string& bytes = "") const;
    std::string path() const { return folder_.string(); }

private:
    std::filesystem::path folder_;
};

/** config.pbtxt of the backend's model; more is appended. */
std::string config_of(int max_batch, bool decoupled, const std::string& more = "");

/** The same of a model whose mels come in sequences; strategy is what sequence_batching has in it. */
std::string sequence_config_of(int max_batch, const std::string& strategy, const std::string& more = "");

/** Where backends are (TRTV_TRITON_BACKENDS), the model (TRTV_TRITON_MODEL), and whether they are the doubles, as they
 * are where nothing is said. */
std::string backends();
std::string model_file();
bool is_double();
/** What instances run on: KIND_CPU, or TRTV_TRITON_KIND. */
std::string instance_kind();

/** A mel [1, 100, frames] of natural-log amplitudes, or [100, frames]. */
std::shared_ptr<Mel> random_mel(std::mt19937& random, int frames, bool has_batch = true);

/** Frames [first, first + count) of a mel of one item. */
std::shared_ptr<Mel> piece_of(const Mel& mel, int first, int count);

/** The same again: pieces of one item, one behind the other. */
std::shared_ptr<Mel> join(const std::vector<std::shared_ptr<Mel>>& pieces);

/** Frames of one of F5-TTS's mels, 300 to 900. */
int random_length(std::mt19937& random);

/** The library that the backend uses, called directly. */
class Direct {
public:
    explicit Direct(const std::string& model = model_file());
    ~Direct();
    Direct(const Direct&) = delete;
    Direct& operator=(const Direct&) = delete;

    /** Decodes one mel after another. */
    std::vector<float> decode(const Mel& mel);
    /** Decodes mels of one length together; audio has room for all samples. */
    void decode(const float* mels, int32_t count, int32_t frames, float* audio, int64_t capacity);
    int32_t sample_count(int32_t frames);

private:
    struct Library;
    std::unique_ptr<Library> library_;
};

/** An FP16 number, rounded to the nearest, ties to even, and what it is: apart from the backend's own. */
uint16_t half_of(float value);
float value_of_half(uint16_t half);
/** The mel as FP16 has it. */
std::shared_ptr<Mel> rounded_to_half(const Mel& mel);
/** The values of an output: FP32 or FP16. */
std::vector<float> values_of(const std::vector<char>& bytes, TRITONSERVER_DataType type);

/** Signal to noise in dB; 0 where lengths differ. */
double decibels(const std::vector<float>& expected, const std::vector<float>& actual);

/** The least that an answer may differ from the direct decode by. */
constexpr double faithful_decibels = 110;

}  // namespace host
