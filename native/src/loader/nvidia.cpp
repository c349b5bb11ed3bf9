#include "loader/nvidia.h"

#include <filesystem>

#include "core/boundary.h"
#include "loader/driver.h"

namespace trtv {
namespace {

constexpr int32_t kMajor = NV_TENSORRT_MAJOR;
// The first TensorRT-RTX with TensorRT 11's virtual tables, as its getInferLibVersion gives it: 1.5.
constexpr int32_t kFirstRtx = 10500;
// The first TensorRT of this major with all the slots that are called: 10.0 has no getDeviceMemorySizeV2.
constexpr int32_t kFirst = kMajor == 10 ? 100100 : kMajor * 10000;
constexpr uintptr_t kFirstPage = 4096;

using FactoryFunction = void* (*)(void* logger, int32_t version);
using ParserFunction = void* (*)(void* network, void* logger, int32_t version);
using VersionFunction = int32_t (*)();

const char* name_of(trtv_flavour flavour) { return flavour == TRTV_FLAVOUR_RTX ? "TensorRT-RTX" : "TensorRT"; }

std::string wanted(trtv_flavour flavour) {
    if (flavour == TRTV_FLAVOUR_RTX) return "TensorRT-RTX 1.5 or later";
    return "TensorRT " + std::to_string(kMajor) + (kMajor == 10 ? " from 10.1 on" : "");
}

std::vector<std::string> runtime_names(trtv_flavour flavour) {
    if (flavour == TRTV_FLAVOUR_RTX) return {"libtensorrt_rtx.so.1", "libtensorrt_rtx.so"};
    return {"libnvinfer.so." + std::to_string(kMajor), "libnvinfer.so"};
}

std::vector<std::string> parser_names(trtv_flavour flavour) {
    if (flavour == TRTV_FLAVOUR_RTX) return {"libtensorrt_onnxparser_rtx.so.1", "libtensorrt_onnxparser_rtx.so"};
    return {"libnvonnxparser.so." + std::to_string(kMajor), "libnvonnxparser.so"};
}

// What else may be installed: looked for, by name only, to say that the version is the trouble.
std::vector<std::string> other_names(trtv_flavour flavour) {
    std::vector<std::string> names;
    for (int32_t major = 8; flavour == TRTV_FLAVOUR_TENSORRT && major <= 12; ++major)
        if (major != kMajor) names.push_back("libnvinfer.so." + std::to_string(major));
    return names;
}

bool suits(trtv_flavour flavour, int32_t version) {
    return flavour == TRTV_FLAVOUR_RTX ? version >= kFirstRtx && version < 20000
                                       : version >= kFirst && version / 10000 == kMajor;
}

std::string dotted(int32_t version) {
    return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100);
}

// "8.6.1" of libnvinfer.so.8.6.1, what a link leads to; "" of what is no other major's library.
std::string other_version(const std::string& path, trtv_flavour flavour) {
    for (const std::string& name : other_names(flavour)) {
        if (std::filesystem::path(path).filename() != name) continue;
        std::error_code failed;
        const std::string file = std::filesystem::canonical(path, failed).filename().string();
        const std::string mark = ".so.";
        const size_t version = file.find(mark);
        return failed || version == std::string::npos ? "" : file.substr(version + mark.size());
    }
    return "";
}

int32_t call_version(const SharedLibrary& library, const char* symbol) {
    const auto function = reinterpret_cast<VersionFunction>(library.find(symbol));
    return function == nullptr ? 0 : function();
}

// Calls one of NVIDIA's factories: what it throws, and what is no object, becomes an Error.
template <typename Call>
void* call_factory(Call&& call, const std::string& what) {
    void* made = nullptr;
    std::string thrown;
    try {
        made = call();
    } catch (const std::exception& error) {
        thrown = error.what();
    } catch (...) {
        thrown = "an exception of unknown type";
    }
    if (!thrown.empty()) throw tensorrt_error("TensorRT threw while making " + what + ": " + thrown + ".");
    // Without CUDA some versions give a small number for a pointer.
    if (reinterpret_cast<uintptr_t>(made) < kFirstPage) throw tensorrt_error("TensorRT could not make " + what + ".");
    return made;
}

}  // namespace

Nvidia::Nvidia(const trtv_library_options& options) : flavour_(static_cast<trtv_flavour>(options.flavour)) {
    require_range(options.flavour, TRTV_FLAVOUR_TENSORRT, TRTV_FLAVOUR_RTX, "flavour");
    if (flavour_ == TRTV_FLAVOUR_RTX && kMajor < 11) {
        throw Error(TRTV_ERROR_UNSUPPORTED,
                    "TensorRT-RTX has the C++ API of TensorRT 11: use libtrtvocoder11.so, not libtrtvocoder" +
                        std::to_string(kMajor) + ".so.");
    }
    parser_candidates_ =
        copy_candidates(options.parser_candidates, options.parser_candidate_count, "parser_candidates");
    driver_candidates_ =
        copy_candidates(options.driver_candidates, options.driver_candidate_count, "driver_candidates");
    load_runtime(copy_candidates(options.candidates, options.candidate_count, "candidates"));
}

