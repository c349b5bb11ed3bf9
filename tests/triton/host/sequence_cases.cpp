// What becomes of mels that come piece by piece, in sequences of requests.
#include <algorithm>
#include <limits>
#include <thread>

#include "doubles/vocoder.h"
#include "sequence_load.h"
#include "support.h"

using namespace host;

namespace {

const char* const oldest = "max_sequence_idle_microseconds: 60000000 oldest { max_candidate_sequences: 6 }";
const char* const direct = "max_sequence_idle_microseconds: 60000000 direct { }";
constexpr auto starts = TRITONSERVER_REQUEST_FLAG_SEQUENCE_START;
constexpr auto ends = TRITONSERVER_REQUEST_FLAG_SEQUENCE_END;

std::string parameter(const std::string& key, const std::string& value) {
    return "parameters { key: \"" + key + "\" value: { string_value: \"" + value + "\" } }\n";
}

std::vector<float> decode(const Mel& mel) {
    return mel.shape.back() == 0 ? std::vector<float>() : Direct().decode(mel);
}

void check_whole(const Mel& mel, const std::vector<std::shared_ptr<Call>>& calls) {
    for (const auto& call : calls) {
        check_answered(*call);
        CHECK_EQUAL(call->responses, 1);
    }
    check_same(decode(mel), join(calls));
}

/** The whole mel in three pieces. */
void check_speaks(Loaded& loaded, const std::shared_ptr<const Mel>& mel, uint64_t sequence) {
    Utterance utterance(*loaded.server, mel, sequence);
    std::vector<std::shared_ptr<Call>> calls;
    for (const int pieces : {3, 2, 1}) calls.push_back(utterance.send(utterance.left() / pieces));
    check_whole(*mel, calls);
}

struct Sequence {
    std::shared_ptr<Mel> mel;
    std::vector<std::shared_ptr<Call>> calls;
};

/** Many at once, more than there are slots, in pieces of any lengths. */
void check_many(const std::string& config, bool has_batch) {
    Loaded loaded(config);
    std::vector<Sequence> sequences;
    for (int index = 0; index < 20; index++) {
        const int lengths[] = {0, 1, 2, 31};
        const int frames = index < 4 ? lengths[index] : static_cast<int>(loaded.random() % 300);
        sequences.push_back({random_mel(loaded.random, frames, has_batch), {}});
    }
    std::vector<std::thread> clients;
    for (size_t index = 0; index < sequences.size(); index++) {
        clients.emplace_back([&, index, seed = loaded.random()] {
            std::mt19937 random(seed);
            Sequence& sequence = sequences[index];
            Utterance utterance(*loaded.server, sequence.mel, index + 1,
                                index % 2 == 0 ? "" : "user " + std::to_string(index));
            sequence.calls = utterance.send_rest(random, index % 5 == 0 ? 300 : 60, index % 3 != 0);
        });
    }
    for (std::thread& client : clients) client.join();
    for (const Sequence& sequence : sequences) check_whole(*sequence.mel, sequence.calls);
}

void set_gate(float value) { Direct().decode(Mel{{1, 100, 1}, std::vector<float>(100, value)}); }

}  // namespace

CASE("Pieces of sequences, cut anywhere, are answered with the samples of a whole decode: the oldest first") {
    check_many(sequence_config_of(4, oldest), true);
}

CASE("The same where each sequence has its place in the batch, and others none") {
    check_many(sequence_config_of(4, direct), true);
}

CASE("The same without a batch dimension") { check_many(sequence_config_of(0, oldest), false); }

CASE("A piece is answered with what is finished, maybe nothing, and the last one with the rest") {
    Loaded loaded(sequence_config_of(4, oldest));
    const auto mel = random_mel(loaded.random, 120);
    Utterance utterance(*loaded.server, mel, 7);
    std::vector<std::shared_ptr<Call>> calls = {utterance.send(2)};
    check_answered(*calls[0]);
    CHECK_EQUAL(calls[0]->samples.size(), 0U);
    CHECK_EQUAL(calls[0]->shape.size(), 2U);
    CHECK_EQUAL(calls[0]->shape.at(1), 0);
    calls.push_back(utterance.send(60));
    check_answered(*calls[1]);
    CHECK(!calls[1]->samples.empty());
    calls.push_back(utterance.send(0));
    check_answered(*calls[2]);
    CHECK_EQUAL(calls[2]->samples.size(), 0U);
    calls.push_back(utterance.send(58));
    check_whole(*mel, calls);
}

