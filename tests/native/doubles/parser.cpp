// An ONNX parser's library whose factory gives a pointer that leads nowhere, or throws when PARSER_THROWS is set.
#include <cstdlib>
#include <stdexcept>

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int getNvOnnxParserVersion() { return 100300; }

EXPORT void* createNvOnnxParser_INTERNAL(void*, void*, int) {
    if (std::getenv("PARSER_THROWS") != nullptr) throw std::runtime_error("no parser today");
    return reinterpret_cast<void*>(0x200);
}