void Nvidia::load_runtime(const std::vector<std::string>& candidates) {
    std::vector<Attempt> attempts;
    bool unsuitable = false;
    for (const std::string& path : expand_candidates(candidates, runtime_names(flavour_))) {
        const SharedLibrary library = open_library(path, attempts);
        if (library.handle == nullptr) continue;
        const int32_t version = call_version(library, "getInferLibVersion");
        if (version == 0 || library.find("createInferRuntime_INTERNAL") == nullptr) {
            attempts.push_back({library.path, std::string("not ") + name_of(flavour_)});
        } else if (!suits(flavour_, version)) {
            attempts.push_back({library.path, "version " + dotted(version) + ", expected " + wanted(flavour_)});
            unsuitable = true;
        } else {
            runtime_ = library;
            version_ = version;
            build_ = call_version(library, "getInferLibBuildVersion");
            const std::string found = std::string(name_of(flavour_)) + " " + dotted(version) + " from " + library.path;
            Logger::instance().say(TRTV_SEVERITY_INFO, found.c_str());
            return;
        }
    }
    for (const std::string& path : expand_candidates(candidates, other_names(flavour_))) {
        if (unsuitable) break;
        const std::string file = find_file(path);
        const std::string version = other_version(file, flavour_);
        if (version.empty()) continue;
        attempts.push_back({file, "version " + version + ", expected " + wanted(flavour_)});
        unsuitable = true;
    }
    throw Error(unsuitable ? TRTV_ERROR_LIBRARY_UNSUITABLE : TRTV_ERROR_LIBRARY_NOT_FOUND,
                unsuitable
                    ? "Only other versions than " + wanted(flavour_) + " were found. Tried: " + describe(attempts) + "."
                    : wanted(flavour_) + " was not found. Tried: " + describe(attempts) + ".",
                unsuitable ? TRTV_DOMAIN_SHIM : TRTV_DOMAIN_LOADER);
}

void Nvidia::load_parser() {
    std::lock_guard lock(parser_mutex_);
    if (parser_.handle != nullptr) return;
    std::vector<std::string> paths = expand_candidates(parser_candidates_, parser_names(flavour_));
    if (parser_candidates_.empty()) {
        const std::string folder = std::filesystem::path(runtime_.path).parent_path().string();
        if (!folder.empty()) {
            const std::vector<std::string> beside = expand_candidates({folder}, parser_names(flavour_));
            paths.insert(paths.begin(), beside.begin(), beside.end());
        }
    }
    std::vector<Attempt> attempts;
    for (const std::string& path : paths) {
        const SharedLibrary library = open_library(path, attempts);
        if (library.handle == nullptr) continue;
        if (library.find("createNvOnnxParser_INTERNAL") == nullptr) {
            attempts.push_back({library.path, "not an ONNX parser"});
            continue;
        }
        parser_version_ = call_version(library, "getNvOnnxParserVersion");
        parser_ = library;
        return;
    }
    throw Error(
        TRTV_ERROR_LIBRARY_NOT_FOUND,
        std::string("The ONNX parser of ") + name_of(flavour_) + " was not found. Tried: " + describe(attempts) + ".",
        TRTV_DOMAIN_LOADER);
}

void Nvidia::describe_to(trtv_library_info& info) {
    info.flavour = flavour_;
    info.major = version_ / 10000;
    info.minor = version_ / 100 % 100;
    info.patch = version_ % 100;
    info.build = build_;
    info.path = runtime_.path.c_str();
    std::lock_guard lock(parser_mutex_);
    info.parser_version = parser_version_;
    info.reserved = 0;
    info.parser_path = parser_.handle == nullptr ? nullptr : parser_.path.c_str();
}

void* Nvidia::create(const char* factory, const char* what) {
    const auto function = reinterpret_cast<FactoryFunction>(runtime_.find(factory));
    if (function == nullptr)
        throw Error(TRTV_ERROR_LIBRARY_UNSUITABLE,
                    runtime_.path + " cannot make " + what + ": it has no " + factory + ".");
    return call_factory([&] { return function(&Logger::instance(), version_); }, what);
}

std::unique_ptr<nvinfer1::IRuntime> Nvidia::create_runtime() {
    // Without a driver TensorRT gives a pointer that is not NULL and leads nowhere.
    require_driver(driver_candidates_);
    return std::unique_ptr<nvinfer1::IRuntime>(
        static_cast<nvinfer1::IRuntime*>(create("createInferRuntime_INTERNAL", "a runtime")));
}

std::unique_ptr<nvinfer1::IBuilder> Nvidia::create_builder() {
    // Where TensorRT cannot use the driver (too old, say), making a builder ends the process, making a runtime does
    // not.
    if (flavour_ == TRTV_FLAVOUR_TENSORRT) create_runtime();
    return std::unique_ptr<nvinfer1::IBuilder>(
        static_cast<nvinfer1::IBuilder*>(create("createInferBuilder_INTERNAL", "a builder")));
}

std::unique_ptr<nvonnxparser::IParser> Nvidia::create_parser(nvinfer1::INetworkDefinition& network) {
    load_parser();
    const auto function = reinterpret_cast<ParserFunction>(parser_.find("createNvOnnxParser_INTERNAL"));
    void* made =
        call_factory([&] { return function(&network, &Logger::instance(), parser_version_); }, "an ONNX parser");
    return std::unique_ptr<nvonnxparser::IParser>(static_cast<nvonnxparser::IParser*>(made));
}

}  // namespace trtv