CASE("Pieces may be FP16, and on a GPU, as other mels") {
    Loaded loaded(as_half(sequence_config_of(4, oldest), true, true));
    const auto mel = random_mel(loaded.random, 90);
    Utterance utterance(*loaded.server, mel, 7);
    utterance.sending().type = TRITONSERVER_TYPE_FP16;
    if (is_double()) {
        utterance.sending().memory = {TRITONSERVER_MEMORY_GPU, TRITONSERVER_MEMORY_CPU};
        utterance.sending().wants_gpu_output = true;
    }
    std::vector<std::shared_ptr<Call>> calls;
    for (const int frames : {30, 0, 41, 19}) {
        utterance.sending().pieces = frames > 0 ? 2 : 1;
        calls.push_back(utterance.send(frames));
        check_answered(*calls.back());
        CHECK_EQUAL(calls.back()->type, TRITONSERVER_TYPE_FP16);
    }
    check_rounded(decode(*rounded_to_half(*mel)), join(calls));
}

CASE("Declared control inputs change nothing") {
    const char* const controls =
        " control_input ["
        " { name: \"START\" control [ { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } ] },"
        " { name: \"END\" control [ { kind: CONTROL_SEQUENCE_END int32_false_true: [ 0, 1 ] } ] },"
        " { name: \"READY\" control [ { kind: CONTROL_SEQUENCE_READY fp32_false_true: [ 0, 1 ] } ] },"
        " { name: \"CORRID\" control [ { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } ] } ]";
    for (const char* const strategy : {oldest, direct}) {
        Loaded loaded(sequence_config_of(4, std::string(strategy) + controls));
        check_speaks(loaded, random_mel(loaded.random, 90), 5);
    }
}

CASE("A wrong piece is refused and adds nothing, and the sequence goes on") {
    Loaded loaded(any_shape(sequence_config_of(4, oldest)));
    const auto mel = random_mel(loaded.random, 150);
    Utterance utterance(*loaded.server, mel, 3);
    const auto bad = not_finite(*piece_of(*mel, 0, 20), loaded.random);
    const auto few = std::make_shared<Mel>(Mel{{1, 99, 10}, std::vector<float>(990)});
    // Also where the first one is wrong.
    check_answered(*utterance.send_instead(bad), "The mel holds ");
    std::vector<std::shared_ptr<Call>> calls = {utterance.send(70)};
    const auto refused = utterance.send_instead(bad);
    check_answered(*refused, "The mel holds ");
    CHECK_EQUAL(refused->code, TRITONSERVER_ERROR_INVALID_ARG);
    check_answered(*utterance.send_instead(few), "is FP32 [1, 99, 10], expected FP32 [mels to decode, 100, frames].");
    calls.push_back(utterance.send(40));
    calls.push_back(utterance.send(utterance.left()));
    check_whole(*mel, calls);

    // A wrong last one ends it all the same.
    Utterance other(*loaded.server, mel, 4);
    check_answered(*other.send(50));
    check_answered(*other.send_instead(bad, ends), "The mel holds ");
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_open_sequences") == 0; }));
    check_speaks(loaded, mel, 4);
}

CASE("A sequence that was not begun is refused; one that begins anew without an end is the new one") {
    Loaded loaded(sequence_config_of(4, oldest));
    const auto mel = random_mel(loaded.random, 100);
    Sending unknown;
    unknown.sequence = 77;
    check_answered(*loaded.send(piece_of(*mel, 0, 10), unknown), "START");
    unknown.flags = ends;
    check_answered(*loaded.send(piece_of(*mel, 0, 10), unknown), "START");
    Sending nameless;
    nameless.flags = starts;
    CHECK(!loaded.send(mel, nameless)->error.empty() || !is_double());

    Utterance abandoned(*loaded.server, random_mel(loaded.random, 100), 8);
    check_answered(*abandoned.send(60));
    check_speaks(loaded, mel, 8);
}

