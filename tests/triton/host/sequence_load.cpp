#include "sequence_load.h"

#include <atomic>
#include <cmath>
#include <stdexcept>
#include <thread>

namespace host {
namespace {

/** A client, one utterance after another; most are as they should be. */
class SequenceClient {
public:
    SequenceClient(Server& server, const std::vector<Known>& mels, unsigned seed)
        : server_(server), mels_(mels), seed_(seed), random_(seed) {}

    void speak() {
        const Known& known = mels_[random_() % mels_.size()];
        Utterance utterance(server_, known.mel, seed_, seed_ % 2 == 0 ? "" : "client " + std::to_string(seed_));
        std::vector<std::shared_ptr<Call>> calls = {utterance.send(utterance.left() / 2)};
        switch (random_() % 16) {
            case 0:
                refuse(utterance, not_finite(*known.mel, random_));
                break;
            case 1:
                refuse(utterance, of_wrong_shape(*known.mel));
                break;
            case 2:
                return cancel(utterance, *calls.front());
            case 3:
                // Gone, without an end: its next one begins in its place.
                if (is_answered(*calls.front())) tally.result.answered++;
                return;
            default:
                break;
        }
        for (auto& call : utterance.send_rest(random_, 100, true)) calls.push_back(std::move(call));
        bool are_right = true;
        for (const auto& call : calls) {
            if (!is_answered(*call)) return;
            if (!call->error.empty()) tally.is_wrong(call->error);
            are_right = are_right && call->error.empty();
        }
        tally.result.answered++;
        if (!are_right) return;
        tally.result.decoded++;
        tally.result.worst_decibels = std::min(tally.result.worst_decibels, decibels(known.samples, join(calls)));
    }

    SoakTally tally;

private:
    bool is_answered(Call& call) {
        const bool is_answered = tally.is_answered(call);
        // That of the utterance counts.
        if (is_answered) tally.result.answered--;
        return is_answered;
    }

    void refuse(Utterance& utterance, const std::shared_ptr<Mel>& piece) {
        const auto call = utterance.send_instead(piece);
        tally.check_refused(*call);
        tally.result.answered--;
    }

    /** What was cancelled in time ends the sequence; what was not is decoded. */
    void cancel(Utterance& utterance, Call& first) {
        first.cancel();
        const auto second = utterance.send(utterance.left());
        if (!is_answered(first) || !is_answered(*second)) return;
        tally.result.answered++;
        if (first.code == TRITONSERVER_ERROR_CANCELLED) tally.result.cancelled++;
        if (!first.error.empty() && second->error.empty())
            tally.is_wrong("a sequence went on after a cancelled request");
    }

    Server& server_;
    const std::vector<Known>& mels_;
    const unsigned seed_;
    std::mt19937 random_;
};

}  // namespace

Utterance::Utterance(Server& server, std::shared_ptr<const Mel> mel, uint64_t number, std::string name,
                     std::string model)
    : server_(server), model_(std::move(model)), mel_(std::move(mel)) {
    if (name.empty()) {
        sending_.sequence = number;
    } else {
        sending_.sequence_name = std::move(name);
    }
}

std::shared_ptr<Call> Utterance::send(int frames) {
    const auto piece = piece_of(*mel_, sent_, frames);
    sent_ += frames;
    return send_instead(piece, left() == 0 ? TRITONSERVER_REQUEST_FLAG_SEQUENCE_END : 0);
}

std::shared_ptr<Call> Utterance::send_instead(std::shared_ptr<const Mel> piece, uint32_t flags) {
    Sending sending = sending_;
    sending.flags = flags | (is_begun_ ? 0U : uint32_t{TRITONSERVER_REQUEST_FLAG_SEQUENCE_START});
    is_begun_ = true;
    return server_.send(model_, std::move(piece), sending);
}

std::vector<std::shared_ptr<Call>> Utterance::send_rest(std::mt19937& random, int longest, bool waits) {
    std::vector<std::shared_ptr<Call>> calls;
    do {
        calls.push_back(send(std::min(left(), std::uniform_int_distribution<int>(0, longest)(random))));
        if (waits && !calls.back()->wait()) break;
    } while (left() > 0);
    return calls;
}

std::vector<float> join(const std::vector<std::shared_ptr<Call>>& calls) {
    std::vector<float> samples;
    for (const auto& call : calls) samples.insert(samples.end(), call->samples.begin(), call->samples.end());
    return samples;
}

SoakResult run_sequence_soak(const Soak& soak) {
    // Each client has one of its own; of halves of an odd number the second has another one, too.
    const std::string slots = std::to_string(soak.clients + 1);
    std::mt19937 random(soak.seed);
    Repository repository;
    repository.add(
        "vocoder",
        any_shape(sequence_config_of(
            4, "max_sequence_idle_microseconds: 60000000 oldest { max_candidate_sequences: " + slots + " }")),
        model_file());
    Server server(repository.path(), backends());
    if (const std::string error = server.load("vocoder"); !error.empty()) throw std::runtime_error(error);
    const std::vector<Known> mels =
        known_mels(random, 32, [](std::mt19937& lengths) { return 2 + static_cast<int>(lengths() % 299); });
    return run_halves(soak, [&](unsigned seed, const std::function<bool()>& goes_on) {
        SequenceClient client(server, mels, seed);
        while (goes_on()) client.speak();
        return client.tally.result;
    });
}

}  // namespace host
