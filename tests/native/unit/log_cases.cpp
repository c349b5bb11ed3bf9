// Whose words explain a failure.
#include <thread>

#include "cases.h"
#include "core/log.h"

using trtv::Logger;

namespace {

void log_error(const char* words) { Logger::instance().log(nvinfer1::ILogger::Severity::kERROR, words); }

bool call_fails() {
    try {
        trtv::throw_if_logged("The scratch memory was refused.");
        return false;
    } catch (const trtv::Error&) {
        return true;
    }
}

}  // namespace

CASE("A call that only the log can fail does not fail by another thread's error") {
    Logger::begin_call();
    std::thread([] { log_error("Error Code 4: another call's engine is refused"); }).join();
    CHECK(!call_fails());
    log_error("Error Code 3: this call's memory is too small");
    CHECK(call_fails());
    Logger::begin_call();
    CHECK(!call_fails());
}

CASE("A failure without words on its own thread is explained by those of TensorRT's workers") {
    Logger::begin_call();
    std::thread([] { log_error("Error Code 10: a worker's words"); }).join();
    const trtv::Error error = trtv::tensorrt_error("The engine could not be built.");
    CHECK_CONTAINS(error.what(), "a worker's words");
    CHECK_EQUAL(error.native_code(), 10);
    log_error("Error Code 2: its own words");
    CHECK_EQUAL(std::string(trtv::tensorrt_error("It failed.").what()),
                "It failed. TensorRT says: Error Code 2: its own words");
}
