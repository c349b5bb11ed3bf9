// What the managed side does before a launch, for tests that drive the kernel without it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "trtvocoder_kernels.h"

namespace kernels {

constexpr double kPi = 3.14159265358979323846;

inline double window(int n, int length) { return 0.5 - 0.5 * std::cos(2 * kPi * n / length); }

/** exp(2 pi i k / N) as pairs, the window over N and the interior envelope, the squared window. */
inline std::vector<float> tables(int length, int hop) {
    std::vector<float> result(4 * static_cast<size_t>(length));
    std::vector<double> interior(hop);
    for (int n = 0; n < length; ++n) interior[n % hop] += window(n, length) * window(n, length);
    for (int n = 0; n < length; ++n) {
        result[2 * n] = static_cast<float>(std::cos(2 * kPi * n / length));
        result[2 * n + 1] = static_cast<float>(std::sin(2 * kPi * n / length));
        result[2 * length + n] = static_cast<float>(window(n, length) / (length * interior[n % hop]));
        result[3 * length + n] = static_cast<float>(window(n, length) * window(n, length));
    }
    return result;
}

/** Fills in the sizes of a launch; false where the kernel does not serve n_fft. */
inline bool plan(trtv_inverse_stft_arguments& a, int length, int hop, bool same, int frames, int hops_a_chunk,
                 int frames_at_once) {
    a.fft_length = length;
    a.hop_length = hop;
    a.trim_length = same ? (length - hop) / 2 : length / 2;
    a.frame_count = frames;
    a.sample_count = same ? frames * hop : (frames - 1) * hop;
    a.chunk_length = hops_a_chunk * hop;
    int rest = length / 2;
    a.pass_count = 0;
    for (int radix : {8, 4, 2, 5, 3}) {
        for (; rest % radix == 0; rest /= radix) a.radices[a.pass_count++] = radix;
    }
    if (rest != 1) return false;
    const auto magic = [](int d) { return static_cast<uint32_t>(((1u << 31) + static_cast<uint32_t>(d) - 1) / d); };
    a.hop_magic = magic(hop);
    for (int p = 0, done = 1; p < a.pass_count; done *= a.radices[p++]) {
        a.butterfly_magics[p] = magic(length / 2 / a.radices[p]);
        a.done_magics[p] = magic(done);
    }
    const int stride = length / 2 + length / 16;
    const int touched = (a.chunk_length + length - 2) / hop + 1;
    a.frames_at_once =
        std::min({frames_at_once > 0 ? frames_at_once : touched, touched, TRTV_MOST_SHARED_BYTES / (16 * stride)});
    if (a.frames_at_once < touched) {
        a.frames_at_once = std::min(a.frames_at_once, (TRTV_MOST_SHARED_BYTES - 4 * a.chunk_length) / (16 * stride));
    }
    if (a.frames_at_once < 1) return false;
    a.shared_bytes =
        std::max(4096, 16 * a.frames_at_once * stride + (a.frames_at_once < touched ? 4 * a.chunk_length : 0));
    return true;
}

}  // namespace kernels