CASE("More sequences than streams are told so, and begin when one has ended") {
    Loaded loaded(sequence_config_of(4, oldest, parameter("streams", "1")));
    const auto mel = random_mel(loaded.random, 80);
    Utterance first(*loaded.server, mel, 1);
    std::vector<std::shared_ptr<Call>> calls = {first.send(40)};
    check_answered(*calls[0]);
    Utterance second(*loaded.server, mel, 2);
    const auto refused = second.send(40);
    check_answered(*refused, "All 1 streams are taken by open sequences: begin again when one has ended");
    CHECK_EQUAL(refused->code, TRITONSERVER_ERROR_UNAVAILABLE);
    check_answered(*second.send(10), "The sequence 2 is over: no stream was free when it began; begin it again");
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_open_sequences") == 1; }));
    calls.push_back(first.send(first.left()));
    check_whole(*mel, calls);
    check_speaks(loaded, mel, 2);
}

CASE("Sequences that go away are forgotten, and their streams are others' then") {
    for (const std::string strategy : {"oldest { max_candidate_sequences: 3 }", "direct { }"}) {
        Loaded loaded(sequence_config_of(3, "max_sequence_idle_microseconds: 200000 " + strategy));
        const auto mel = random_mel(loaded.random, 60);
        for (uint64_t round = 0; round < 2; round++) {
            for (uint64_t index = 1; index <= 3; index++) {
                Utterance gone(*loaded.server, mel, 10 * round + index);
                check_answered(*gone.send(30));
            }
        }
        Utterance next(*loaded.server, mel, 100);
        check_whole(*mel, {next.send(60)});
        CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_open_sequences") == 0; }));
        Sending late;
        late.sequence = 1;
        check_answered(*loaded.send(piece_of(*mel, 30, 30), late), "START");
        Utterance again(*loaded.server, mel, 1);
        check_whole(*mel, {again.send(60)});
    }
}

CASE("A cancelled request ends its sequence, which says so until it begins again") {
    only_with_double();
    // Several of a sequence may be on their way at a time.
    Loaded loaded(sequence_config_of(2, direct));
    set_gate(doubles::shuts_gate);
    const auto mel = magic_mel(loaded.random, 90, doubles::waits_at_gate);
    Utterance utterance(*loaded.server, mel, 1);
    const auto first = utterance.send(30);
    const auto second = utterance.send(30);
    const auto third = utterance.send(20);
    CHECK(!first->wait(std::chrono::seconds(0)));
    second->cancel();
    set_gate(doubles::opens_gate);
    check_answered(*first);
    check_answered(*second, "cancelled before its piece was decoded");
    CHECK_EQUAL(second->code, TRITONSERVER_ERROR_CANCELLED);
    check_answered(*third, "The sequence 1 is over: a request of it was cancelled; begin it again");
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_open_sequences") == 0; }));
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_cancelled_total") == 1; }));
    check_speaks(loaded, mel, 1);
}

CASE("A sequence that waits while every lane is at work is cancelled at once, and can begin again") {
    only_with_double();
    Loaded loaded(sequence_config_of(1, direct));
    set_gate(doubles::shuts_gate);
    const auto held = magic_mel(loaded.random, 40, doubles::waits_at_gate);
    Utterance utterance(*loaded.server, held, 1);
    std::vector<std::shared_ptr<Call>> calls = {utterance.send(40)};
    // The slot is free again as soon as the last request has left the core; the stream is not.
    const auto mel = random_mel(loaded.random, 50);
    Utterance waiting(*loaded.server, mel, 2);
    const auto cancelled = waiting.send(25);
    CHECK(!cancelled->wait(std::chrono::seconds(0)));
    cancelled->cancel();
    check_answered(*cancelled, "cancelled before its piece was decoded");
    set_gate(doubles::opens_gate);
    check_whole(*held, calls);
    check_answered(*waiting.send(25), "The sequence 2 is over: a request of it was cancelled");
    check_speaks(loaded, mel, 2);
}

