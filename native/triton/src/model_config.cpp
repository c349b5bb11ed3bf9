#include "model_config.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "boundary.h"

namespace trtv::triton {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(TRITONSERVER_ERROR_INVALID_ARG, sentence); }

constexpr int32_t many = 1 << 20;
constexpr int32_t most_streams = 1024;
/** The core's own. */
constexpr std::chrono::microseconds default_idle = std::chrono::seconds(1);
/** What is longer is for ever. */
constexpr std::chrono::microseconds longest_idle = std::chrono::hours(24 * 365);

int32_t whole_number(const std::string& key, const std::string& text, int32_t first, int32_t last) {
    int32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stopped != end || value < first || value > last) {
        refuse("config.pbtxt: the parameter " + key + " is \"" + text + "\", expected a whole number from " +
               std::to_string(first) + " to " + std::to_string(last) + ".");
    }
    return value;
}

int32_t one_of(const std::string& key, const std::string& text, std::initializer_list<const char*> names) {
    int32_t number = 0;
    std::string expected;
    for (const char* const name : names) {
        if (text == name) return number;
        expected += (number++ == 0 ? "" : ", ") + std::string(name);
    }
    refuse("config.pbtxt: the parameter " + key + " is \"" + text + "\", expected one of: " + expected + ".");
}

std::chrono::microseconds read_idle(const json& batching) {
    const auto found = batching.find("max_sequence_idle_microseconds");
    if (found == batching.end()) return default_idle;
    // 64 bits of protobuf's are a string in JSON, or not.
    const std::string text = found->is_string() ? found->get<std::string>() : found->dump();
    const char* const end = text.data() + text.size();
    uint64_t idle = 0;
    if (const auto [stopped, error] = std::from_chars(text.data(), end, idle); error != std::errc{} || stopped != end) {
        refuse("config.pbtxt: max_sequence_idle_microseconds is " + text + ", expected a whole number.");
    }
    // As the core takes it.
    if (idle == 0) return default_idle;
    return std::chrono::microseconds(std::min(idle, static_cast<uint64_t>(longest_idle.count())));
}

SequenceConfig read_sequences(const json& batching, int32_t max_batch) {
    if (batching.value("iterative_sequence", false)) {
        refuse("config.pbtxt: sequence_batching.iterative_sequence is not served: leave it out.");
    }
    if (const auto state = batching.find("state"); state != batching.end() && !state->empty()) {
        refuse(
            "config.pbtxt: sequence_batching.state is not needed, since the backend keeps a stream for each "
            "sequence: leave it out.");
    }
    SequenceConfig config;
    config.slots = std::max(1, max_batch);
    if (const auto oldest = batching.find("oldest"); oldest != batching.end()) {
        const int64_t asked = oldest->value("max_candidate_sequences", int64_t{0});
        if (asked > 0) config.slots = static_cast<int32_t>(std::min<int64_t>(asked, INT32_MAX));
    }
    config.streams = std::min(config.slots, most_streams);
    config.max_idle = read_idle(batching);
    return config;
}

void check_parameter_fits(const ModelConfig& config, const std::string& key) {
    const bool is_of_sequences = key == "streams" || key == "chunk_frames";
    const bool is_of_scheduler = key == "batch" || key == "window_frames" || key == "max_queued_windows";
    if (is_of_sequences && !config.sequences.has_value()) {
        refuse("config.pbtxt: the parameter " + key + " is for models with sequence_batching.");
    }
    if (is_of_scheduler && config.sequences.has_value()) {
        refuse("config.pbtxt: the parameter " + key +
               " is of windows that requests share, which a model with sequence_batching has not: leave it out.");
    }
}

