// Driver functions on kernels. PTX is not run: a kernel's host build, of the same source, is called by its name.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "context.h"
#include "inverse_stft.h"
#include "memory.h"
#include "simulation.h"

using trtv_sim::enqueue;
using trtv_sim::FaultAction;
using trtv_sim::Memory;
using trtv_sim::Simulation;

struct CUfunc_st {
    std::string name;
    int32_t most_shared_bytes = 48 * 1024;
};

struct CUmod_st {
    std::string ptx;
    std::vector<std::unique_ptr<CUfunc_st>> functions;
};

namespace {

/** A launch of trtv_inverse_stft with device addresses in its arguments. */
struct InverseStftLaunch {
    trtv_inverse_stft_arguments arguments;
    int grid_x, grid_y, threads;
    uint32_t shared_bytes;

    static int64_t elementBytes(int32_t format) { return format == TRTV_NUMBER_FLOAT32 ? 4 : 2; }

    /** Replaces a device address by the host's; false when the range is not the GPU's to touch. */
    static bool resolve(uint64_t& address, int64_t bytes) {
        void* host = Memory::instance().resolve(address, static_cast<size_t>(bytes));
        address = reinterpret_cast<uint64_t>(host);
        return host != nullptr;
    }

    CUresult operator()() const {
        const FaultAction fault = Simulation::instance().enter("kernel");
        if (fault.kind != FaultAction::Kind::kNone) {
            return fault.kind == FaultAction::Kind::kCode ? static_cast<CUresult>(fault.code) : CUDA_ERROR_UNKNOWN;
        }
        trtv_inverse_stft_arguments a = arguments;
        const int64_t last =
            (grid_y - 1) * a.item_stride + (a.fft_length / 2) * a.bin_stride + (a.frame_count - 1) * a.frame_stride;
        const int64_t spectrum = (last + 1) * elementBytes(a.spectrum_format);
        const bool three = a.form == TRTV_SPECTRUM_MAGNITUDE_COSINE_SINE;
        if (!resolve(a.first, spectrum) || !resolve(a.second, spectrum) || (three && !resolve(a.third, spectrum)) ||
            !resolve(a.tables, 16 * static_cast<int64_t>(a.fft_length)) ||
            !resolve(a.samples, elementBytes(a.sample_format) * a.sample_count * grid_y) ||
            !resolve(a.non_finite, 4 * static_cast<int64_t>(grid_x) * grid_y)) {
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
        std::vector<float> shared(shared_bytes / sizeof(float));
        trtv::shared_memory = shared.data();
        for (int y = 0; y < grid_y; ++y) {
            for (int x = 0; x < grid_x; ++x) {
                trtv::host_block = {x, y, grid_x, threads};
                trtv::trtv_inverse_stft(a);
            }
        }
        return CUDA_SUCCESS;
    }
};

}  // namespace

extern "C" {

CUresult cuModuleLoadData(CUmodule* module, const void* image) {
    SIM_ENTER(kContext);
    if (!module || !image) return CUDA_ERROR_INVALID_VALUE;
    if (const CUresult refused = trtv_sim::checkUnsafeDuringCapture()) return refused;
    const std::string ptx = static_cast<const char*>(image);
    const size_t target = ptx.find(".target sm_");
    if (ptx.find(".version ") == std::string::npos || target == std::string::npos) return CUDA_ERROR_INVALID_PTX;
    const std::string capability = Simulation::instance().text("compute_capability");
    std::string digits;
    std::copy_if(capability.begin(), capability.end(), std::back_inserter(digits), [](char c) { return c != '.'; });
    if (std::atoi(ptx.c_str() + target + std::strlen(".target sm_")) > std::atoi(digits.c_str()))
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    auto loaded = std::make_shared<CUmod_st>();
    loaded->ptx = ptx;
    *module = trtv_sim::modules().add(std::move(loaded));
    return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
    SIM_ENTER(kBound);
    if (const CUresult refused = trtv_sim::checkUnsafeDuringCapture()) return refused;
    return trtv_sim::released(trtv_sim::modules().remove(module) != nullptr);
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    SIM_ENTER(kContext);
    if (!function || !name) return CUDA_ERROR_INVALID_VALUE;
    const auto object = trtv_sim::modules().find(module);
    if (!object) return CUDA_ERROR_INVALID_HANDLE;
    if (std::strcmp(name, "trtv_inverse_stft") != 0 ||
        object->ptx.find(std::string(".entry ") + name + "(") == std::string::npos) {
        return CUDA_ERROR_NOT_FOUND;
    }
    object->functions.push_back(std::make_unique<CUfunc_st>(CUfunc_st{name}));
    *function = object->functions.back().get();
    return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int32_t value) {
    SIM_ENTER(kContext);
    if (!function || attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 || value > 99 * 1024)
        return CUDA_ERROR_INVALID_VALUE;
    function->most_shared_bytes = value;
    return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction function, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z, uint32_t block_x,
                        uint32_t block_y, uint32_t block_z, uint32_t shared_bytes, CUstream stream, void** parameters,
                        void** extra) {
    SIM_ENTER(kContext);
    if (!function || !parameters || extra || grid_x == 0 || grid_y == 0 || grid_y > 65535 || grid_z != 1 ||
        block_x == 0 || block_x > 1024 || block_y != 1 || block_z != 1 ||
        shared_bytes > static_cast<uint32_t>(function->most_shared_bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    // As on a GPU: the arguments are copied now, the addresses are looked at when the kernel runs.
    const InverseStftLaunch launch = {*static_cast<const trtv_inverse_stft_arguments*>(parameters[0]),
                                      static_cast<int>(grid_x), static_cast<int>(grid_y), static_cast<int>(block_x),
                                      shared_bytes};
    return enqueue(stream, launch);
}
}
