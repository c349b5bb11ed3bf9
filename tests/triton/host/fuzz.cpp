// Random configurations, and random requests: what the backend makes of them is known before, or it is a sentence.
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "boundary.h"
#include "cases.h"
#include "doubles/vocoder.h"
#include "half.h"
#include "load.h"
#include "model_config.h"
#include "models.h"

using namespace host;
using nlohmann::json;

namespace {

using Random = std::mt19937;

int below(Random& random, int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); }

/** As the core writes it. */
const char* const config_seed = R"({"name":"vocoder","platform":"","backend":"trtvocoder","version_policy":{"latest":
{"num_versions":1}},"max_batch_size":64,"input":[{"name":"mel","data_type":"TYPE_FP32","format":"FORMAT_NONE","dims":
[100,-1],"is_shape_tensor":false,"allow_ragged_batch":true,"optional":false}],"output":[{"name":"waveform","data_type":
"TYPE_FP16","dims":[-1],"label_filename":"","is_shape_tensor":false}],"batch_input":[],"batch_output":[],"optimization":
{"priority":"PRIORITY_DEFAULT"},"dynamic_batching":{"preferred_batch_size":[64],"max_queue_delay_microseconds":0},
"instance_group":[{"name":"vocoder_0","kind":"KIND_CPU","count":1,"gpus":[],"profile":[]}],"default_model_filename":
"model.onnx","parameters":{"lanes":{"string_value":"2"},"batch":{"string_value":"16"},"warm_up":{"string_value":
"false"},"runtime":{"string_value":"auto"}},"model_transaction_policy":{"decoupled":true}})";

/** What stands in place of dynamic_batching in a model of sequences. */
const char* const sequences_seed = R"({"direct":{"max_queue_delay_microseconds":0,"minimum_slot_utilization":0.5},
"oldest":{"max_candidate_sequences":4,"preferred_batch_size":[4],"max_queue_delay_microseconds":0,"preserve_ordering":
false},"max_sequence_idle_microseconds":5000000,"control_input":[{"name":"START","control":[{"kind":
"CONTROL_SEQUENCE_START","int32_false_true":[0,1]}]}],"state":[],"iterative_sequence":false})";

json anything(Random& random) {
    switch (below(random, 12)) {
        case 0:
            return nullptr;
        case 1:
            return json::array();
        case 2:
            return json::object();
        case 3:
            return random() % 2 == 0;
        case 4:
            return static_cast<int64_t>(random()) << 31;
        case 5:
            return -1;
        case 6:
            return 1e300;
        case 7:
            return std::string(random() % 300, 'x');
        case 8:
            return "TYPE_FP16";
        case 9:
            return json::array({100, -1});
        case 10:
            return std::to_string(static_cast<int>(random()));
        default:
            return static_cast<int>(random() % 70);
    }
}

/** Changes one place in it. */
void mutate(json& value, Random& random) {
    if (value.empty() || !value.is_structured() || below(random, 5) == 0) {
        value = anything(random);
        return;
    }
    auto place = value.begin();
    std::advance(place, below(random, static_cast<int>(value.size())));
    switch (below(random, 8)) {
        case 0:
            value.erase(place);
            break;
        case 1:
            if (value.is_array()) {
                value.push_back(*place);
            } else {
                value[std::to_string(random() % 100)] = *place;
            }
            break;
        default:
            mutate(*place, random);
    }
}