CASE("Pieces beyond what may wait stay in the core, and none is lost") {
    only_with_double();
    Loaded loaded(sequence_config_of(1, direct));
    set_gate(doubles::shuts_gate);
    const auto mel = magic_mel(loaded.random, 200, doubles::waits_at_gate);
    Utterance utterance(*loaded.server, mel, 1);
    std::vector<std::shared_ptr<Call>> calls;
    while (utterance.left() > 0) calls.push_back(utterance.send(10));
    CHECK(!calls.front()->wait(std::chrono::seconds(0)));
    set_gate(doubles::opens_gate);
    check_whole(*mel, calls);
}

CASE("Pieces that come after the core forgot a sequence and before its stream is free are decoded when it is") {
    Loaded loaded(sequence_config_of(1, "max_sequence_idle_microseconds: 200000 direct { }"));
    Utterance gone(*loaded.server, random_mel(loaded.random, 200), 1);
    CHECK(gone.send(10)->wait());
    std::this_thread::sleep_for(std::chrono::milliseconds(210));
    const auto mel = random_mel(loaded.random, 100);
    Utterance utterance(*loaded.server, mel, 2);
    std::vector<std::shared_ptr<Call>> calls;
    while (utterance.left() > 0) calls.push_back(utterance.send(10));
    check_whole(*mel, calls);
}

CASE(
    "Cancelled and abandoned sequences among others: each request is answered once, and what was not cancelled is "
    "right") {
    Loaded loaded(
        sequence_config_of(4, "max_sequence_idle_microseconds: 60000000 oldest { max_candidate_sequences: 19 }"));
    std::vector<Sequence> sequences;
    for (int index = 0; index < 18; index++) sequences.push_back({random_mel(loaded.random, 200), {}});
    std::vector<std::thread> clients;
    for (size_t index = 0; index < sequences.size(); index++) {
        clients.emplace_back([&, index] {
            std::mt19937 random(static_cast<unsigned>(index));
            Sequence& sequence = sequences[index];
            Utterance utterance(*loaded.server, sequence.mel, index + 1);
            sequence.calls.push_back(utterance.send(100));
            if (index % 3 == 0) sequence.calls[0]->cancel();
            if (index % 3 == 1) return;
            for (auto& call : utterance.send_rest(random, 50, true)) sequence.calls.push_back(std::move(call));
        });
    }
    for (std::thread& client : clients) client.join();
    for (size_t index = 0; index < sequences.size(); index++) {
        for (const auto& call : sequences[index].calls) {
            CHECK(call->wait());
            CHECK_EQUAL(call->finals, 1);
            CHECK_EQUAL(call->releases, 1);
        }
        if (index % 3 == 2) check_whole(*sequences[index].mel, sequences[index].calls);
    }
    check_speaks(loaded, random_mel(loaded.random, 70), 2);
}

