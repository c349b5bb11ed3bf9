// Clients whose mels come piece by piece, in sequences of requests.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "load.h"
#include "models.h"

namespace host {

/** An utterance on its way. */
class Utterance {
public:
    /** name "": the sequence is called by its number. */
    Utterance(Server& server, std::shared_ptr<const Mel> mel, uint64_t number, std::string name = "",
              std::string model = "vocoder");

    /** Sends the next frames; the first ones begin the sequence, those up to the mel's end end it. */
    std::shared_ptr<Call> send(int frames);
    /** Sends something else at this place, in place of nothing. */
    std::shared_ptr<Call> send_instead(std::shared_ptr<const Mel> piece, uint32_t flags = 0);

    /** Sends all the rest in pieces of random lengths, one after the other is answered, or all at once; gives all of
     * the calls. */
    std::vector<std::shared_ptr<Call>> send_rest(std::mt19937& random, int longest, bool waits);

    /** How its pieces are sent. */
    Sending& sending() { return sending_; }

    int left() const { return static_cast<int>(mel_->shape.back()) - sent_; }

private:
    Server& server_;
    std::string model_;
    std::shared_ptr<const Mel> mel_;
    Sending sending_;
    int sent_ = 0;
    bool is_begun_ = false;
};

/** Samples of the calls, one after another. */
std::vector<float> join(const std::vector<std::shared_ptr<Call>>& calls);

/** The same as run_soak of sequences: some cancel, some send what is wrong between, some go away. A request of the
 * result is an utterance. */
SoakResult run_sequence_soak(const Soak& soak);

}  // namespace host