void read_parameter(ModelConfig& config, const std::string& key, const std::string& text) {
    check_parameter_fits(config, key);
    auto& options = config.options;
    auto& scheduler = config.scheduler;
    if (key == "device") {
        config.device = whole_number(key, text, 0, 1024);
    } else if (key == "threads") {
        options.threads = whole_number(key, text, 0, 1024);
    } else if (key == "inverse_stft_threads") {
        options.inverse_stft_threads = whole_number(key, text, 0, 1024);
    } else if (key == "profile") {
        options.profile = whole_number(key, text, 0, 1024);
    } else if (key == "buffers") {
        options.buffers = one_of(key, text, {"auto", "pinned", "mapped"});
    } else if (key == "runtime") {
        options.runtime = one_of(key, text, {"auto", "tensorrt", "tensorrt-rtx"});
    } else if (key == "cuda_graphs") {
        options.without_graphs = one_of(key, text, {"true", "false"});
    } else if (key == "output_check") {
        options.skips_output_check = one_of(key, text, {"true", "false"});
    } else if (key == "allow_host_code") {
        options.allows_host_code = one_of(key, text, {"false", "true"});
    } else if (key == "library_folder") {
        config.library_folder = text;
    } else if (key == "windows") {
        config.windows = text;
    } else if (key == "batch") {
        scheduler.batch = whole_number(key, text, 0, 1024);
    } else if (key == "window_frames") {
        scheduler.window_frames = whole_number(key, text, 0, many);
    } else if (key == "lanes") {
        scheduler.lanes = whole_number(key, text, 0, 64);
    } else if (key == "max_queued_windows") {
        scheduler.max_queued_windows = whole_number(key, text, 0, many);
    } else if (key == "streams") {
        config.sequences->streams = whole_number(key, text, 1, most_streams);
    } else if (key == "chunk_frames") {
        config.sequences->chunk_frames = whole_number(key, text, 1, many);
    } else if (key == "warm_up") {
        config.warms_up = one_of(key, text, {"false", "true"}) == 1;
    } else {
        refuse("config.pbtxt: the parameter \"" + key +
               "\" is not known. Known are: device, threads, inverse_stft_threads, profile, buffers, runtime, "
               "cuda_graphs, output_check, allow_host_code, library_folder, windows, batch, window_frames, lanes, "
               "max_queued_windows, streams, chunk_frames, warm_up.");
    }
}

const json& only(const json& config, const char* field, const char* what) {
    const auto found = config.find(field);
    if (found == config.end() || found->size() != 1) {
        refuse(std::string("config.pbtxt has ") + std::to_string(found == config.end() ? 0 : found->size()) + " " +
               field + "s, expected 1: " + what + ".");
    }
    return found->front();
}

/** FP32 or FP16; what else it is, is refused with what was expected. */
TRITONSERVER_DataType type_of(const json& tensor, size_t dims, const std::string& what) {
    const std::string type = tensor.value("data_type", "");
    if (tensor.at("dims").size() == dims && type == "TYPE_FP32") return TRITONSERVER_TYPE_FP32;
    if (tensor.at("dims").size() == dims && type == "TYPE_FP16") return TRITONSERVER_TYPE_FP16;
    refuse("config.pbtxt: " + what + ".");
}

ModelConfig read(const json& source) {
    ModelConfig config;
    config.options.struct_size = sizeof(config.options);
    config.scheduler.struct_size = sizeof(config.scheduler);
    config.has_batch = source.value("max_batch_size", 0) > 0;
    config.file = source.value("default_model_filename", "");

    const json& input = only(source, "input", "the mel, TYPE_FP32 or TYPE_FP16 [mels, -1]");
    config.input = input.value("name", "");
    config.input_type = type_of(
        input, 2, "the input " + config.input + " is not TYPE_FP32 or TYPE_FP16 with 2 dims, the mel's [mels, -1]");
    config.mel_count = input.at("dims")[0].get<int64_t>();

    const json& output = only(source, "output", "the waveform, TYPE_FP32 or TYPE_FP16 [-1]");
    config.output = output.value("name", "");
    config.output_type = type_of(
        output, 1, "the output " + config.output + " is not TYPE_FP32 or TYPE_FP16 with 1 dim, the samples' [-1]");
    config.decoupled = source.value(json::json_pointer("/model_transaction_policy/decoupled"), false);
    if (const auto batching = source.find("sequence_batching"); batching != source.end()) {
        if (config.decoupled) {
            refuse(
                "config.pbtxt: sequence_batching and model_transaction_policy.decoupled exclude each other: each "
                "piece of a sequence has one answer.");
        }
        config.sequences = read_sequences(*batching, source.value("max_batch_size", 0));
    }
    config.scheduler.sends_parts = config.decoupled ? 1 : 0;
    if (const auto parameters = source.find("parameters"); parameters != source.end()) {
        for (const auto& [key, value] : parameters->items()) {
            read_parameter(config, key, value.value("string_value", ""));
        }
    }
    return config;
}

}  // namespace

ModelConfig ModelConfig::parse(const std::string& text) {
    try {
        return read(json::parse(text));
    } catch (const json::exception& exception) {
        // The core wrote it, so that one of its fields is of another type than in the cores that are known.
        refuse(std::string("config.pbtxt cannot be read as the core gives it: ") + exception.what() + ".");
    }
}

}  // namespace trtv::triton
