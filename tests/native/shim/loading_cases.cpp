// Finding TensorRT and the driver, and what is said where they are not or do not suit.
#include <dlfcn.h>

#include "shim.h"

using namespace shim;

namespace {

std::string runtime_name() { return "libnvinfer.so." + std::to_string(SHIM_MAJOR); }

}  // namespace

CASE("A missing TensorRT is reported with every path tried") {
    Library library;
    CHECK_EQUAL(open({{"/nowhere/a", double_path("empty"), "libnvinfer.so.none"}, {}, {}}, library),
                TRTV_ERROR_LIBRARY_NOT_FOUND);
    CHECK(library == nullptr);
    CHECK_EQUAL(last_error().domain, TRTV_DOMAIN_LOADER);
    CHECK_CONTAINS(last_message(), "/nowhere/a (");
    CHECK_CONTAINS(last_message(), double_path("empty") + "/" + runtime_name() + " (");
    CHECK_CONTAINS(last_message(), "libnvinfer.so.none (");
    CHECK_CONTAINS(last_message(), "No such file");
}

CASE("An empty path is not taken for the program itself") {
    Library library;
    CHECK_EQUAL(open({{""}, {}, {}}, library), TRTV_ERROR_LIBRARY_NOT_FOUND);
}

CASE("A TensorRT of another major is named with its version") {
    Library library;
    CHECK_EQUAL(open({{double_path("old/libnvinfer.so.8")}, {}, {}}, library), TRTV_ERROR_LIBRARY_UNSUITABLE);
    CHECK_CONTAINS(last_message(), "version 8.6.1, expected TensorRT " + std::to_string(SHIM_MAJOR));
}

CASE("A TensorRT of another major in a folder is named by what its link leads to, and not loaded") {
    Library library;
    CHECK_EQUAL(open({{double_path("old")}, {}, {}}, library), TRTV_ERROR_LIBRARY_UNSUITABLE);
    CHECK_CONTAINS(last_message(), "old/libnvinfer.so.8 (version 8.6.1, expected TensorRT");
    CHECK(dlopen(double_path("old/libnvinfer.so.8").c_str(), RTLD_NOW | RTLD_NOLOAD) == nullptr);
}

CASE("TensorRT 10.0, which lacks functions that are called, is refused by its version") {
    Library library;
    const int32_t status = open({{double_path("first")}, {}, {}}, library);
    CHECK_EQUAL(status, SHIM_MAJOR == 10 ? TRTV_ERROR_LIBRARY_UNSUITABLE : TRTV_OK);
    if (SHIM_MAJOR == 10) CHECK_CONTAINS(last_message(), "version 10.0.1, expected TensorRT 10 from 10.1 on");
}

CASE("A library that is not TensorRT is passed over for the next candidate") {
    Library library;
    const std::string not_nvinfer = double_path("cuda_ok/libcuda.so.1");
    CHECK_EQUAL(open({{not_nvinfer}, {}, {}}, library), TRTV_ERROR_LIBRARY_NOT_FOUND);
    CHECK_CONTAINS(last_message(), not_nvinfer + " (not TensorRT)");
    CHECK_EQUAL(open({{not_nvinfer, double_path("builder_null")}, {}, {}}, library), TRTV_OK);
    trtv_library_info info = sized<trtv_library_info>();
    CHECK_EQUAL(trtv_library_get_info(library.get(), &info), TRTV_OK);
    CHECK_EQUAL(info.major, SHIM_MAJOR);
    CHECK_EQUAL(info.minor, 3);
    CHECK_EQUAL(info.build, 26);
    CHECK_EQUAL(std::string(info.path), double_path("builder_null") + "/" + runtime_name());
    CHECK(info.parser_path == nullptr);
}

CASE("TensorRT-RTX is served by the shim of TensorRT 11 only") {
    Library library;
    const int32_t status = open({{"/nowhere"}, {}, {}, TRTV_FLAVOUR_RTX}, library);
    CHECK_EQUAL(status, SHIM_MAJOR == 10 ? TRTV_ERROR_UNSUPPORTED : TRTV_ERROR_LIBRARY_NOT_FOUND);
}

CASE("A missing ONNX parser is reported with every path tried, beside the runtime first") {
    const Library library = must_open({{double_path("builder_null")}, {}, {}});
    CHECK_EQUAL(trtv_library_load_parser(library.get()), TRTV_ERROR_LIBRARY_NOT_FOUND);
    CHECK_CONTAINS(last_message(),
                   double_path("builder_null") + "/libnvonnxparser.so." + std::to_string(SHIM_MAJOR) + " (");
}

