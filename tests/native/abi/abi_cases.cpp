// Our declarations against NVIDIA's, and the shared libraries' outer face. With headers at hand:
//   cmake -S . -B build/abi -DTENSORRT_ROOT="10.3;10.16;11.1" && cmake --build build/abi && build/abi/tests/abi_tests
// where each root holds NVIDIA's headers in include/.
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "cases.h"

namespace {

std::vector<std::string> output_of(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
    std::string text;
    char block[4096];
    for (size_t count = 0; (count = std::fread(block, 1, sizeof(block), pipe)) > 0;) text.append(block, count);
    if (pclose(pipe) != 0) throw std::runtime_error(command + " failed");
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
    return parts;
}

std::map<std::string, std::string> facts_of(const std::string& program) {
    std::map<std::string, std::string> facts;
    for (const std::string& line : output_of(program)) {
        const size_t colon = line.find(": ");
        facts[line.substr(0, colon)] = line.substr(colon + 2);
    }
    return facts;
}

void compare(const std::string& ours, const std::string& theirs) {
    const std::map<std::string, std::string> expected = facts_of(theirs);
    const std::map<std::string, std::string> actual = facts_of(ours);
    int compared = 0;
    int absent = 0;
    for (const auto& [name, fact] : actual) {
        const auto place = expected.find(name);
        // Some of NVIDIA's packages come without the parser's header; nothing else may be absent.
        const bool is_parser = name.rfind("IParser", 0) == 0;
        if (place == expected.end() && is_parser) {
            ++absent;
            continue;
        }
        ++compared;
        cases::check_equal(name + ": " + fact, name + ": " + (place == expected.end() ? "absent" : place->second),
                           "our declaration", __FILE__, __LINE__);
    }
    CHECK(compared > 100);
    std::printf("      %d facts compared%s\n", compared, absent > 0 ? "; no NvOnnxParser.h there" : "");
}

std::set<std::string> exports_of(const std::string& library) {
    std::set<std::string> names;
    for (const std::string& line : output_of("nm -D --defined-only " + library))
        names.insert(line.substr(line.rfind(' ') + 1));
    return names;
}

}  // namespace

CASE("Our declarations agree with NVIDIA's headers, slot by slot") {
    // OURS@THEIRS pairs of programs, separated by |.
    const std::vector<std::string> pairs = split(DUMP_PAIRS, '|');
    if (pairs.empty()) throw cases::Skip{"TENSORRT_ROOT is not set: none of NVIDIA's headers to compare with"};
    for (const std::string& pair : pairs) {
        const std::vector<std::string> programs = split(pair, '@');
        std::printf("      %s\n", programs.at(1).c_str());
        compare(programs.at(0), programs.at(1));
    }
}

CASE("The shims link nothing of NVIDIA's") {
    for (const std::string& library : split(SHIMS, '|')) {
        for (const std::string& line : output_of("readelf -d " + library)) {
            if (line.find("(NEEDED)") == std::string::npos) continue;
            for (const char* name : {"nvinfer", "nvonnx", "tensorrt", "cuda", "cudart"})
                if (line.find(name) != std::string::npos) cases::fail(__FILE__, __LINE__, library + " needs" + line);
        }
    }
}

CASE("The shims export the header's functions and nothing else") {
    std::set<std::string> declared;
    std::ifstream header(HEADER);
    for (std::string line; std::getline(header, line);) {
        if (line.rfind("TRTV_API", 0) != 0) continue;
        const size_t end = line.find('(');
        declared.insert(line.substr(line.rfind(' ', end) + 1, end - line.rfind(' ', end) - 1));
    }
    CHECK(declared.size() > 50);
    for (const std::string& library : split(SHIMS, '|')) {
        const std::set<std::string> exported = exports_of(library);
        for (const std::string& name : declared)
            if (exported.count(name) == 0) cases::fail(__FILE__, __LINE__, library + " does not export " + name);
        for (const std::string& name : exported)
            if (declared.count(name) == 0) cases::fail(__FILE__, __LINE__, library + " exports " + name);
    }
}
