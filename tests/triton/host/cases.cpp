// What the backend does inside Triton's core, be it the real one or the double.
#include "cases.h"

#include "models.h"

using namespace host;

CASE("A mel decodes to the samples of the direct decode") {
    Repository repository;
    repository.add("vocoder", config_of(4, false), model_file());
    Server server(repository.path(), backends());
    CHECK_EQUAL(server.load("vocoder"), "");
    CHECK(server.is_ready("vocoder"));
    std::mt19937 random(1);
    const auto mel = random_mel(random, 357);
    const auto call = server.send("vocoder", mel);
    CHECK(call->wait());
    CHECK_EQUAL(call->error, "");
    Direct direct;
    CHECK(decibels(direct.decode(*mel), call->samples) >= faithful_decibels);
    CHECK_EQUAL(call->shape.size(), 2U);
    CHECK_EQUAL(call->responses, 1);
    CHECK_EQUAL(call->finals, 1);
    CHECK_EQUAL(call->releases, 1);
}
