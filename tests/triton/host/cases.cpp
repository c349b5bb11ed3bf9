// What the backend does inside Triton's core, be it the real one or the double.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <thread>

#include "doubles/vocoder.h"
#include "load.h"
#include "support.h"

using namespace host;

CASE("Mels of any length, several in a request, and in pieces, decode to the samples of the direct decode") {
    Loaded loaded(config_of(4, false));
    Direct direct;
    for (const int frames : {2, 357, 900}) {
        const auto mel = random_mel(loaded.random, frames);
        const auto call = loaded.send(mel);
        check_answered(*call);
        check_same(direct.decode(*mel), call->samples);
        CHECK_EQUAL(call->responses, 1);
        CHECK_EQUAL(call->shape.size(), 2U);
    }
    const auto several = random_mel(loaded.random, 3 * 201);
    several->shape = {3, 100, 201};
    const auto batch = loaded.send(several);
    check_answered(*batch);
    check_same(direct.decode(*several), batch->samples);
    CHECK_EQUAL(batch->shape.at(0), 3);

    const auto mel = random_mel(loaded.random, 77);
    Sending pieces;
    pieces.pieces = 3;
    const auto call = loaded.send(mel, pieces);
    check_answered(*call);
    check_same(direct.decode(*mel), call->samples);
}

CASE("A mel of one frame is answered with no samples") {
    Loaded loaded(config_of(4, false));
    const auto call = loaded.send(random_mel(loaded.random, 1));
    check_answered(*call);
    CHECK_EQUAL(call->samples.size(), 0U);
    CHECK_EQUAL(call->responses, 1);
    CHECK_EQUAL(call->shape.at(1), 0);
}

CASE("A model without a batch dimension takes [mels, frames] and gives [samples]") {
    Loaded loaded(config_of(0, false));
    const auto mel = random_mel(loaded.random, 321, false);
    const auto call = loaded.send(mel);
    check_answered(*call);
    check_same(Direct().decode(*mel), call->samples);
    CHECK_EQUAL(call->shape.size(), 1U);
}

CASE("A decoupled model sends parts as they come, which join to the whole, and says which is the last") {
    Loaded loaded(config_of(4, true));
    const auto mel = random_mel(loaded.random, 3000);
    const auto call = loaded.send(mel);
    check_answered(*call);
    check_same(Direct().decode(*mel), call->samples);
    CHECK(call->responses > 1);
    CHECK(call->first < call->last);

    const auto several = random_mel(loaded.random, 2 * 50);
    several->shape = {2, 100, 50};
    check_answered(*loaded.send(several), "takes one mel a request");
    const auto empty = loaded.send(random_mel(loaded.random, 1));
    check_answered(*empty);
    CHECK_EQUAL(empty->samples.size(), 0U);
}

CASE("A mel that cannot be decoded is answered with why, and the next one is decoded") {
    Loaded loaded(any_shape(config_of(4, false)));
    for (const float value : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
        const auto mel = random_mel(loaded.random, 300);
        mel->values[12345] = value;
        const auto call = loaded.send(mel);
        check_answered(*call, "The mel holds ");
        CHECK_EQUAL(call->code, TRITONSERVER_ERROR_INVALID_ARG);
    }
    const auto few = random_mel(loaded.random, 99);
    few->shape = {1, 99, 100};
    check_answered(*loaded.send(few), "is FP32 [1, 99, 100], expected FP32 [mels to decode, 100, frames].");
    const auto none = std::make_shared<Mel>(Mel{{1, 100, 0}, {}});
    const auto call = loaded.send(none);
    CHECK(call->wait());
    CHECK(!call->error.empty());
    Sending half;
    half.type = TRITONSERVER_TYPE_FP16;
    check_answered(*loaded.send(random_mel(loaded.random, 10), half), "FP16");

    const auto mel = random_mel(loaded.random, 64);
    const auto next = loaded.send(mel);
    check_answered(*next);
    check_same(Direct().decode(*mel), next->samples);
}