std::string random_config(Random& random) {
    json config = json::parse(config_seed);
    if (below(random, 3) == 0) {
        config.erase("dynamic_batching");
        config.erase("model_transaction_policy");
        config["parameters"].erase("batch");
        config["parameters"]["chunk_frames"]["string_value"] = "10";
        config["parameters"]["streams"]["string_value"] = "8";
        config["sequence_batching"] = json::parse(sequences_seed);
    }
    if (below(random, 3) == 0) {
        config["model_transaction_policy"]["decoupled"] = false;
        config.erase("dynamic_batching");
        // 64 bits are a string, or a number.
        config["sequence_batching"] = {{"oldest", {{"max_candidate_sequences", 4}, {"preserve_ordering", false}}},
                                       {"max_sequence_idle_microseconds", "5000000"},
                                       {"control_input", json::array()},
                                       {"state", json::array()},
                                       {"iterative_sequence", false}};
        config["parameters"].erase("batch");
        config["parameters"]["streams"]["string_value"] = "3";
        // There, where the core's other fields would be changed three times in four.
        if (below(random, 2) == 0) mutate(config["sequence_batching"], random);
    }
    for (int changes = 1 + below(random, 3); changes > 0; changes--) mutate(config, random);
    std::string text = config.dump();
    if (below(random, 8) == 0) text[random() % text.size()] = static_cast<char>(random() % 256);
    if (below(random, 20) == 0) text.resize(random() % text.size());
    return text;
}

/** A request, and whether its mels can be decoded. */
struct Asked {
    std::shared_ptr<Mel> mel;
    Sending sending;
    bool is_right = true;
};

Asked random_request(Random& random, TRITONSERVER_DataType type) {
    Asked asked;
    const int64_t frames = 1 + below(random, 40);
    const int64_t items = 1 + below(random, 3);
    asked.mel = std::make_shared<Mel>(Mel{{items, 100, frames}, {}});
    std::normal_distribution<float> values(-3, 2);
    auto count = static_cast<size_t>(items * 100 * frames);
    if (below(random, 4) == 0) {
        // Also such whose product is beyond 64 bits, and those that are right all the same.
        static const int64_t sizes[] = {-1, 0, 1, 2, 99, 100, 101, 1 << 20, int64_t{1} << 31, int64_t{1} << 62};
        asked.mel->shape[random() % 3] = sizes[random() % 10];
        if (below(random, 4) == 0) asked.mel->shape.resize(random() % 3);
        if (below(random, 4) == 0) asked.mel->shape.insert(asked.mel->shape.begin(), 1);
    }
    if (below(random, 8) == 0) count = random() % (2 * count);
    asked.mel->values.resize(count);
    for (float& value : asked.mel->values) value = values(random);
    const std::vector<int64_t>& shape = asked.mel->shape;
    asked.is_right = shape.size() == 3 && shape[0] >= 1 && shape[0] <= 4 && shape[1] == 100 && shape[2] >= 1 &&
                     shape[2] < 100000 && static_cast<size_t>(shape[0] * 100 * shape[2]) == count;
    if (count > 0 && below(random, 6) == 0) {
        // Any bits: many of them are numbers.
        const auto bits = static_cast<uint32_t>(random()) | (below(random, 2) == 0 ? 0x7F800000U : 0);
        float& value = asked.mel->values[random() % count];
        std::memcpy(&value, &bits, sizeof(bits));
        if (type == TRITONSERVER_TYPE_FP16) value = value_of_half(half_of(value));
        asked.is_right = asked.is_right && std::isfinite(value);
    }

    asked.sending.type = type;
    asked.sending.pieces = 1 + below(random, 4);
    asked.sending.wants_gpu_output = below(random, 3) == 0;
    for (TRITONSERVER_MemoryType& memory : asked.sending.memory = std::vector<TRITONSERVER_MemoryType>(3)) {
        memory = static_cast<TRITONSERVER_MemoryType>(random() % 3);
    }
    if (below(random, 8) == 0) {
        asked.sending.output_memory_id = doubles::gpu_that_fails;
        asked.is_right = asked.is_right && (!asked.sending.wants_gpu_output || shape[2] == 1);
    }
    return asked;
}

}  // namespace

