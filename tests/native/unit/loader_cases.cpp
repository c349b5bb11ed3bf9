// Libraries found without being loaded, and factories that give what is no object.
#include <cstdlib>

#include "cases.h"
#include "core/error.h"
#include "loader/nvidia.h"

namespace {

std::string words_of_making_a_parser() {
    const std::string runtime = std::string(DOUBLES_DIR) + "/10/builder_null";
    const std::string parser = std::string(DOUBLES_DIR) + "/parser_wild.so";
    const char* const runtimes[] = {runtime.c_str()};
    const char* const parsers[] = {parser.c_str()};
    trtv_library_options options{};
    options.struct_size = sizeof(options);
    options.candidates = runtimes;
    options.candidate_count = 1;
    options.parser_candidates = parsers;
    options.parser_candidate_count = 1;
    trtv::Nvidia nvidia(options);
    nvinfer1::INetworkDefinition network;
    try {
        // Letting a wild parser go would end the test.
        nvidia.create_parser(network).release();
    } catch (const trtv::Error& error) {
        return error.what();
    }
    return "made";
}

}  // namespace

CASE("A parser that leads nowhere is a failure") {
    CHECK_CONTAINS(words_of_making_a_parser(), "could not make an ONNX parser");
}

CASE("What a parser's factory throws becomes an error in its words") {
    setenv("PARSER_THROWS", "1", 1);
    CHECK_CONTAINS(words_of_making_a_parser(), "no parser today");
}

CASE("A file is found by its path, or by name in the dynamic loader's folders") {
    const std::string path = std::string(DOUBLES_DIR) + "/parser_wild.so";
    CHECK_EQUAL(trtv::find_file(path), path);
    CHECK_EQUAL(trtv::find_file(DOUBLES_DIR), "");
    CHECK_EQUAL(trtv::find_file("/nowhere/libnvinfer.so.8"), "");
    CHECK_CONTAINS(trtv::find_file("libc.so.6"), "/libc.so.6");
    CHECK_EQUAL(trtv::find_file("libnothing.so.8"), "");
}
