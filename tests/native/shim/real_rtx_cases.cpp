// NVIDIA's own parser and builder, TensorRT-RTX, on the CPU.
#include <cstdlib>
#include <cstring>
#include <set>

#include "onnx_model.h"
#include "shim.h"

#if SHIM_MAJOR >= 11

using namespace shim;

namespace {

Library open_rtx() {
    const char* folder = std::getenv("TRTV_TENSORRT_RTX_DIR");
    if (folder == nullptr) throw cases::Skip{"TRTV_TENSORRT_RTX_DIR is not set: no TensorRT-RTX to try"};
    // No driver is needed, so one that cannot be found must not matter.
    return must_open({{folder}, {}, {"/nowhere/libcuda.so.1"}, TRTV_FLAVOUR_RTX});
}

Builder make_builder(const Library& library) {
    trtv_builder* builder = nullptr;
    if (trtv_builder_create(library.get(), 1, &builder) != TRTV_OK) cases::fail(__FILE__, __LINE__, last_message());
    return Builder(builder);
}

int32_t parse(const Builder& builder, const std::string& model) {
    return trtv_builder_parse_onnx(builder.get(), model.data(), static_cast<int64_t>(model.size()), nullptr);
}

int32_t set_shape(const Builder& builder, int32_t profile, const char* name, int32_t selector, int64_t frames) {
    const int64_t sizes[] = {1, frames, 4};
    return trtv_builder_set_profile_shape(builder.get(), profile, name, selector, sizes, 3);
}

// A builder ready to build: the projection, with a profile of 1 to 64 frames.
Builder ready_builder(const Library& library) {
    Builder builder = make_builder(library);
    CHECK_EQUAL(parse(builder, onnx_model::projection()), TRTV_OK);
    int32_t profile = -1;
    CHECK_EQUAL(trtv_builder_add_profile(builder.get(), &profile), TRTV_OK);
    CHECK_EQUAL(profile, 0);
    CHECK_EQUAL(set_shape(builder, 0, "x", TRTV_PROFILE_MIN, 1), TRTV_OK);
    CHECK_EQUAL(set_shape(builder, 0, "x", TRTV_PROFILE_OPT, 16), TRTV_OK);
    CHECK_EQUAL(set_shape(builder, 0, "x", TRTV_PROFILE_MAX, 64), TRTV_OK);
    return builder;
}

// The plan's bytes, "" if the build failed.
std::string build(const Builder& builder, int32_t expected = TRTV_OK) {
    trtv_buffer* handle = nullptr;
    const int32_t status = trtv_builder_build(builder.get(), &handle);
    const Buffer plan(handle);
    if (status != expected) cases::fail(__FILE__, __LINE__, last_message());
    if (plan == nullptr) return "";
    const void* data = nullptr;
    int64_t size = 0;
    CHECK_EQUAL(trtv_buffer_get_data(plan.get(), &data, &size), TRTV_OK);
    return std::string(static_cast<const char*>(data), static_cast<size_t>(size));
}

struct Steps {
    int count = 0;
    int cancel_at = -1;
    std::set<std::string> open;
    std::set<std::string> closed;
    bool in_range = true;
};

int32_t on_progress(void* user, const char* phase, const char*, int32_t step, int32_t step_count) {
    Steps& steps = *static_cast<Steps*>(user);
    steps.in_range = steps.in_range && step >= 0 && step <= step_count;
    if (step == 0) steps.open.insert(phase);
    if (step == step_count) steps.closed.insert(phase);
    return ++steps.count == steps.cancel_at ? 1 : 0;
}

}  // namespace

CASE("TensorRT-RTX: library and parser are found in their folder, with versions") {
    const Library library = open_rtx();
    CHECK_EQUAL(trtv_library_load_parser(library.get()), TRTV_OK);
    trtv_library_info info = sized<trtv_library_info>();
    CHECK_EQUAL(trtv_library_get_info(library.get(), &info), TRTV_OK);
    CHECK_EQUAL(info.flavour, TRTV_FLAVOUR_RTX);
    CHECK_EQUAL(info.major, 1);
    CHECK(info.minor >= 5);
    CHECK_CONTAINS(info.parser_path, "libtensorrt_onnxparser_rtx.so.1");
}

CASE("TensorRT-RTX: it is not taken for TensorRT") {
    const char* folder = std::getenv("TRTV_TENSORRT_RTX_DIR");
    if (folder == nullptr) throw cases::Skip{"TRTV_TENSORRT_RTX_DIR is not set: no TensorRT-RTX to try"};
    Library library;
    CHECK_EQUAL(open({{std::string(folder) + "/libtensorrt_rtx.so.1"}, {}, {}}, library),
                TRTV_ERROR_LIBRARY_UNSUITABLE);
    CHECK_CONTAINS(last_message(), "version 1.");
}

