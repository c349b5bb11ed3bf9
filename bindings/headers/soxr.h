/*
 * The part of libsoxr (libsoxr.so.0, version 0.1 and later) that TrtVocoder calls to change the sample rate of WAV files: names and
 * parameter types are the library's ABI, the wording is our own. The default quality ("HQ", 20 bits) is used throughout, so that
 * none of its structs is needed.
 * C11; the input of bindings/generator.
 */
#ifndef TRTVOCODER_SOXR_H
#define TRTVOCODER_SOXR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A resampler of one stream. */
typedef struct soxr* soxr_t;

/** The library's name and version: "libsoxr-0.1.3". Static memory. */
const char* soxr_version(void);

/** Makes a resampler of interleaved float32 samples. error receives NULL or a static text; the three specs may be NULL for the defaults. */
soxr_t soxr_create(double input_rate, double output_rate, uint32_t num_channels, const char** error, const void* io_spec, const void* quality_spec,
                   const void* runtime_spec);

/**
 * Takes samples and gives samples, as many as are ready. Lengths count samples a channel. in = NULL says that there is no more input.
 * Returns NULL or a static text.
 */
const char* soxr_process(soxr_t resampler, const void* in, size_t ilen, size_t* idone, void* out, size_t olen, size_t* odone);

/** Frees a resampler. */
void soxr_delete(soxr_t resampler);

#ifdef __cplusplus
}
#endif

#endif