CASE("Without a driver neither runtime nor builder is asked of TensorRT") {
    const Library library = must_open({{double_path("builder_null")}, {}, {"/nowhere/libcuda.so.1"}});
    trtv_runtime* runtime = nullptr;
    CHECK_EQUAL(trtv_runtime_create(library.get(), &runtime), TRTV_ERROR_NO_DRIVER);
    CHECK(runtime == nullptr);
    CHECK_CONTAINS(last_message(), "/nowhere/libcuda.so.1 (");
    trtv_builder* builder = nullptr;
    CHECK_EQUAL(trtv_builder_create(library.get(), 1, &builder), TRTV_ERROR_NO_DRIVER);
}

CASE("A driver that sees no GPU says so, with its own code") {
    const Library library = must_open({{double_path("builder_null")}, {}, {double_path("cuda_no_device")}});
    trtv_runtime* runtime = nullptr;
    CHECK_EQUAL(trtv_runtime_create(library.get(), &runtime), TRTV_ERROR_NO_DEVICE);
    CHECK_EQUAL(last_error().domain, TRTV_DOMAIN_CUDA);
    CHECK_EQUAL(last_error().native_code, 100);
    CHECK_CONTAINS(last_message(), "CUDA_ERROR_NO_DEVICE");
    const Library other = must_open({{double_path("builder_null")}, {}, {double_path("cuda_zero_devices")}});
    CHECK_EQUAL(trtv_runtime_create(other.get(), &runtime), TRTV_ERROR_NO_DEVICE);
}

CASE("A stub is no driver, and any other failure of the driver is CUDA's") {
    trtv_runtime* runtime = nullptr;
    const Library stub = must_open({{double_path("builder_null")}, {}, {double_path("cuda_stub")}});
    CHECK_EQUAL(trtv_runtime_create(stub.get(), &runtime), TRTV_ERROR_NO_DRIVER);
    CHECK_EQUAL(last_error().native_code, 34);
    const Library broken = must_open({{double_path("builder_null")}, {}, {double_path("cuda_broken")}});
    CHECK_EQUAL(trtv_runtime_create(broken.get(), &runtime), TRTV_ERROR_CUDA);
    CHECK_EQUAL(last_error().native_code, 999);
}

CASE("What a factory throws becomes a status, whatever its type") {
    const Library library = must_open({{double_path("builder_throws")}, {}, {double_path("cuda_ok")}});
    trtv_builder* builder = nullptr;
    CHECK_EQUAL(trtv_builder_create(library.get(), 1, &builder), TRTV_ERROR_TENSORRT);
    CHECK_CONTAINS(last_message(), "no builder today");
    const Library other = must_open({{double_path("runtime_throws")}, {}, {double_path("cuda_ok")}});
    trtv_runtime* runtime = nullptr;
    CHECK_EQUAL(trtv_runtime_create(other.get(), &runtime), TRTV_ERROR_TENSORRT);
    CHECK_CONTAINS(last_message(), "unknown type");
}

CASE("What TensorRT logged explains its failure") {
    const Library library = must_open({{double_path("builder_null")}, {}, {double_path("cuda_ok")}});
    trtv_builder* builder = nullptr;
    CHECK_EQUAL(trtv_builder_create(library.get(), 1, &builder), TRTV_ERROR_TENSORRT);
    CHECK_EQUAL(last_error().domain, TRTV_DOMAIN_TENSORRT);
    CHECK_EQUAL(last_error().native_code, 6);
    CHECK_CONTAINS(last_message(), "API Usage Error (a reason)");
    CHECK(last_message().find("a warning") == std::string::npos);
}

CASE("A runtime that leads nowhere is a failure, and no builder is tried then") {
    const Library library = must_open({{double_path("runtime_wild")}, {}, {double_path("cuda_ok")}});
    trtv_runtime* runtime = nullptr;
    CHECK_EQUAL(trtv_runtime_create(library.get(), &runtime), TRTV_ERROR_TENSORRT);
    CHECK_CONTAINS(last_message(), "TensorRT gave no reason");
    trtv_builder* builder = nullptr;
    CHECK_EQUAL(trtv_builder_create(library.get(), 1, &builder), TRTV_ERROR_TENSORRT);
    CHECK_CONTAINS(last_message(), "could not make a runtime");
}