CASE("A mel of fewer values than its shape says is refused, also where the shape is beyond 64 bits") {
    Loaded loaded(config_of(std::numeric_limits<int>::max(), false));
    // The second one's bytes are those of its shape modulo 2^64.
    const std::vector<std::pair<std::vector<int64_t>, size_t>> wrongs = {{{2, 100, 64}, 6400},
                                                                         {{67158773, 100, 686684079}, 118796}};
    for (const auto& [shape, values] : wrongs) {
        const auto call = loaded.send(std::make_shared<Mel>(Mel{shape, std::vector<float>(values)}));
        CHECK(call->wait());
        CHECK(!call->error.empty());
        // The real core refuses them by itself.
        if (is_double()) CHECK_CONTAINS(call->error, std::to_string(values * sizeof(float)) + " bytes, expected");
    }
}

CASE("Input and output in GPU memory are refused in a sentence, not touched") {
    Loaded loaded(config_of(4, false));
    Sending gpu_input;
    gpu_input.memory = TRITONSERVER_MEMORY_GPU;
    const auto input = loaded.send(random_mel(loaded.random, 64), gpu_input);
    check_answered(*input, "The input mel is in GPU memory; send it in host memory");
    CHECK_EQUAL(input->code, TRITONSERVER_ERROR_UNSUPPORTED);
    Sending gpu_output;
    gpu_output.wants_gpu_output = true;
    check_answered(*loaded.send(random_mel(loaded.random, 64), gpu_output), "The output waveform was given GPU memory");
}

CASE("Cancelled requests end and free their windows") {
    Loaded loaded(config_of(4, false, "parameters { key: \"lanes\" value: { string_value: \"1\" } }\n"));
    std::vector<std::shared_ptr<Call>> calls;
    const auto mel =
        is_double() ? magic_mel(loaded.random, 4000, doubles::never_ends) : random_mel(loaded.random, 20000);
    for (int index = 0; index < 12; index++) calls.push_back(loaded.send(mel));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto start = Clock::now();
    for (const auto& call : calls) call->cancel();
    int cancelled = 0;
    for (const auto& call : calls) {
        CHECK(call->wait());
        CHECK_EQUAL(call->finals, 1);
        cancelled += call->code == TRITONSERVER_ERROR_CANCELLED ? 1 : 0;
    }
    // The first may have been decoded already; the others have not been waited for.
    CHECK(cancelled >= 11);
    CHECK(Clock::now() - start < std::chrono::seconds(5));
    const auto next = random_mel(loaded.random, 64);
    const auto call = loaded.send(next);
    check_answered(*call);
    check_same(Direct().decode(*next), call->samples);
}

CASE("A full scheduler holds requests back in the core's queue, and none is lost") {
    Loaded loaded(config_of(4, false, "parameters { key: \"max_queued_windows\" value: { string_value: \"2\" } }\n"));
    std::vector<std::shared_ptr<Call>> calls;
    const auto mel = random_mel(loaded.random, 700);
    const std::vector<float> expected = Direct().decode(*mel);
    for (int index = 0; index < 24; index++) calls.push_back(loaded.send(mel));
    for (const auto& call : calls) {
        check_answered(*call);
        check_same(expected, call->samples);
    }
}

