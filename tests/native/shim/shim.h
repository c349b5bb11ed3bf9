// What the shim's cases share: the libraries they open, handles that give themselves back, and the last error.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cases.h"
#include "trtvocoder_shim.h"

namespace shim {

template <auto Destroy>
struct Destroyer {
    template <typename T>
    void operator()(T* handle) const {
        Destroy(handle);
    }
};

using Library = std::unique_ptr<trtv_library, Destroyer<trtv_library_destroy>>;
using Runtime = std::unique_ptr<trtv_runtime, Destroyer<trtv_runtime_destroy>>;
using Builder = std::unique_ptr<trtv_builder, Destroyer<trtv_builder_destroy>>;
using Buffer = std::unique_ptr<trtv_buffer, Destroyer<trtv_buffer_destroy>>;

/** A struct with its size filled in. */
template <typename T>
T sized() {
    T value{};
    value.struct_size = sizeof(T);
    return value;
}

inline trtv_error last_error() {
    trtv_error error = sized<trtv_error>();
    CHECK_EQUAL(trtv_error_get_last(&error), TRTV_OK);
    return error;
}

inline std::string last_message() { return last_error().message; }

struct Paths {
    std::vector<std::string> runtime;
    std::vector<std::string> parser;
    std::vector<std::string> driver;
    trtv_flavour flavour = TRTV_FLAVOUR_TENSORRT;
};

inline int32_t open(const Paths& paths, Library& library) {
    const auto pointers = [](const std::vector<std::string>& texts) {
        std::vector<const char*> result;
        for (const std::string& text : texts) result.push_back(text.c_str());
        return result;
    };
    const std::vector<const char*> runtime = pointers(paths.runtime);
    const std::vector<const char*> parser = pointers(paths.parser);
    const std::vector<const char*> driver = pointers(paths.driver);
    trtv_library_options options = sized<trtv_library_options>();
    options.flavour = paths.flavour;
    options.candidates = runtime.data();
    options.candidate_count = static_cast<int32_t>(runtime.size());
    options.parser_candidates = parser.data();
    options.parser_candidate_count = static_cast<int32_t>(parser.size());
    options.driver_candidates = driver.data();
    options.driver_candidate_count = static_cast<int32_t>(driver.size());
    trtv_library* handle = nullptr;
    const int32_t status = trtv_library_create(&options, &handle);
    library.reset(handle);
    return status;
}

/** Opens what must open. */
inline Library must_open(const Paths& paths) {
    Library library;
    if (open(paths, library) != TRTV_OK) cases::fail(__FILE__, __LINE__, last_message());
    return library;
}

/** Path of a double built for these tests. */
inline std::string double_path(const std::string& name) { return std::string(DOUBLES_DIR) + "/" + name; }

}  // namespace shim
