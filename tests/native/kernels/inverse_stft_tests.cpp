// The kernel's host build against an inverse STFT by its definition, in double precision.
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "../support/cases.h"
#include "inverse_stft.h"
#include "plan.h"

namespace {

struct Case {
    int length;
    int hop;
    bool same;
    int frames;
    int batch = 1;
    bool frame_major = false;
    int hops_a_chunk = 2;
    int frames_at_once = 0;
    int32_t form = TRTV_SPECTRUM_REAL_IMAGINARY;
    int32_t sample_format = TRTV_NUMBER_FLOAT32;
};

struct Run {
    trtv_inverse_stft_arguments arguments = {};
    std::vector<float> parts[3];
    std::vector<float> tables;
    std::vector<float> samples;
    std::vector<int16_t> pcm;
    std::vector<int32_t> non_finite;

    explicit Run(const Case& c) {
        CHECK(kernels::plan(arguments, c.length, c.hop, c.same, c.frames, c.hops_a_chunk, c.frames_at_once));
        const int64_t bins = c.length / 2 + 1;
        arguments.form = c.form;
        arguments.sample_format = c.sample_format;
        arguments.item_stride = bins * c.frames;
        arguments.bin_stride = c.frame_major ? 1 : c.frames;
        arguments.frame_stride = c.frame_major ? bins : 1;
        uint64_t state = 1;
        for (auto& part : parts) {
            part.resize(c.batch * arguments.item_stride);
            for (float& value : part) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                value = static_cast<float>(static_cast<double>(state >> 33) / 4294967296.0 - 0.25);
            }
        }
        tables = kernels::tables(c.length, c.hop);
        samples.assign(static_cast<size_t>(c.batch) * arguments.sample_count, std::numeric_limits<float>::quiet_NaN());
        pcm.assign(samples.size(), 12345);
        run(c.batch);
    }

    void run(int batch) {
        const int chunks = (arguments.sample_count + arguments.chunk_length - 1) / arguments.chunk_length;
        non_finite.assign(static_cast<size_t>(chunks) * batch, -1);
        arguments.first = reinterpret_cast<uint64_t>(parts[0].data());
        arguments.second = reinterpret_cast<uint64_t>(parts[1].data());
        arguments.third = reinterpret_cast<uint64_t>(parts[2].data());
        arguments.tables = reinterpret_cast<uint64_t>(tables.data());
        arguments.samples = arguments.sample_format == TRTV_NUMBER_PCM16 ? reinterpret_cast<uint64_t>(pcm.data())
                                                                         : reinterpret_cast<uint64_t>(samples.data());
        arguments.non_finite = reinterpret_cast<uint64_t>(non_finite.data());
        // Exactly as much as the launch asks for, so that a sanitizer sees what goes beyond.
        std::vector<float> shared(arguments.shared_bytes / sizeof(float), std::numeric_limits<float>::quiet_NaN());
        trtv::shared_memory = shared.data();
        for (int y = 0; y < batch; ++y) {
            for (int x = 0; x < chunks; ++x) {
                trtv::host_block = {x, y, chunks, 256};
                trtv::trtv_inverse_stft(arguments);
            }
        }
    }

    std::vector<double> definition(const Case& c, int item) const {
        const int n = c.length;
        const int total = (c.frames - 1) * c.hop + n;
        std::vector<double> signal(total), envelope(total), cosines(n), sines(n);
        for (int i = 0; i < n; ++i) {
            cosines[i] = std::cos(2 * kernels::kPi * i / n);
            sines[i] = std::sin(2 * kernels::kPi * i / n);
        }
        for (int t = 0; t < c.frames; ++t) {
            for (int i = 0; i < n; ++i) {
                double sum = 0;
                for (int k = 0; k <= n / 2; ++k) {
                    const size_t at =
                        item * arguments.item_stride + k * arguments.bin_stride + t * arguments.frame_stride;
                    double re = parts[0][at], im = parts[1][at];
                    if (c.form == TRTV_SPECTRUM_MAGNITUDE_COSINE_SINE) {
                        re = static_cast<double>(parts[0][at]) * parts[1][at];
                        im = static_cast<double>(parts[0][at]) * parts[2][at];
                    }
                    const int64_t turn = static_cast<int64_t>(k) * i % n;
                    const bool real = k == 0 || 2 * k == n;
                    sum += (real ? 1 : 2) * (re * cosines[turn] - (real ? 0 : im * sines[turn]));
                }
                const double w = kernels::window(i, n);
                signal[t * c.hop + i] += sum / n * w;
                envelope[t * c.hop + i] += w * w;
            }
        }
        std::vector<double> result(arguments.sample_count);
        for (int i = 0; i < arguments.sample_count; ++i)
            result[i] = signal[arguments.trim_length + i] / envelope[arguments.trim_length + i];
        return result;
    }