CASE("TensorRT-RTX: a model is parsed and built without a driver, and its plan says what it is") {
    const Library library = open_rtx();
    const std::string plan = build(ready_builder(library));
    CHECK_EQUAL(plan.substr(0, 4), "vtrt");
    uint64_t size = 0;
    std::memcpy(&size, plan.data() + 16, sizeof(size));
    CHECK_EQUAL(size, plan.size());
}

CASE("TensorRT-RTX: the network's inputs and outputs are described") {
    const Library library = open_rtx();
    const Builder builder = make_builder(library);
    CHECK_EQUAL(parse(builder, onnx_model::projection()), TRTV_OK);
    trtv_tensor_info x = sized<trtv_tensor_info>();
    trtv_tensor_info y = sized<trtv_tensor_info>();
    CHECK_EQUAL(trtv_builder_get_tensor(builder.get(), 0, &x), TRTV_OK);
    CHECK_EQUAL(trtv_builder_get_tensor(builder.get(), 1, &y), TRTV_OK);
    CHECK_EQUAL(std::string(x.name), "x");
    CHECK_EQUAL(x.mode, TRTV_TENSOR_MODE_INPUT);
    CHECK_EQUAL(x.rank, 3);
    CHECK_EQUAL(x.sizes[0], -1);
    CHECK_EQUAL(x.sizes[2], 4);
    CHECK_EQUAL(std::string(y.name), "y");
    CHECK_EQUAL(y.mode, TRTV_TENSOR_MODE_OUTPUT);
    CHECK_EQUAL(y.data_type, TRTV_DATA_TYPE_FLOAT);
    CHECK_EQUAL(y.sizes[2], 6);
    CHECK_EQUAL(trtv_builder_get_tensor(builder.get(), 2, &y), TRTV_ERROR_NOT_FOUND);
}

CASE("TensorRT-RTX: a node that the parser refuses is named with its operator and the reason") {
    const Library library = open_rtx();
    const Builder builder = make_builder(library);
    CHECK_EQUAL(parse(builder, onnx_model::unknown_operator()), TRTV_ERROR_PARSER);
    CHECK_EQUAL(last_error().domain, TRTV_DOMAIN_PARSER);
    CHECK_CONTAINS(last_message(), "mystery");
    CHECK_CONTAINS(last_message(), "NoSuchOperator");
    trtv_parser_error error = sized<trtv_parser_error>();
    CHECK_EQUAL(trtv_builder_get_parser_error(builder.get(), 0, &error), TRTV_OK);
    CHECK_EQUAL(std::string(error.node_name), "mystery");
    CHECK_EQUAL(std::string(error.node_operator), "NoSuchOperator");
    CHECK_EQUAL(error.node, 1);
    CHECK(std::strlen(error.description) > 0);
    CHECK_EQUAL(trtv_builder_get_parser_error(builder.get(), 1000, &error), TRTV_ERROR_NOT_FOUND);
}

CASE("TensorRT-RTX: bytes that are no model, an empty model and a second model are refused") {
    const Library library = open_rtx();
    CHECK_EQUAL(parse(make_builder(library), "this is no protobuf at all"), TRTV_ERROR_PARSER);
    CHECK_EQUAL(parse(make_builder(library), ""), TRTV_ERROR_PARSER);
    const Builder builder = make_builder(library);
    CHECK_EQUAL(parse(builder, onnx_model::projection()), TRTV_OK);
    CHECK_EQUAL(parse(builder, onnx_model::projection()), TRTV_ERROR_INVALID_ARGUMENT);
}

CASE("TensorRT-RTX: what is missing before a build is named") {
    const Library library = open_rtx();
    build(make_builder(library), TRTV_ERROR_INCOMPLETE);
    CHECK_CONTAINS(last_message(), "parse a model first");
    const Builder builder = make_builder(library);
    CHECK_EQUAL(parse(builder, onnx_model::projection()), TRTV_OK);
    build(builder, TRTV_ERROR_INCOMPLETE);
    CHECK_CONTAINS(last_message(), "'x' has dynamic dimensions");
    int32_t profile = 0;
    CHECK_EQUAL(trtv_builder_add_profile(builder.get(), &profile), TRTV_OK);
    CHECK_EQUAL(set_shape(builder, 0, "x", TRTV_PROFILE_MIN, 1), TRTV_OK);
    build(builder, TRTV_ERROR_INCOMPLETE);
    CHECK_CONTAINS(last_message(), "'x' has no opt shape in optimisation profile 0");
    CHECK_EQUAL(set_shape(builder, 0, "mel", TRTV_PROFILE_MIN, 1), TRTV_ERROR_NOT_FOUND);
    CHECK_CONTAINS(last_message(), "no input 'mel'; it has x");
    CHECK_EQUAL(set_shape(builder, 1, "x", TRTV_PROFILE_MIN, 1), TRTV_ERROR_NOT_FOUND);
    CHECK_EQUAL(set_shape(builder, 0, "x", 3, 1), TRTV_ERROR_INVALID_ARGUMENT);
}

