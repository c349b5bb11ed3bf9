// The boundary: arguments, errors, the log.
#include <thread>

#include "shim.h"

using namespace shim;

CASE("The library has the header's ABI version") {
    int32_t version = 0;
    CHECK_EQUAL(trtv_abi_get_version(&version), TRTV_OK);
    CHECK_EQUAL(version, TRTV_ABI_VERSION);
}

CASE("NULL is an invalid argument that is named, and NULL handles are destroyed in peace") {
    CHECK_EQUAL(trtv_abi_get_version(nullptr), TRTV_ERROR_INVALID_ARGUMENT);
    CHECK_EQUAL(last_message(), "version is NULL.");
    trtv_engine_info info = sized<trtv_engine_info>();
    CHECK_EQUAL(trtv_engine_get_info(nullptr, &info), TRTV_ERROR_INVALID_ARGUMENT);
    CHECK_EQUAL(last_message(), "engine is NULL.");
    trtv_library_destroy(nullptr);
    trtv_runtime_destroy(nullptr);
    trtv_engine_destroy(nullptr);
    trtv_execution_context_destroy(nullptr);
    trtv_profiler_destroy(nullptr);
    trtv_builder_destroy(nullptr);
    trtv_buffer_destroy(nullptr);
}

CASE("A struct of another size is refused") {
    trtv_library_options options = sized<trtv_library_options>();
    options.struct_size -= 8;
    trtv_library* library = reinterpret_cast<trtv_library*>(1);
    CHECK_EQUAL(trtv_library_create(&options, &library), TRTV_ERROR_INVALID_ARGUMENT);
    CHECK(library == nullptr);
    CHECK_CONTAINS(last_message(), "of different versions");
}

CASE("A list that is NULL, or holds NULL, is an invalid argument that is named") {
    trtv_library* library = reinterpret_cast<trtv_library*>(1);
    trtv_library_options options = sized<trtv_library_options>();
    options.candidate_count = 1;
    CHECK_EQUAL(trtv_library_create(&options, &library), TRTV_ERROR_INVALID_ARGUMENT);
    CHECK_EQUAL(last_message(), "candidates is NULL.");
    CHECK(library == nullptr);
    const char* const nothing[] = {nullptr};
    options.candidate_count = 0;
    options.driver_candidates = nothing;
    options.driver_candidate_count = 1;
    CHECK_EQUAL(trtv_library_create(&options, &library), TRTV_ERROR_INVALID_ARGUMENT);
    CHECK_EQUAL(last_message(), "driver_candidates is NULL.");
}

CASE("Before any error there is none, a success leaves the last error, and asking badly does not become it") {
    CHECK_EQUAL(last_error().status, TRTV_OK);
    CHECK_EQUAL(last_message(), "");
    CHECK_EQUAL(trtv_abi_get_version(nullptr), TRTV_ERROR_INVALID_ARGUMENT);
    int32_t version = 0;
    CHECK_EQUAL(trtv_abi_get_version(&version), TRTV_OK);
    CHECK_EQUAL(trtv_error_get_last(nullptr), TRTV_ERROR_INVALID_ARGUMENT);
    CHECK_EQUAL(last_error().status, TRTV_ERROR_INVALID_ARGUMENT);
    CHECK_EQUAL(last_error().domain, TRTV_DOMAIN_SHIM);
}

CASE("Each thread has its own last error") {
    CHECK_EQUAL(trtv_abi_get_version(nullptr), TRTV_ERROR_INVALID_ARGUMENT);
    std::thread([] {
        CHECK_EQUAL(last_error().status, TRTV_OK);
        CHECK_EQUAL(trtv_profiler_create(nullptr), TRTV_ERROR_INVALID_ARGUMENT);
        CHECK_EQUAL(last_message(), "profiler is NULL.");
    }).join();
    CHECK_EQUAL(last_message(), "version is NULL.");
}

namespace {

struct Heard {
    int count = 0;
    std::string last;
};

void hear(void* user, int32_t, const char* source, const char* message) {
    Heard& heard = *static_cast<Heard*>(user);
    ++heard.count;
    heard.last = std::string(source) + ": " + message;
}

}  // namespace

CASE("The log callback hears what is grave enough, until it is taken away") {
    const Library library = must_open({{double_path("builder_null")}, {}, {double_path("cuda_ok")}});
    Heard heard;
    trtv_builder* builder = nullptr;
    CHECK_EQUAL(trtv_log_set_callback(hear, &heard, TRTV_SEVERITY_ERROR), TRTV_OK);
    trtv_builder_create(library.get(), 1, &builder);
    CHECK_EQUAL(heard.count, 1);
    CHECK_CONTAINS(heard.last, "TensorRT: createBuilder");
    CHECK_EQUAL(trtv_log_set_callback(hear, &heard, TRTV_SEVERITY_WARNING), TRTV_OK);
    trtv_builder_create(library.get(), 1, &builder);
    CHECK_EQUAL(heard.count, 3);
    CHECK_EQUAL(trtv_log_set_callback(nullptr, nullptr, TRTV_SEVERITY_VERBOSE), TRTV_OK);
    trtv_builder_create(library.get(), 1, &builder);
    CHECK_EQUAL(heard.count, 3);
    CHECK_EQUAL(trtv_log_set_callback(hear, &heard, 5), TRTV_ERROR_INVALID_ARGUMENT);
}

CASE("An empty profiler has no layers and gives no times") {
    trtv_profiler* profiler = nullptr;
    CHECK_EQUAL(trtv_profiler_create(&profiler), TRTV_OK);
    int32_t count = -1;
    CHECK_EQUAL(trtv_profiler_take(profiler, nullptr, nullptr, 0, &count), TRTV_OK);
    CHECK_EQUAL(count, 0);
    CHECK_EQUAL(trtv_profiler_take(profiler, nullptr, nullptr, 1, &count), TRTV_ERROR_INVALID_ARGUMENT);
    const char* name = nullptr;
    CHECK_EQUAL(trtv_profiler_get_layer_name(profiler, 0, &name), TRTV_ERROR_NOT_FOUND);
    trtv_profiler_destroy(profiler);
}
