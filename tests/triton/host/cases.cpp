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

namespace {

/** A model that takes mels in GPU memory. */
std::string gpu_model() {
    if (const std::string why_not = why_no_gpu(); !why_not.empty()) throw cases::Skip{why_not};
    if (is_double()) return model_file();
    const char* const engine = std::getenv("TRTV_TRITON_ENGINE");
    if (engine == nullptr) throw cases::Skip{"TRTV_TRITON_ENGINE names no engine"};
    return engine;
}

/** The same configuration, of instances that run where the model wants to, and are not warm: the double computes
 * slowly. */
std::string where_the_model_is(std::string config) {
    if (is_double()) return config;
    config.replace(config.find(instance_kind()), instance_kind().size(), "KIND_MODEL");
    return config + "parameters { key: \"warm_up\" value: { string_value: \"false\" } }\n";
}

/** The number of nanoseconds that the core's statistics have at a path like "queue". */
double nanoseconds(const std::string& statistics, const std::string& name) {
    const size_t at = statistics.find("\"ns\":", statistics.find("\"" + name + "\":"));
    return at == std::string::npos ? std::nan("") : std::stod(statistics.substr(at + 5));
}

}  // namespace

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

CASE(
    "Mels in GPU memory, whole, in pieces and some of them on the host, are decoded, and samples go where they are "
    "asked for") {
    const std::string file = gpu_model();
    Repository repository;
    repository.add("whole", where_the_model_is(config_of(4, false)), file);
    repository.add("parts", where_the_model_is(config_of(4, true)), file);
    Server server(repository.path(), backends());
    // Before the double of the driver is there for all to see.
    for (const char* const model : {"whole", "parts"}) CHECK_EQUAL(server.load(model), "");
    std::mt19937 random(7);
    const auto mel = random_mel(random, is_double() ? 300 : 40);
    const std::vector<float> expected = Direct(file).decode(*mel);
    for (const char* const model : {"whole", "parts"}) {
        Sending whole;
        whole.memory = {TRITONSERVER_MEMORY_GPU};
        Sending pieces = whole;
        pieces.pieces = 3;
        Sending mixed;
        mixed.pieces = 5;
        mixed.memory = {TRITONSERVER_MEMORY_CPU, TRITONSERVER_MEMORY_GPU, TRITONSERVER_MEMORY_CPU_PINNED};
        for (Sending sending : {whole, pieces, mixed}) {
            for (const bool wants_gpu : {false, true}) {
                sending.wants_gpu_output = wants_gpu;
                const auto call = server.send(model, mel, sending);
                check_answered(*call);
                check_same(expected, call->samples);
                CHECK_EQUAL(call->memory, wants_gpu ? TRITONSERVER_MEMORY_GPU : TRITONSERVER_MEMORY_CPU);
            }
        }
        Sending nothing = whole;
        nothing.wants_gpu_output = true;
        const auto empty = server.send(model, random_mel(random, 1), nothing);
        check_answered(*empty);
        CHECK_EQUAL(empty->samples.size(), 0U);
    }
}

CASE("FP16 mels in GPU memory become FP16 samples there") {
    const std::string file = gpu_model();
    Loaded loaded(where_the_model_is(as_half(config_of(4, false), true, true)), file);
    const auto mel = random_mel(loaded.random, 40);
    Sending sending;
    sending.type = TRITONSERVER_TYPE_FP16;
    sending.memory = {TRITONSERVER_MEMORY_GPU, TRITONSERVER_MEMORY_CPU};
    sending.pieces = 3;
    sending.wants_gpu_output = true;
    const auto call = loaded.send(mel, sending);
    check_answered(*call);
    CHECK_EQUAL(call->type, TRITONSERVER_TYPE_FP16);
    CHECK_EQUAL(call->memory, TRITONSERVER_MEMORY_GPU);
    check_rounded(Direct(file).decode(*rounded_to_half(*mel)), call->samples);
}

CASE("A copy that fails ends its request only; one that finds the context lost ends the instance") {
    only_with_double();
    for (const bool is_input : {true, false}) {
        Loaded loaded(config_of(4, false));
        const auto mel = random_mel(loaded.random, 64);
        const auto on_gpu = [&](int64_t number) {
            Sending sending;
            sending.wants_gpu_output = !is_input;
            if (is_input) sending.memory = {TRITONSERVER_MEMORY_GPU};
            sending.memory_id = sending.output_memory_id = number;
            return sending;
        };
        for (const int64_t number : {doubles::gpu_that_fails, int64_t{-1}, int64_t{1} << 40}) {
            const auto call = loaded.send(mel, on_gpu(number));
            check_answered(*call, "There is no such memory on the GPU.");
            if (is_input) CHECK_CONTAINS(call->error, "The input mel could not be read: ");
        }
        const auto call = loaded.send(mel, on_gpu(1));
        check_answered(*call);
        check_same(Direct().decode(*mel), call->samples);
        CHECK(loaded.server->is_ready("vocoder"));
        check_answered(*loaded.send(mel, on_gpu(doubles::gpu_that_is_lost)), "The GPU's context is lost.");
        check_answered(*loaded.send(mel), "serves no more, and will not until the server is started again: ");
        CHECK(!loaded.server->is_ready("vocoder"));
    }
}

