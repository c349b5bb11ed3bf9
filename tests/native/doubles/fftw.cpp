// A library with FFTW's names whose guru planners are stubs, as in libraries that imitate a part of its interface.
#include <cstddef>
#include <cstdlib>

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void* fftwf_plan_guru_split_dft() { return nullptr; }
EXPORT void* fftwf_plan_guru_split_dft_r2c() { return nullptr; }
EXPORT void* fftwf_plan_guru_split_dft_c2r() { return nullptr; }
EXPORT void fftwf_execute() {}
EXPORT void fftwf_execute_split_dft() {}
EXPORT void fftwf_execute_split_dft_r2c() {}
EXPORT void fftwf_execute_split_dft_c2r() {}
EXPORT void fftwf_destroy_plan() {}
EXPORT void* fftwf_malloc(std::size_t bytes) { return std::malloc(bytes); }
EXPORT void fftwf_free(void* memory) { std::free(memory); }