    double snr(const Case& c) const {
        double power = 0, error = 0;
        for (int item = 0; item < c.batch; ++item) {
            const std::vector<double> expected = definition(c, item);
            for (int i = 0; i < arguments.sample_count; ++i) {
                const double actual = samples[static_cast<size_t>(item) * arguments.sample_count + i];
                power += expected[i] * expected[i];
                error += (actual - expected[i]) * (actual - expected[i]);
            }
        }
        return error == 0 ? 1000 : 10 * std::log10(power / error);
    }
};

void check_snr(const Case& c) {
    const double snr = Run(c).snr(c);
    if (!(snr >= 120)) {
        cases::fail(__FILE__, __LINE__,
                    "n_fft " + std::to_string(c.length) + " hop " + std::to_string(c.hop) + " frames " +
                        std::to_string(c.frames) + ": " + std::to_string(snr) + " dB");
    }
}

}  // namespace

CASE("Every n_fft of the factors 2, 3 and 5 equals the definition") {
    for (int length :
         {128, 150, 162, 192, 200, 240, 250, 256, 300, 320, 400, 480, 512, 600, 640, 768, 800, 960, 1000, 1024, 1200})
        for (bool same : {false, true}) check_snr({length, length / 4 / 2 * 2, same, 7});
}

CASE("The largest transforms equal the definition") {
    check_snr({2048, 512, false, 5});
    check_snr({4096, 1024, true, 4});
    check_snr({4096, 256, true, 3});
    check_snr({4000, 1000, false, 3});
    check_snr({2916, 729, false, 3});
}

CASE("Hops that divide n_fft and hops that do not equal the definition") {
    for (int hop : {16, 30, 50, 64, 100, 126, 128})
        for (bool same : {false, true}) check_snr({256, hop, same, 9});
}

CASE("Every number of frames equals the definition") {
    for (int frames = 1; frames <= 12; ++frames) {
        check_snr({128, 32, true, frames});
        if (frames > 1) check_snr({128, 32, false, frames});
    }
}

CASE("Both memory orders and every item of a batch equal the definition") {
    check_snr({256, 64, false, 9, 3, false});
    check_snr({256, 64, true, 9, 3, true});
}

CASE("Magnitude, cosine and sine equal the definition") {
    check_snr({256, 64, false, 9, 2, false, 2, 0, TRTV_SPECTRUM_MAGNITUDE_COSINE_SINE});
    check_snr({256, 64, true, 9, 2, true, 2, 0, TRTV_SPECTRUM_MAGNITUDE_COSINE_SINE});
}

CASE("Samples do not depend on how blocks are cut") {
    const Run whole({256, 64, false, 40, 1, true, 39});
    for (int hops : {1, 2, 3, 7})
        for (int at_once : {0, 1, 2, 3})
            CHECK(Run({256, 64, false, 40, 1, true, hops, at_once}).samples == whole.samples);
}

CASE("PCM is within a step of the samples and clips") {
    const Case c = {256, 64, false, 9};
    Run floats(c), pcm(c);
    pcm.arguments.sample_format = TRTV_NUMBER_PCM16;
    for (float& value : pcm.parts[0]) value *= 40;
    for (float& value : floats.parts[0]) value *= 40;
    floats.run(1);
    pcm.run(1);
    int clipped = 0;
    for (size_t i = 0; i < floats.samples.size(); ++i) {
        const float expected = std::min(32767.0f, std::max(-32768.0f, std::nearbyint(floats.samples[i] * 32768.0f)));
        CHECK_EQUAL(pcm.pcm[i], static_cast<int16_t>(expected));
        clipped += std::fabs(floats.samples[i]) > 1 ? 1 : 0;
    }
    CHECK(clipped > 0);
}

CASE("The first sample that is not finite is reported by the blocks it touches") {
    const Case c = {128, 32, true, 20};
    Run run(c);
    for (int32_t first : run.non_finite) CHECK_EQUAL(first, TRTV_ALL_FINITE);
    run.parts[0][10] =
        std::numeric_limits<float>::infinity();  // Bin 0 of frame 10: positions 320 to 447, samples 272 to 399.
    run.run(1);
    for (size_t block = 0; block < run.non_finite.size(); ++block) {
        const int from = static_cast<int>(block) * 64, to = from + 64;
        // The window's first value is zero, and zero times infinity is no number.
        const int expected = to <= 272 || from >= 400 ? TRTV_ALL_FINITE : std::max(from, 272);
        CHECK_EQUAL(run.non_finite[block], expected);
    }
}

CASE("Half precision is read as it is") {
    struct Pair {
        uint16_t half;
        float value;
    };
    for (const Pair& p :
         {Pair{0x0000, 0.0f}, Pair{0x3c00, 1.0f}, Pair{0xc000, -2.0f}, Pair{0x7bff, 65504.0f}, Pair{0x0400, 0x1p-14f},
          Pair{0x0001, 0x1p-24f}, Pair{0x83ff, -0x3ffp-24f}, Pair{0x3555, 0x1.554p-2f}})
        CHECK_EQUAL(trtv::from_half(p.half), p.value);
    CHECK(std::isinf(trtv::from_half(0x7c00)));
    CHECK(std::isnan(trtv::from_half(0x7e00)));
}
