/*
 * What the GPU kernels take. C11; the input of bindings/generator, and included by the kernels themselves, so that host
 * and device cannot disagree about a field.
 */
#ifndef TRTVOCODER_KERNELS_H
#define TRTVOCODER_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the network puts out. */
typedef enum trtv_spectrum_form {
    /** Real and imaginary parts. */
    TRTV_SPECTRUM_REAL_IMAGINARY = 0,
    /** Magnitude, cosine and sine of the phase. */
    TRTV_SPECTRUM_MAGNITUDE_COSINE_SINE = 1
} trtv_spectrum_form;

/** Number format of samples or spectra in device memory. */
typedef enum trtv_number_format {
    /** 32-bit float. */
    TRTV_NUMBER_FLOAT32 = 0,
    /** 16-bit float; spectra only. */
    TRTV_NUMBER_FLOAT16 = 1,
    /** 16-bit integer, full scale 32768, rounded half to even and clipped; samples only. */
    TRTV_NUMBER_PCM16 = 2
} trtv_number_format;

/** Most butterfly passes of a transform: 2 x 3^6 takes seven. */
#define TRTV_MOST_PASSES 12

/** Most threads of a block. */
#define TRTV_MOST_THREADS 512

/** In non_finite: every sample that the block made is finite. */
#define TRTV_ALL_FINITE 2147483647

/** Dynamic shared memory that a kernel may ask for, in bytes: 99 KB, what compute capability 8.6 has. */
#define TRTV_MOST_SHARED_BYTES 101376

/**
 * trtv_inverse_stft: spectra [batch, bins, frames] in any memory order -> samples [batch, sample_count].
 * Grid: (sample_count / chunk_length rounded up, batch). Block: any multiple of 32 threads up to TRTV_MOST_THREADS.
 * Dynamic shared memory: shared_bytes.
 *
 * Divisions by what does not change are products: a 'magic' of d is 2^31 / d rounded up, and n / d = n * magic / 2^31
 * for n d < 2^31.
 */
typedef struct trtv_inverse_stft_arguments {
    /** Device address of the real parts, or of the magnitudes. */
    uint64_t first;
    /** Device address of the imaginary parts, or of the cosines. */
    uint64_t second;
    /** Device address of the sines; 0 for real and imaginary parts. */
    uint64_t third;
    /** Device address of 4 n_fft floats: exp(2 pi i k / n_fft) as pairs, the window over n_fft and the interior
     * envelope, the squared window. */
    uint64_t tables;
    /** Device address of the samples. */
    uint64_t samples;
    /** Device address of one int32 a block: its first sample that is not finite, counted in its item, or
     * TRTV_ALL_FINITE. */
    uint64_t non_finite;
    /** Elements from one item of the batch to the next. */
    int64_t item_stride;
    /** Elements from one bin to the next. */
    int64_t bin_stride;
    /** Elements from one frame to the next. */
    int64_t frame_stride;
    /** A trtv_spectrum_form. */
    int32_t form;
    /** A trtv_number_format: of the spectra. */
    int32_t spectrum_format;
    /** A trtv_number_format: of the samples. */
    int32_t sample_format;
    /** n_fft; even. */
    int32_t fft_length;
    /** Samples from one frame to the next, at most n_fft. */
    int32_t hop_length;
    /** Samples cut from the start of the overlap-added signal. */
    int32_t trim_length;
    /** Frames of an item. */
    int32_t frame_count;
    /** Samples of an item. */
    int32_t sample_count;
    /** Samples that a block makes. */
    int32_t chunk_length;
    /** Frames that a block transforms at once. */
    int32_t frames_at_once;
    /** Number of passes. */
    int32_t pass_count;
    /** Dynamic shared memory of a block in bytes. */
    int32_t shared_bytes;
    /** The magic of hop_length. */
    uint32_t hop_magic;
    /** Unused; keeps the size a multiple of 8. */
    uint32_t reserved;
    /** The radix of each pass, 2, 3, 4, 5 or 8; their product is n_fft / 2. */
    int32_t radices[TRTV_MOST_PASSES];
    /** The magic of each pass's butterflies a frame, n_fft / 2 / radix. */
    uint32_t butterfly_magics[TRTV_MOST_PASSES];
    /** The magic of the product of the radices before each pass. */
    uint32_t done_magics[TRTV_MOST_PASSES];
} trtv_inverse_stft_arguments;

#ifdef __cplusplus
}
#endif

#endif
