// The inverse STFT: one kernel for inverse transform, window, overlap-add, envelope and trim.
//
// A block owns chunk_length samples. It transforms the frames that touch them, some at a time, each as a complex
// transform of half the length (the even samples are its real parts, the odd ones its imaginary parts), by Stockham
// passes between two buffers of shared memory, and then sums for each sample the frames in ascending order. Frames at
// the edge of a chunk are transformed by both of its neighbours: nothing is shared between blocks, so the samples do
// not depend on how blocks are cut, and are the same every time.
#pragma once

#include "phases.h"

namespace trtv {

TRTV_DEVICE Complex operator+(Complex a, Complex b) { return {a.x + b.x, a.y + b.y}; }
TRTV_DEVICE Complex operator-(Complex a, Complex b) { return {a.x - b.x, a.y - b.y}; }
TRTV_DEVICE Complex operator*(Complex a, Complex b) { return {a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x}; }
TRTV_DEVICE Complex operator*(float a, Complex b) { return {a * b.x, a * b.y}; }
/** i a. */
TRTV_DEVICE Complex turned(Complex a) { return {-a.y, a.x}; }

// In shared memory a gap follows every 8 elements, so that threads that write 8 elements apart meet different banks.
TRTV_DEVICE int padded(int index) { return index + (index >> 3); }

/** The element of a frame that holds sample n, counted in floats. */
TRTV_DEVICE int sample_place(int n) { return 2 * padded(n >> 1) + (n & 1); }

TRTV_DEVICE float from_bits(uint32_t bits) {
    union {
        uint32_t bits;
        float value;
    } both = {bits};
    return both.value;
}

TRTV_DEVICE float from_half(uint16_t half) {
    uint32_t magnitude = half & 0x7fffu;
    float value =
        magnitude >= 0x7c00u ? from_bits(0x7f800000u | (magnitude << 13)) : from_bits(magnitude << 13) * 0x1p112f;
    return half & 0x8000u ? -value : value;
}

TRTV_DEVICE bool is_finite(float value) { return __builtin_fabsf(value) <= 3.402823466e38f; }

/**
 * Loads 'Count' elements 'step' apart, and as many that end the mirrored row. The format is asked once and nothing is
 * computed between the loads, so that all of them are under way together: their latency is most of what the kernel
 * takes.
 */
template <int Count>
TRTV_DEVICE void load(uint64_t address, int32_t format, int64_t low, int64_t high, int64_t step, float (&lows)[Count],
                      float (&highs)[Count]) {
    if (format == TRTV_NUMBER_FLOAT16) {
        const uint16_t* halves = reinterpret_cast<const uint16_t*>(address);
        uint16_t low_bits[Count], high_bits[Count];
        for (int r = 0; r < Count; ++r) {
            low_bits[r] = load_half(halves + low + r * step);
            high_bits[r] = load_half(halves + high - r * step);
        }
        for (int r = 0; r < Count; ++r) {
            lows[r] = from_half(low_bits[r]);
            highs[r] = from_half(high_bits[r]);
        }
        return;
    }
    const float* floats = reinterpret_cast<const float*>(address);
    for (int r = 0; r < Count; ++r) {
        lows[r] = load_float(floats + low + r * step);
        highs[r] = load_float(floats + high - r * step);
    }
}

TRTV_DEVICE int divide(int n, uint32_t magic) { return static_cast<int>((static_cast<uint64_t>(n) * magic) >> 31); }

TRTV_DEVICE void butterfly(Complex (&v)[2]) {
    const Complex a = v[0];
    v[0] = a + v[1];
    v[1] = a - v[1];
}

TRTV_DEVICE void butterfly(Complex (&v)[3]) {
    const Complex sum = v[1] + v[2];
    const Complex side = turned(0.866025403784438647f * (v[1] - v[2]));
    const Complex middle = v[0] - 0.5f * sum;
    v[0] = v[0] + sum;
    v[1] = middle + side;
    v[2] = middle - side;
}

TRTV_DEVICE void butterfly(Complex (&v)[4]) {
    const Complex a = v[0] + v[2];
    const Complex b = v[0] - v[2];
    const Complex c = v[1] + v[3];
    const Complex d = turned(v[1] - v[3]);
    v[0] = a + c;
    v[1] = b + d;
    v[2] = a - c;
    v[3] = b - d;
}

TRTV_DEVICE void butterfly(Complex (&v)[5]) {
    constexpr float kCos1 = 0.309016994374947424f;
    constexpr float kCos2 = -0.809016994374947424f;
    constexpr float kSin1 = 0.951056516295153572f;
    constexpr float kSin2 = 0.587785252292473129f;
    const Complex a = v[1] + v[4];
    const Complex b = v[2] + v[3];
    const Complex c = v[1] - v[4];
    const Complex d = v[2] - v[3];
    const Complex p = v[0] + kCos1 * a + kCos2 * b;
    const Complex q = v[0] + kCos2 * a + kCos1 * b;
    const Complex r = turned(kSin1 * c + kSin2 * d);
    const Complex s = turned(kSin2 * c - kSin1 * d);
    v[0] = v[0] + a + b;
    v[1] = p + r;
    v[2] = q + s;
    v[3] = q - s;
    v[4] = p - r;
}

TRTV_DEVICE void butterfly(Complex (&v)[8]) {
    constexpr float kHalf = 0.707106781186547524f;
    Complex even[4] = {v[0], v[2], v[4], v[6]};
    Complex odd[4] = {v[1], v[3], v[5], v[7]};
    butterfly(even);
    butterfly(odd);
    odd[1] = kHalf * (odd[1] + turned(odd[1]));
    odd[2] = turned(odd[2]);
    odd[3] = kHalf * (turned(odd[3]) - odd[3]);
    for (int i = 0; i < 4; ++i) {
        v[i] = even[i] + odd[i];
        v[i + 4] = even[i] - odd[i];
    }
}

/** One thread's part of the first pass, which makes of each bin what the complex transform of half the length takes in.
 */
template <int Radix>
TRTV_DEVICE void first_pass(const trtv_inverse_stft_arguments& a, int thread, int threads, int item, int first,
                            Complex* to, int frames) {
    const Complex* turns = reinterpret_cast<const Complex*>(a.tables);
    const int length = a.fft_length / 2;
    const int stride = padded(length);
    const int butterflies = length / Radix;
    for (int i = thread; i < frames * butterflies; i += threads) {
        // Neighbouring threads read what lies side by side: bins of a frame, or frames of a bin.
        const int row = a.bin_stride == 1 ? divide(i, a.butterfly_magics[0]) : i / frames;
        const int frame = a.bin_stride == 1 ? row : i - row * frames;
        const int j = a.bin_stride == 1 ? i - row * butterflies : row;
        const int64_t start = item * a.item_stride + (first + frame) * a.frame_stride;
        const int64_t low = start + j * a.bin_stride;
        const int64_t high = start + (length - j) * a.bin_stride;
        const int64_t step = butterflies * a.bin_stride;
        float low_x[Radix], low_y[Radix], high_x[Radix], high_y[Radix];
        load(a.first, a.spectrum_format, low, high, step, low_x, high_x);
        load(a.second, a.spectrum_format, low, high, step, low_y, high_y);
        Complex v[Radix];
        for (int r = 0; r < Radix; ++r) v[r] = load_complex(turns + j + r * butterflies);
        if (a.form == TRTV_SPECTRUM_MAGNITUDE_COSINE_SINE) {
            float low_sine[Radix], high_sine[Radix];
            load(a.third, a.spectrum_format, low, high, step, low_sine, high_sine);
            for (int r = 0; r < Radix; ++r) {
                const float cosines[2] = {low_y[r], high_y[r]};
                low_y[r] = low_x[r] * low_sine[r];
                high_y[r] = high_x[r] * high_sine[r];
                low_x[r] *= cosines[0];
                high_x[r] *= cosines[1];
            }
        }
        // The first and the last bin are real: what the network says of their imaginary parts is ignored.
        if (j == 0) low_y[0] = high_y[0] = 0;
        for (int r = 0; r < Radix; ++r) {
            // X[k] + X*[M-k] makes the even samples, (X[k] - X*[M-k]) exp(2 pi i k / N) the odd ones.
            const Complex even = {low_x[r] + high_x[r], low_y[r] - high_y[r]};
            v[r] = even + turned(Complex{low_x[r] - high_x[r], low_y[r] + high_y[r]} * v[r]);
        }
        butterfly(v);
        for (int r = 0; r < Radix; ++r) to[frame * stride + padded(j * Radix + r)] = v[r];
    }
}

/** One thread's part of pass p; 'done' is the product of the radices of the passes before. */
template <int Radix>
TRTV_DEVICE void pass(const trtv_inverse_stft_arguments& a, int thread, int threads, int p, const Complex* from,
                      Complex* to, int frames, int done) {
    const Complex* turns = reinterpret_cast<const Complex*>(a.tables);
    const int length = a.fft_length / 2;
    const int stride = padded(length);
    const int butterflies = length / Radix;
    const int turn = a.fft_length / (done * Radix);
    for (int i = thread; i < frames * butterflies; i += threads) {
        const int frame = divide(i, a.butterfly_magics[p]);
        const int j = i - frame * butterflies;
        const int k = j - divide(j, a.done_magics[p]) * done;
        Complex v[Radix];
        v[0] = from[frame * stride + padded(j)];
        for (int r = 1; r < Radix; ++r)
            v[r] = from[frame * stride + padded(j + r * butterflies)] * load_complex(turns + r * k * turn);
        butterfly(v);
        for (int r = 0; r < Radix; ++r) to[frame * stride + padded((j - k) * Radix + k + r * done)] = v[r];
    }
}

/** The interior envelope over the one that the frames there make; 1 unless frames are missing. */
TRTV_DEVICE float edge_correction(const trtv_inverse_stft_arguments& a, int position) {
    const float* squares = reinterpret_cast<const float*>(a.tables) + 3 * a.fft_length;
    float whole = 0;
    float there = 0;
    for (int n = position % a.hop_length; n < a.fft_length; n += a.hop_length) {
        const int start = position - n;
        whole += squares[n];
        if (start >= 0 && start < a.frame_count * a.hop_length) there += squares[n];
    }
    return whole / there;
}

/** Writes a sample; whether it is finite. */
TRTV_DEVICE bool store(const trtv_inverse_stft_arguments& a, int64_t element, float sample) {
    if (a.sample_format == TRTV_NUMBER_PCM16) {
        const float scaled = __builtin_rintf(sample * 32768.0f);
        const float clipped = scaled < -32768.0f ? -32768.0f : scaled > 32767.0f ? 32767.0f : scaled;
        reinterpret_cast<int16_t*>(a.samples)[element] = is_finite(sample) ? static_cast<int16_t>(clipped) : int16_t{0};
    } else {
        reinterpret_cast<float*>(a.samples)[element] = sample;
    }
    return is_finite(sample);
}

TRTV_KERNEL trtv_inverse_stft(const trtv_inverse_stft_arguments a) {
    const int item = block_y();
    const int chunk = block_x() * a.chunk_length;
    const int samples = a.sample_count - chunk < a.chunk_length ? a.sample_count - chunk : a.chunk_length;
    const int length = a.fft_length / 2;
    const int stride = padded(length);

    // The frames that touch the positions [begin, begin + samples) of the signal before trimming.
    const int begin = chunk + a.trim_length;
    const int begin_frame = begin / a.hop_length;
    const int begin_offset = begin - begin_frame * a.hop_length;
    const int first_frame = begin < a.fft_length ? 0 : (begin - a.fft_length) / a.hop_length + 1;
    const int last_frame = (begin + samples - 1) / a.hop_length;
    const int end_frame = last_frame < a.frame_count ? last_frame + 1 : a.frame_count;

    // Two buffers that the passes read and write in turns, and where frames come in several groups the sums so far.
    Complex* const buffers = reinterpret_cast<Complex*>(shared_memory);
    const int buffer_size = a.frames_at_once * stride;
    float* const sums = shared_memory + 4 * buffer_size;
    int first_bad = TRTV_ALL_FINITE;

    for (int group = first_frame; group < end_frame; group += a.frames_at_once) {
        const int group_end = group + a.frames_at_once < end_frame ? group + a.frames_at_once : end_frame;
        const int frames = group_end - group;
        TRTV_PHASE(thread, threads) {
            const int radix = a.radices[0];
            if (radix == 8)
                first_pass<8>(a, thread, threads, item, group, buffers, frames);
            else if (radix == 4)
                first_pass<4>(a, thread, threads, item, group, buffers, frames);
            else if (radix == 2)
                first_pass<2>(a, thread, threads, item, group, buffers, frames);
            else if (radix == 3)
                first_pass<3>(a, thread, threads, item, group, buffers, frames);
            else
                first_pass<5>(a, thread, threads, item, group, buffers, frames);
        }

        int done = a.radices[0];
        for (int p = 1; p < a.pass_count; ++p) {
            const int radix = a.radices[p];
            const Complex* from = buffers + ((p - 1) & 1) * buffer_size;
            Complex* to = buffers + (p & 1) * buffer_size;
            TRTV_PHASE(thread, threads) {
                if (radix == 8)
                    pass<8>(a, thread, threads, p, from, to, frames, done);
                else if (radix == 4)
                    pass<4>(a, thread, threads, p, from, to, frames, done);
                else if (radix == 2)
                    pass<2>(a, thread, threads, p, from, to, frames, done);
                else if (radix == 3)
                    pass<3>(a, thread, threads, p, from, to, frames, done);
                else
                    pass<5>(a, thread, threads, p, from, to, frames, done);
            }
            done *= radix;
        }

        const float* signals = reinterpret_cast<const float*>(buffers + ((a.pass_count - 1) & 1) * buffer_size);
        const float* window = reinterpret_cast<const float*>(a.tables) + 2 * a.fft_length;
        TRTV_PHASE(thread, threads) {
            for (int i = thread; i < samples; i += threads) {
                const int position = begin + i;
                const int latest = begin_frame + divide(begin_offset + i, a.hop_magic);
                float sum = group == first_frame ? 0 : sums[i];
                // Ascending frames, those that the group holds and whose window reaches this position.
                int frame = group;
                int n = position - group * a.hop_length;
                if (n >= a.fft_length) {
                    const int late = divide(n - a.fft_length, a.hop_magic) + 1;
                    frame += late;
                    n -= late * a.hop_length;
                }
                for (; frame <= latest && frame < group_end; ++frame, n -= a.hop_length) {
                    sum += signals[(frame - group) * 2 * stride + sample_place(n)] * load_float(window + n);
                }
                if (group_end < end_frame) {
                    sums[i] = sum;
                    continue;
                }
                if (position < a.fft_length - a.hop_length || latest >= a.frame_count)
                    sum *= edge_correction(a, position);
                const bool finite = store(a, static_cast<int64_t>(item) * a.sample_count + chunk + i, sum);
                if (!finite && chunk + i < first_bad) first_bad = chunk + i;
            }
        }
    }

    int32_t* const report = reinterpret_cast<int32_t*>(a.non_finite) + item * grid_width() + block_x();
    int32_t* const firsts = reinterpret_cast<int32_t*>(shared_memory);
    const bool found = any_found(first_bad != TRTV_ALL_FINITE);
    TRTV_PHASE(thread, threads) {
        (void)threads;
        if (found)
            firsts[thread] = first_bad;
        else if (thread == 0)
            *report = TRTV_ALL_FINITE;
    }
    if (!found) return;
    TRTV_PHASE(thread, threads) {
        if (thread != 0) continue;
        int first = firsts[0];
        for (int other = 1; other < threads; ++other) first = firsts[other] < first ? firsts[other] : first;
        *report = first;
    }
}

}  // namespace trtv