CASE("A model on the CPU refuses mels and outputs in GPU memory in a sentence") {
    if (is_double() || instance_kind() != "KIND_CPU")
        throw cases::Skip{"the model that is tested is not one on the CPU"};
    Loaded loaded(config_of(4, false));
    const auto mel = random_mel(loaded.random, 64);
    // What is refused is not touched.
    Sending gpu_input;
    gpu_input.memory = {TRITONSERVER_MEMORY_GPU};
    gpu_input.is_pretended = true;
    const auto input = loaded.send(mel, gpu_input);
    check_answered(*input, "The input mel could not be read: GPU memory is copied for an engine's model alone");
    CHECK_EQUAL(input->code, TRITONSERVER_ERROR_UNSUPPORTED);
    Sending gpu_output;
    gpu_output.wants_gpu_output = gpu_output.is_pretended = true;
    const auto output = loaded.send(mel, gpu_output);
    check_answered(*output, "The output waveform could not be written: GPU memory is copied for an engine's model");
    CHECK_EQUAL(output->code, TRITONSERVER_ERROR_UNSUPPORTED);
    check_answered(*loaded.send(mel));
}

CASE("Mels and samples are FP16 where config.pbtxt says so, each by itself, and NaN is refused as in FP32") {
    Direct direct;
    for (const auto& [is_input, is_output] : {std::pair{true, false}, {false, true}, {true, true}}) {
        for (const bool is_decoupled : {false, true}) {
            Loaded loaded(as_half(config_of(is_decoupled ? 0 : 4, is_decoupled), is_input, is_output));
            const auto mel = random_mel(loaded.random, 357, !is_decoupled);
            Sending sending;
            sending.type = is_input ? TRITONSERVER_TYPE_FP16 : TRITONSERVER_TYPE_FP32;
            for (const int pieces : {1, 3}) {
                sending.pieces = pieces;
                const auto call = loaded.send(mel, sending);
                check_answered(*call);
                CHECK_EQUAL(call->type, is_output ? TRITONSERVER_TYPE_FP16 : TRITONSERVER_TYPE_FP32);
                const std::vector<float> expected = direct.decode(is_input ? *rounded_to_half(*mel) : *mel);
                (is_output ? check_rounded : check_same)(expected, call->samples);
            }
            for (const float value : {std::nanf(""), 65520.0F}) {
                if (!is_input) break;
                const auto bad = std::make_shared<Mel>(*mel);
                bad->values[1234] = value;
                const auto call = loaded.send(bad, sending);
                check_answered(*call, "The mel holds ");
                CHECK_EQUAL(call->code, TRITONSERVER_ERROR_INVALID_ARG);
            }
            Sending other = sending;
            other.type = is_input ? TRITONSERVER_TYPE_FP32 : TRITONSERVER_TYPE_FP16;
            check_answered(*loaded.send(mel, other), "FP16");
        }
    }
}

CASE("The time that a request's first window waits in the scheduler is queue time") {
    only_with_double();
    Loaded loaded(config_of(4, false));
    const auto blocker = loaded.send(magic_mel(loaded.random, 300, doubles::never_ends));
    const auto sent = Clock::now();
    std::vector<std::shared_ptr<Call>> calls;
    for (int index = 0; index < 5; index++) calls.push_back(loaded.send(random_mel(loaded.random, 300)));
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_open_mels") == 6; }));
    // The backend has them all: from here on they wait in its scheduler, for longer than they had waited in the core.
    const auto seen = Clock::now();
    while (Clock::now() - seen < 2 * (seen - sent)) std::this_thread::yield();
    const auto waited = Clock::now() - seen;
    blocker->cancel();
    for (const auto& call : calls) check_answered(*call);
    CHECK(blocker->wait());
    const double least = 5.0 * static_cast<double>(std::chrono::nanoseconds(waited).count());
    CHECK(nanoseconds(loaded.server->statistics("vocoder"), "queue") >= least);
}

CASE("The core is told what memory the model and its instances hold") {
    Loaded loaded(config_of(4, false));
    const std::string bytes = std::to_string(std::filesystem::file_size(model_file()));
    const auto usage = [&] {
        const std::string statistics = loaded.server->statistics("vocoder");
        return statistics.substr(statistics.find("\"memory_usage\":"));
    };
    if (is_double()) {
        CHECK_CONTAINS(usage(), R"([{"type":"CPU","id":0,"byte_size":)" + bytes +
                                    R"(},{"type":"CPU_PINNED","id":0,"byte_size":2000},)"
                                    R"({"type":"GPU","id":0,"byte_size":3000}])");
    } else if (instance_kind() == "KIND_CPU") {
        CHECK_CONTAINS(usage(), R"([{"type":"CPU","id":0,"byte_size":)" + bytes + "}]");
    } else {
        CHECK_CONTAINS(usage(), R"({"type":"CPU_PINNED","id":0,"byte_size":)");
        const std::string gpu = R"({"type":"GPU","id":0,"byte_size":)";
        CHECK_CONTAINS(usage(), gpu);
        CHECK(std::stod(usage().substr(usage().find(gpu) + gpu.size())) > std::stod(bytes));
        std::printf("      %s\n", usage().c_str());
    }
    check_answered(*loaded.send(random_mel(loaded.random, 64)));
    if (is_double()) CHECK(becomes_true([&] { return usage().find(R"("byte_size":3500})") != std::string::npos; }));
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
    loaded.server->stop();
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
    config.replace(config.find("TYPE_FP32"), 9, "TYPE_INT8");
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
    CHECK_CONTAINS(server.load("type"), "is not TYPE_FP32 or TYPE_FP16 with 2 dims");
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
    check_soak(soak, result);
    CHECK(result.cancelled > 0);
}

CASE("The repository that the program writes is served as it is, streamed, as FP16 and in F5-TTS's place too") {
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
    CHECK_EQUAL(server.load("half"), "");
    Sending half;
    half.type = TRITONSERVER_TYPE_FP16;
    const auto call = server.send("half", mel, half);
    check_answered(*call);
    CHECK_EQUAL(call->type, TRITONSERVER_TYPE_FP16);
    check_rounded(direct.decode(*rounded_to_half(*mel)), call->samples);
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