CASE(
    "Whatever comes in whatever sequence, with whatever flags: it is decoded as it must be or answered with why, "
    "once") {
    Loaded loaded(any_shape(sequence_config_of(4, oldest)));
    /** What is known of a sequence: its frames so far, and what it was answered. */
    struct Known {
        std::vector<std::shared_ptr<Mel>> pieces;
        std::vector<std::shared_ptr<Call>> calls;
        bool is_open = false;
    };
    struct Asked {
        std::shared_ptr<Call> call;
        bool is_right;
    };
    std::vector<Asked> all;
    std::vector<Known> ended;
    Known known[5];
    auto& random = loaded.random;
    for (int index = 0; index < 600; index++) {
        const size_t number = random() % 5;
        Known& sequence = known[number];
        Sending sending;
        sending.sequence = number + 1;
        if (random() % (sequence.is_open ? 20 : 2) == 0) sending.flags |= starts;
        if (random() % 6 == 0) sending.flags |= ends;
        auto piece = random_mel(random, static_cast<int>(random() % 30));
        const bool is_wrong = random() % 8 == 0;
        if (is_wrong && piece->values.empty()) piece->shape[1] = 99;
        if (is_wrong && !piece->values.empty()) piece = not_finite(*piece, random);
        if ((sending.flags & starts) != 0) sequence = {{}, {}, true};
        const auto call = loaded.send(piece, sending);
        const bool is_right = sequence.is_open && !is_wrong;
        all.push_back({call, is_right});
        if (is_right) {
            sequence.pieces.push_back(piece);
            sequence.calls.push_back(call);
        }
        if (!sequence.is_open || (sending.flags & ends) == 0) continue;
        // The core gives an ID that has ended another slot, beside the one that may still be at work.
        CHECK(call->wait());
        // The rest of one whose last piece is wrong is lost.
        if (!is_wrong) ended.push_back(sequence);
        sequence = {};
    }
    for (const Asked& asked : all) {
        CHECK(asked.call->wait());
        CHECK_EQUAL(asked.call->finals, 1);
        CHECK_EQUAL(asked.call->releases, 1);
        CHECK_EQUAL(asked.call->error.empty(), asked.is_right);
    }
    CHECK(ended.size() > 20);
    for (const Known& sequence : ended) check_whole(*join(sequence.pieces), sequence.calls);
}

CASE("A network that fails ends its sequence only; a lost context ends the instance, which says so") {
    only_with_double();
    Loaded loaded(sequence_config_of(4, oldest));
    const auto mel = random_mel(loaded.random, 80);
    Utterance utterance(*loaded.server, mel, 1);
    Utterance other(*loaded.server, mel, 2);
    std::vector<std::shared_ptr<Call>> calls = {other.send(40)};
    check_answered(*utterance.send(30));
    const auto failed = utterance.send_instead(piece_of(*magic_mel(loaded.random, 10, doubles::model_fails), 0, 10));
    check_answered(*failed, "The output is not finite.");
    CHECK_EQUAL(failed->code, TRITONSERVER_ERROR_INTERNAL);
    check_answered(*utterance.send(10), "The sequence 1 is over: a piece of it could not be decoded; begin it again");
    calls.push_back(other.send(40));
    check_whole(*mel, calls);
    check_speaks(loaded, mel, 1);

    Utterance unlucky(*loaded.server, mel, 4);
    check_answered(*unlucky.send_instead(magic_mel(loaded.random, 10, doubles::gpu_is_full)), "out of memory");
    check_speaks(loaded, mel, 4);
    CHECK(loaded.server->is_ready("vocoder"));

    Utterance last(*loaded.server, mel, 3);
    check_answered(*last.send_instead(magic_mel(loaded.random, 10, doubles::context_is_lost)), "context is lost");
    const auto after = last.send(40);
    check_answered(*after, "serves no more, and will not until the server is started again: The GPU's context is lost");
    CHECK_EQUAL(after->code, TRITONSERVER_ERROR_UNAVAILABLE);
    CHECK(!loaded.server->is_ready("vocoder"));
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_ready") == 0; }));
}

CASE("A model that is unloaded while sequences are open ends every request, and loads again") {
    Loaded loaded(
        sequence_config_of(4, "max_sequence_idle_microseconds: 300000 oldest { max_candidate_sequences: 4 }"));
    const auto mel = random_mel(loaded.random, 200);
    std::vector<std::shared_ptr<Call>> calls;
    std::vector<Utterance> utterances;
    for (uint64_t index = 1; index <= 12; index++) {
        utterances.emplace_back(*loaded.server, mel, index);
        calls.push_back(utterances.back().send(100));
        if (index == 6) CHECK_EQUAL(loaded.server->unload("vocoder"), "");
    }
    for (Utterance& utterance : utterances) calls.push_back(utterance.send(50));
    for (const auto& call : calls) {
        CHECK(call->wait());
        CHECK_EQUAL(call->finals, 1);
        CHECK_EQUAL(call->releases, 1);
    }
    CHECK(becomes_true([&] { return !loaded.server->is_ready("vocoder"); }));
    CHECK_EQUAL(loaded.server->load("vocoder"), "");
    check_speaks(loaded, mel, 1);
    loaded.server->stop();
}

