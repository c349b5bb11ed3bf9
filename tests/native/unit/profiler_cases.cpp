// A profiler that runs out of memory loses a time, never a name.
#include <cstdlib>
#include <new>

#include "cases.h"
#include "core/log.h"
#include "profiler.h"

namespace {

// Allocations that still succeed; negative: all.
int allocations_left = -1;

}  // namespace

void* operator new(size_t size) {
    if (allocations_left == 0) throw std::bad_alloc();
    if (allocations_left > 0) --allocations_left;
    void* memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

CASE("Whichever allocation fails, each time is told by the name it was reported with") {
    // Too long to be kept inside a std::string.
    const char* const lost = "/backbone/convnext.0/a layer whose report runs out of memory";
    const char* const next = "/backbone/convnext.1/a layer that is reported later";
    // As after the loading of any library: the logger is made.
    trtv::Logger::instance().say(TRTV_SEVERITY_VERBOSE, "");
    for (int fails_at = 0; fails_at < 8; ++fails_at) {
        trtv::Profiler profiler;
        allocations_left = fails_at;
        profiler.reportLayerTime(lost, 1);
        allocations_left = -1;
        profiler.reportLayerTime(next, 2);
        profiler.reportLayerTime(lost, 1);
        int32_t layers[4];
        float times[4];
        const int32_t count = profiler.take(layers, times, 4);
        CHECK(count == 2 || count == 3);
        for (int32_t i = 0; i < count; ++i)
            CHECK_EQUAL(std::string(profiler.layer_name(layers[i])), std::string(times[i] == 1 ? lost : next));
    }
}