CASE("A request that waits for room is cancelled too") {
    only_with_double();
    Loaded loaded(config_of(4, false, "parameters { key: \"max_queued_windows\" value: { string_value: \"1\" } }\n"));
    std::vector<std::shared_ptr<Call>> calls;
    for (int index = 0; index < 3; index++) {
        calls.push_back(loaded.send(magic_mel(loaded.random, 300, doubles::never_ends)));
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    calls[2]->cancel();
    check_answered(*calls[2], "cancelled while the scheduler was full");
    CHECK_EQUAL(calls[2]->code, TRITONSERVER_ERROR_CANCELLED);
    for (const auto& call : calls) call->cancel();
    for (const auto& call : calls) CHECK(call->wait());
}

CASE("A model that is unloaded under load ends every request, and loads again") {
    Loaded loaded(config_of(4, false));
    const auto mel = random_mel(loaded.random, 500);
    const std::vector<float> expected = Direct().decode(*mel);
    std::vector<std::shared_ptr<Call>> calls;
    for (int index = 0; index < 40; index++) {
        if (index == 20) CHECK_EQUAL(loaded.server->unload("vocoder"), "");
        calls.push_back(loaded.send(mel));
    }
    int decoded = 0;
    for (const auto& call : calls) {
        CHECK(call->wait());
        CHECK_EQUAL(call->finals, 1);
        CHECK_EQUAL(call->releases, 1);
        if (call->error.empty()) {
            decoded++;
            check_same(expected, call->samples);
        }
    }
    CHECK(decoded >= 20);
    CHECK(becomes_true([&] { return !loaded.server->is_ready("vocoder"); }));
    CHECK_EQUAL(loaded.server->load("vocoder"), "");
    const auto again = loaded.send(mel);
    check_answered(*again);
    check_same(expected, again->samples);
}

CASE("A server that is stopped under load ends every request") {
    Loaded loaded(config_of(4, false));
    std::vector<std::shared_ptr<Call>> calls;
    for (int index = 0; index < 20; index++) calls.push_back(loaded.send(random_mel(loaded.random, 400)));
    loaded.server->stop();
    for (const auto& call : calls) check_answered(*call);
}

CASE("A damaged or missing model and a wrong config.pbtxt are sentences, and the server lives") {
    Repository repository;
    const std::string head(1000, 'x');
    repository.add("damaged", config_of(4, false), "", head);
    repository.add("missing", config_of(4, false), "");
    const auto with_parameter = [](const std::string& key, const std::string& value) {
        return config_of(4, false, "parameters { key: \"" + key + "\" value: { string_value: \"" + value + "\" } }\n");
    };
    repository.add("unknown", with_parameter("lane", "1"), model_file());
    repository.add("range", with_parameter("lanes", "many"), model_file());
    repository.add("beyond", with_parameter("lanes", "65"), model_file());
    repository.add("choice", with_parameter("runtime", "cuda"), model_file());
    std::string config = config_of(4, false);
    config.replace(config.find("100"), 3, "80");
    repository.add("mels", config, model_file());
    config = config_of(4, false);
    config.replace(config.find("TYPE_FP32"), 9, "TYPE_FP16");
    repository.add("type", config, model_file());
    repository.add("vocoder", config_of(4, false), model_file());
    Server server(repository.path(), backends());
    CHECK_CONTAINS(server.load("damaged"), is_double() ? "damaged" : "model.onnx");
    CHECK_CONTAINS(server.load("missing"), "holds no model.engine, model.plan or model.onnx");
    CHECK_CONTAINS(server.load("unknown"), "the parameter \"lane\" is not known. Known are: device, ");
    CHECK_CONTAINS(server.load("range"), "the parameter lanes is \"many\", expected a whole number from 0 to 64.");
    CHECK_CONTAINS(server.load("beyond"), "the parameter lanes is \"65\", expected a whole number from 0 to 64.");
    CHECK_CONTAINS(server.load("choice"), "the parameter runtime is \"cuda\", expected one of: auto, ");
    CHECK_CONTAINS(server.load("mels"), "the input mel has 80 mels");
    CHECK_CONTAINS(server.load("type"), "is not TYPE_FP32 with 2 dims");
    CHECK(server.is_live());
    CHECK(!server.is_ready("damaged"));
    CHECK_EQUAL(server.load("vocoder"), "");
    CHECK(server.is_ready("vocoder"));
}

CASE("A backend without its library says which file is missing") {
    Repository folder;
    const std::filesystem::path backend = std::filesystem::path(folder.path()) / "trtvocoder";
    std::filesystem::create_directories(backend);
    std::filesystem::copy(backends() + "/trtvocoder/libtriton_trtvocoder.so", backend);
    Repository repository;
    repository.add("vocoder", config_of(4, false), model_file());
    Server server(repository.path(), folder.path());
    CHECK_CONTAINS(server.load("vocoder"), "libtrtvocoder.so could not be loaded from the backend's folder");
    CHECK(server.is_live());
}

CASE("Statistics and metrics tell what was done") {
    Loaded loaded(config_of(4, false));
    const auto mel = random_mel(loaded.random, 300);
    for (int index = 0; index < 5; index++) check_answered(*loaded.send(mel));
    const auto several = random_mel(loaded.random, 2 * 50);
    several->shape = {2, 100, 50};
    check_answered(*loaded.send(several));
    const auto bad = random_mel(loaded.random, 50);
    bad->values[3] = std::nanf("");
    CHECK(loaded.send(bad)->wait());
    const std::string statistics = loaded.server->statistics("vocoder");
    CHECK_CONTAINS(statistics, "\"inference_count\":7");
    CHECK_CONTAINS(statistics, "\"success\":{\"count\":6");
    CHECK_CONTAINS(statistics, "\"fail\":{\"count\":1");
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_frames_total") == 5 * 300 + 2 * 50; }));
    CHECK(metric(*loaded.server, "trtvocoder_windows_total") >= 7);
    CHECK(metric(*loaded.server, "trtvocoder_slots_total") >= metric(*loaded.server, "trtvocoder_windows_total"));
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_open_mels") == 0; }));
    CHECK_EQUAL(metric(*loaded.server, "trtvocoder_ready"), 1);
}

CASE("A network that fails ends its request only; a lost context ends the instance, which says so") {
    only_with_double();
    Loaded loaded(config_of(4, false));
    const auto failed = loaded.send(magic_mel(loaded.random, 300, doubles::model_fails));
    check_answered(*failed, "The output is not finite.");
    CHECK_EQUAL(failed->code, TRITONSERVER_ERROR_INTERNAL);
    check_answered(*loaded.send(random_mel(loaded.random, 300)));
    check_answered(*loaded.send(magic_mel(loaded.random, 300, doubles::context_is_lost)), "context is lost");
    const auto after = loaded.send(random_mel(loaded.random, 300));
    check_answered(*after, "serves no more, and will not until the server is started again: The GPU's context is lost");
    CHECK_EQUAL(after->code, TRITONSERVER_ERROR_UNAVAILABLE);
    CHECK(!loaded.server->is_ready("vocoder"));
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_ready") == 0; }));
}

CASE("64 clients, some of whom cancel or send what is wrong: every answer is right, none lost, none twice, no growth") {
    const char* const asked = std::getenv("TRTV_TRITON_REQUESTS");
    Soak soak;
    soak.requests = asked == nullptr ? 600 : std::atoi(asked);
    const SoakResult result = run_soak(soak);
    std::printf("      %s\n", result.text().c_str());
    CHECK_EQUAL(result.answered, soak.requests);
    CHECK_EQUAL(result.lost, 0);
    CHECK_EQUAL(result.twice, 0);
    CHECK_EQUAL(result.wrong, 0);
    CHECK(result.worst_decibels >= faithful_decibels);
    CHECK(result.decoded > soak.requests / 2);
    CHECK(result.cancelled > 0);
    CHECK(result.refused > 0);
    CHECK(result.threads_after <= result.threads_before);
    CHECK(result.megabytes_after <= result.megabytes_before + 64);
}

CASE("The repository that the program writes is served as it is, streamed and in F5-TTS's place too") {
    const char* const repository = std::getenv("TRTV_TRITON_REPOSITORY");
    if (repository == nullptr)
        throw cases::Skip{"TRTV_TRITON_REPOSITORY names no folder that 'trtvocoder triton' wrote"};
    Server server(repository, backends());
    Direct direct;
    std::mt19937 random(3);
    const auto mel = random_mel(random, 2000);
    const std::vector<float> expected = direct.decode(*mel);
    for (const char* const model : {"tiny", "streamed", "vocoder"}) {
        CHECK_EQUAL(server.load(model), "");
        const auto call = server.send(model, mel);
        check_answered(*call);
        check_same(expected, call->samples);
        CHECK(std::string(model) == "streamed" ? call->responses > 1 : call->responses == 1);
    }
}

CASE("An engine runs where the model says: on the double of a GPU, from within Triton's core") {
    const char* const engine = std::getenv("TRTV_TRITON_ENGINE");
    if (engine == nullptr) throw cases::Skip{"TRTV_TRITON_ENGINE names no engine"};
    const auto of_kind = [](const std::string& kind) {
        std::string config = config_of(4, false);
        return config.replace(config.find(instance_kind()), instance_kind().size(), kind);
    };
    Repository repository;
    repository.add("cpu", of_kind("KIND_CPU"), engine);
    repository.add("vocoder", of_kind("KIND_MODEL"), engine);
    Server server(repository.path(), backends());
    CHECK_CONTAINS(server.load("cpu"), "is an engine, which runs on a GPU, but its instance_group is KIND_CPU");
    CHECK_EQUAL(server.load("vocoder"), "");
    Direct direct(engine);
    std::mt19937 random(5);
    std::vector<std::shared_ptr<Mel>> mels;
    std::vector<std::shared_ptr<Call>> calls;
    for (int index = 0; index < 6; index++) {
        mels.push_back(random_mel(random, 40 * (index + 1)));
        calls.push_back(server.send("vocoder", mels.back()));
    }
    for (size_t index = 0; index < calls.size(); index++) {
        check_answered(*calls[index]);
        check_same(direct.decode(*mels[index]), calls[index]->samples);
    }
}
