// A kernel is written as phases: what every thread does between two barriers. A GPU runs a phase in all threads at
// once; on the host the same source runs it thread after thread. So no local variable lives across a phase (but what
// thread_found_one counts), and the host's build computes what the GPU does.
//
// Nothing of the CUDA toolkit is included: clang makes PTX from this with -nocudainc -nocudalib.
#pragma once

#include "trtvocoder_kernels.h"

namespace trtv {

struct Complex {
    float x;
    float y;
};

}  // namespace trtv

#ifdef __CUDA__

#define TRTV_DEVICE __attribute__((device)) inline __attribute__((always_inline))
#define TRTV_KERNEL extern "C" __attribute__((global)) __attribute__((launch_bounds(TRTV_MOST_THREADS))) void
#define TRTV_PHASE(thread, threads)                                                                                    \
    for (int thread = __nvvm_read_ptx_sreg_tid_x(), threads = __nvvm_read_ptx_sreg_ntid_x(), trtv_once = 1; trtv_once; \
         trtv_once = 0, __syncthreads())

namespace trtv {

// Its size is given at launch.
extern __attribute__((shared)) __attribute__((aligned(16))) float shared_memory[];

TRTV_DEVICE int block_x() { return __nvvm_read_ptx_sreg_ctaid_x(); }
TRTV_DEVICE int block_y() { return __nvvm_read_ptx_sreg_ctaid_y(); }
TRTV_DEVICE int grid_width() { return __nvvm_read_ptx_sreg_nctaid_x(); }

// Loads of what the kernel does not write, by the read-only path.
TRTV_DEVICE float load_float(const float* address) { return __nvvm_ldg_f(address); }
TRTV_DEVICE uint16_t load_half(const uint16_t* address) { return __nvvm_ldg_us(address); }
TRTV_DEVICE Complex load_complex(const Complex* address) {
    typedef float Pair __attribute__((ext_vector_type(2)));
    const Pair pair = __nvvm_ldg_f2(reinterpret_cast<const Pair*>(address));
    return {pair.x, pair.y};
}

/** Whether a thread of the block found what it looked for; a barrier. */
TRTV_DEVICE bool any_found(int found) { return __nvvm_bar0_or(found) != 0; }

}  // namespace trtv

#else

#define TRTV_DEVICE inline
#define TRTV_KERNEL inline void
#define TRTV_PHASE(thread, threads) for (int thread = 0, threads = trtv::host_block.threads; thread < threads; ++thread)

namespace trtv {

/** The block that the calling thread of the host runs. */
struct HostBlock {
    int x;
    int y;
    int grid_width;
    int threads;
};

inline thread_local HostBlock host_block;
inline thread_local float* shared_memory;

inline int block_x() { return host_block.x; }
inline int block_y() { return host_block.y; }
inline int grid_width() { return host_block.grid_width; }
inline float load_float(const float* address) { return *address; }
inline uint16_t load_half(const uint16_t* address) { return *address; }
inline Complex load_complex(const Complex* address) { return *address; }
inline bool any_found(int found) { return found != 0; }

}  // namespace trtv

#endif