CASE("Whatever the core says of a model, it is understood or refused in a sentence") {
    Random random(1);
    int refused = 0;
    int sequences = 0;
    constexpr int count = 3000;
    for (int index = 0; index < count; index++) {
        const std::string text = random_config(random);
        try {
            const auto config = trtv::triton::ModelConfig::parse(text);
            CHECK(config.scheduler.lanes >= 0 && config.scheduler.lanes <= 64);
            if (config.sequences.has_value()) {
                CHECK(config.sequences->streams >= 1 && config.sequences->streams <= 1024);
                CHECK(config.sequences->slots >= 1 && config.sequences->max_idle.count() >= 0);
                sequences++;
            }
        } catch (const trtv::triton::Failure& failure) {
            const std::string sentence = failure.what();
            if (failure.code() != TRITONSERVER_ERROR_INVALID_ARG || sentence.rfind("config.pbtxt", 0) != 0 ||
                sentence.back() != '.') {
                cases::fail(__FILE__, __LINE__, sentence + " is said of " + text);
            }
            refused++;
        } catch (const std::exception& other) {
            cases::fail(__FILE__, __LINE__, std::string(other.what()) + " is thrown by " + text);
        }
    }
    CHECK(refused > count / 4 && refused < count * 3 / 4);
    CHECK(sequences > count / 10);
}

CASE("Whatever a request holds, in whatever pieces and memory, it is decoded or answered with why, once") {
    if (!is_double()) throw cases::Skip{"the real core has rules of its own for what it is given"};
    Direct direct;
    for (const TRITONSERVER_DataType type : {TRITONSERVER_TYPE_FP32, TRITONSERVER_TYPE_FP16}) {
        Random random(type);
        std::string config = config_of(4, false);
        config.replace(config.find("[ 100, -1 ]"), 11, "[ -1, -1 ]");
        if (type == TRITONSERVER_TYPE_FP16) config.replace(config.find("TYPE_FP32"), 9, "TYPE_FP16");
        Repository repository;
        repository.add("vocoder", config, model_file());
        Server server(repository.path(), backends());
        CHECK_EQUAL(server.load("vocoder"), "");
        std::vector<std::pair<Asked, std::shared_ptr<Call>>> sent;
        for (int index = 0; index < 600; index++) {
            Asked asked = random_request(random, type);
            auto call = server.send("vocoder", asked.mel, asked.sending);
            if (below(random, 16) == 0) call->cancel();
            sent.emplace_back(std::move(asked), std::move(call));
        }
        int decoded = 0;
        int refused = 0;
        for (const auto& [asked, call] : sent) {
            CHECK(call->wait());
            CHECK_EQUAL(call->finals, 1);
            CHECK_EQUAL(call->releases, 1);
            if (call->code == TRITONSERVER_ERROR_CANCELLED) continue;
            CHECK_EQUAL(call->error.empty(), asked.is_right);
            (call->error.empty() ? decoded : refused)++;
            if (!call->error.empty()) continue;
            CHECK(direct.decode(type == TRITONSERVER_TYPE_FP16 ? *rounded_to_half(*asked.mel) : *asked.mel) ==
                  call->samples);
        }
        CHECK(decoded > 200 && refused > 100);
    }
}

CASE("FP16 is widened exactly and narrowed to the nearest") {
    for (int bits = 0; bits < 1 << 16; bits++) {
        const auto half = static_cast<uint16_t>(bits);
        float value = 0;
        trtv::triton::widen(&half, 1, &value);
        const float expected = value_of_half(half);
        if (!(std::isnan(expected) ? std::isnan(value) : value == expected && std::signbit(value) == (bits > 0x7FFF))) {
            cases::fail(__FILE__, __LINE__, std::to_string(bits) + " is widened to " + std::to_string(value));
        }
    }
    Random random(3);
    for (int index = 0; index < 200000; index++) {
        // Half of them near the numbers that FP16 has, and halfway between.
        auto bits = static_cast<uint32_t>(random());
        if (index % 2 == 0) bits = (bits & 0xFFFFF000U) + (static_cast<uint32_t>(random()) % 3U - 1U);
        if (index % 4 < 2) bits = (bits & 0x8FFFFFFFU) | 0x30000000U;
        float value = 0;
        std::memcpy(&value, &bits, sizeof(bits));
        uint16_t half = 0;
        trtv::triton::narrow(&value, 1, &half);
        const uint16_t expected = half_of(value);
        if (std::isnan(value) ? (half & 0x7FFFU) <= 0x7C00U : half != expected) {
            cases::fail(__FILE__, __LINE__,
                        std::to_string(value) + " is narrowed to " + std::to_string(half) + ", expected " +
                            std::to_string(expected));
        }
    }
}