CASE("Statistics and metrics tell of sequences") {
    Loaded loaded(sequence_config_of(4, direct));
    const auto mel = random_mel(loaded.random, 90);
    // The second one alone in a batch of two places.
    Utterance open(*loaded.server, mel, 1);
    check_answered(*open.send(30));
    check_speaks(loaded, mel, 2);
    check_answered(*open.send_instead(not_finite(*mel, loaded.random)), "The mel holds ");
    const std::string statistics = loaded.server->statistics("vocoder");
    CHECK_CONTAINS(statistics, "\"inference_count\":4");
    CHECK_CONTAINS(statistics, "\"success\":{\"count\":4");
    CHECK_CONTAINS(statistics, "\"fail\":{\"count\":1");
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_pushes_total") == 4; }));
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_frames_total") == 30 + 90; }));
    CHECK(becomes_true([&] { return metric(*loaded.server, "trtvocoder_open_sequences") == 1; }));
    CHECK_EQUAL(metric(*loaded.server, "trtvocoder_ready"), 1);
}

CASE("The repository that the program writes for sequences is served as it is, by a network with state") {
    const char* const repository = std::getenv("TRTV_TRITON_REPOSITORY");
    if (repository == nullptr)
        throw cases::Skip{"TRTV_TRITON_REPOSITORY names no folder that 'trtvocoder triton' wrote"};
    Server server(repository, backends());
    CHECK_EQUAL(server.load("sequences"), "");
    std::mt19937 random(3);
    const auto mel = random_mel(random, 200);
    Utterance utterance(server, mel, 1, "", "sequences");
    const auto calls = utterance.send_rest(random, 30, true);
    for (const auto& call : calls) check_answered(*call);
    check_same(Direct(std::string(repository) + "/sequences/1/model.onnx").decode(*mel), join(calls));
}

CASE("A config.pbtxt whose sequences cannot be served is a sentence") {
    Repository repository;
    const auto add = [&](const char* name, const std::string& config) { repository.add(name, config, model_file()); };
    add("decoupled", sequence_config_of(4, oldest, "model_transaction_policy { decoupled: true }\n"));
    add("batch", sequence_config_of(4, oldest, parameter("batch", "4")));
    add("none", sequence_config_of(4, oldest, parameter("streams", "0")));
    add("chunk", sequence_config_of(4, oldest, parameter("chunk_frames", "0")));
    add("whole", config_of(4, false, parameter("streams", "4")));
    add("state", sequence_config_of(
                     4, std::string(oldest) +
                            " state [ { input_name: \"a\" output_name: \"b\" data_type: TYPE_FP32 dims: [ 1 ] } ]"));
    Server server(repository.path(), backends());
    CHECK_CONTAINS(server.load("decoupled"),
                   "sequence_batching and model_transaction_policy.decoupled exclude each other");
    CHECK_CONTAINS(server.load("batch"), "the parameter batch is of windows that requests share");
    CHECK_CONTAINS(server.load("none"), "the parameter streams is \"0\", expected a whole number from 1 to 1024.");
    CHECK_CONTAINS(server.load("chunk"), "the parameter chunk_frames is \"0\", expected a whole number from 1 to ");
    CHECK_CONTAINS(server.load("whole"), "the parameter streams is for models with sequence_batching.");
    CHECK_CONTAINS(server.load("state"), "sequence_batching.state is not needed");
    CHECK(server.is_live());
}

CASE(
    "24 clients of sequences, some of whom cancel, go away or send what is wrong: what is whole is right, none lost, "
    "no growth") {
    const char* const asked = std::getenv("TRTV_TRITON_REQUESTS");
    Soak soak;
    soak.clients = 24;
    soak.requests = asked == nullptr ? 300 : std::atoi(asked) / 4;
    const SoakResult result = run_sequence_soak(soak);
    check_soak(soak, result);
}
