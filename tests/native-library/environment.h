// What './build.sh clients' tells the clients by environment variables.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

/** The value of a variable. Throws where it is not set. */
inline const char* given(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set; './build.sh clients' sets it");
    return value;
}

/** A function of the driver's, from the library that the client's own code would use. */
template <typename Function>
Function driver(const char* name) {
    static void* library = dlopen((std::string(given("TRTV_CUDA_DIR")) + "/libcuda.so.1").c_str(), RTLD_NOW);
    void* function = library == nullptr ? nullptr : dlsym(library, name);
    if (function == nullptr) throw std::runtime_error(std::string("the driver has no ") + name);
    return reinterpret_cast<Function>(function);
}
