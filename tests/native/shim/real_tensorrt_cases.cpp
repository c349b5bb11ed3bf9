// NVIDIA's own TensorRT 10 on a machine without a driver: what crashes or throws there is met before.
#include <cstdlib>

#include "shim.h"

using namespace shim;

namespace {

std::string tensorrt_folder() {
    const char* folder = std::getenv("TRTV_TENSORRT_DIR");
    if (folder == nullptr) throw cases::Skip{"TRTV_TENSORRT_DIR is not set: no TensorRT 10 to try"};
    return folder;
}

}  // namespace

#if SHIM_MAJOR == 10
CASE("TensorRT 10: its version is read, and its parser is found beside it") {
    const Library library = must_open({{tensorrt_folder()}, {}, {}});
    CHECK_EQUAL(trtv_library_load_parser(library.get()), TRTV_OK);
    trtv_library_info info = sized<trtv_library_info>();
    CHECK_EQUAL(trtv_library_get_info(library.get(), &info), TRTV_OK);
    CHECK_EQUAL(info.major, 10);
    CHECK(info.build > 0);
    CHECK(info.parser_version > 0);
    CHECK_CONTAINS(info.parser_path, "libnvonnxparser.so.10");
}

CASE("TensorRT 10: without a driver runtime and builder fail with one sentence") {
    const Library library = must_open({{tensorrt_folder()}, {}, {"/nowhere/libcuda.so.1"}});
    trtv_runtime* runtime = nullptr;
    CHECK_EQUAL(trtv_runtime_create(library.get(), &runtime), TRTV_ERROR_NO_DRIVER);
    trtv_builder* builder = nullptr;
    CHECK_EQUAL(trtv_builder_create(library.get(), 1, &builder), TRTV_ERROR_NO_DRIVER);
    CHECK_CONTAINS(last_message(), "/nowhere/libcuda.so.1");
}

CASE("TensorRT 10: when the driver lies, the wild pointer becomes a status, and no builder is tried") {
    // The double says that there is a GPU; TensorRT's own look finds none.
    const Library library = must_open({{tensorrt_folder()}, {}, {double_path("cuda_ok")}});
    trtv_runtime* runtime = nullptr;
    CHECK_EQUAL(trtv_runtime_create(library.get(), &runtime), TRTV_ERROR_TENSORRT);
    CHECK_CONTAINS(last_message(), "CUDA initialization failure");
    trtv_builder* builder = nullptr;
    CHECK_EQUAL(trtv_builder_create(library.get(), 1, &builder), TRTV_ERROR_TENSORRT);
    CHECK_CONTAINS(last_message(), "could not make a runtime");
}
#else
CASE("TensorRT 10: the shim of TensorRT 11 refuses it by version") {
    Library library;
    CHECK_EQUAL(open({{tensorrt_folder()}, {}, {}}, library), TRTV_ERROR_LIBRARY_UNSUITABLE);
    // By the file's name alone: a library of another major is not loaded to word an error.
    CHECK_CONTAINS(last_message(), "version 10");
    CHECK_CONTAINS(last_message(), "expected TensorRT 11");
}
#endif