CASE("TensorRT-RTX: progress opens and closes every phase") {
    const Library library = open_rtx();
    const Builder builder = ready_builder(library);
    Steps steps;
    CHECK_EQUAL(trtv_builder_set_progress_callback(builder.get(), on_progress, &steps), TRTV_OK);
    CHECK(!build(builder).empty());
    CHECK(steps.count > 0);
    CHECK(steps.in_range);
    CHECK(steps.open == steps.closed);
}

CASE("TensorRT-RTX: the progress callback cancels a build, and the next build runs") {
    const Library library = open_rtx();
    const Builder builder = ready_builder(library);
    Steps steps;
    steps.cancel_at = 1;
    CHECK_EQUAL(trtv_builder_set_progress_callback(builder.get(), on_progress, &steps), TRTV_OK);
    CHECK(build(builder, TRTV_ERROR_CANCELLED).empty());
    CHECK_EQUAL(last_message(), "The build was cancelled.");
    CHECK(!build(builder).empty());
}

CASE("TensorRT-RTX: a build cancelled beforehand does not start") {
    const Library library = open_rtx();
    const Builder builder = ready_builder(library);
    CHECK_EQUAL(trtv_builder_cancel(builder.get()), TRTV_OK);
    CHECK(build(builder, TRTV_ERROR_CANCELLED).empty());
}

CASE("TensorRT-RTX: every setting that it has is taken, and the build heeds them") {
    const Library library = open_rtx();
    const Builder builder = ready_builder(library);
    CHECK_EQUAL(trtv_builder_set_workspace(builder.get(), 64 << 20), TRTV_OK);
    CHECK_EQUAL(trtv_builder_set_flag(builder.get(), TRTV_BUILDER_FLAG_TF32, 0), TRTV_OK);
    CHECK_EQUAL(trtv_builder_set_optimization_level(builder.get(), 1), TRTV_OK);
    CHECK_EQUAL(trtv_builder_set_profiling_verbosity(builder.get(), TRTV_PROFILING_DETAILED), TRTV_OK);
    CHECK(build(builder) != build(ready_builder(library)));
}

CASE("TensorRT-RTX: settings that it does not have, or that are out of range, are refused") {
    const Library library = open_rtx();
    trtv_builder* weakly_typed = nullptr;
    CHECK_EQUAL(trtv_builder_create(library.get(), 0, &weakly_typed), TRTV_ERROR_UNSUPPORTED);
    const Builder builder = make_builder(library);
    CHECK_EQUAL(trtv_builder_set_flag(builder.get(), TRTV_BUILDER_FLAG_FP16, 1), TRTV_ERROR_UNSUPPORTED);
    CHECK_EQUAL(trtv_builder_set_flag(builder.get(), 99, 1), TRTV_ERROR_INVALID_ARGUMENT);
    CHECK_EQUAL(trtv_builder_set_optimization_level(builder.get(), 6), TRTV_ERROR_INVALID_ARGUMENT);
    CHECK_EQUAL(trtv_builder_set_workspace(builder.get(), -1), TRTV_ERROR_INVALID_ARGUMENT);
}

CASE("TensorRT-RTX: a timing cache survives the build and begins the next") {
    const Library library = open_rtx();
    const Builder first = ready_builder(library);
    trtv_buffer* handle = nullptr;
    CHECK_EQUAL(trtv_builder_set_timing_cache(first.get(), nullptr, 0), TRTV_OK);
    CHECK(!build(first).empty());
    CHECK_EQUAL(trtv_builder_get_timing_cache(first.get(), &handle), TRTV_OK);
    const Buffer cache(handle);
    const void* data = nullptr;
    int64_t size = 0;
    CHECK_EQUAL(trtv_buffer_get_data(cache.get(), &data, &size), TRTV_OK);
    CHECK(size > 0);
    const Builder second = ready_builder(library);
    CHECK_EQUAL(trtv_builder_set_timing_cache(second.get(), data, size), TRTV_OK);
    CHECK(!build(second).empty());
}

CASE("TensorRT-RTX: a builder outlives its library's handle") {
    Library library = open_rtx();
    const Builder builder = ready_builder(library);
    library.reset();
    CHECK(!build(builder).empty());
}

CASE("TensorRT-RTX: a runtime needs a driver, and says so") {
    const Library library = open_rtx();
    trtv_runtime* runtime = nullptr;
    CHECK_EQUAL(trtv_runtime_create(library.get(), &runtime), TRTV_ERROR_NO_DRIVER);
}

#endif
