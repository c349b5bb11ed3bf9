/*
 * The part of FFTW 3's single-precision API (libfftw3f.so.3) that TrtVocoder calls: names, numbers and parameter types are
 * FFTW's ABI, the wording is our own. Complex numbers are pairs of floats, so fftwf_complex* is written float* here.
 * C11; the input of bindings/generator.
 */
#ifndef TRTVOCODER_FFTW3F_H
#define TRTVOCODER_FFTW3F_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Time candidate algorithms on this machine and take the fastest: slow to plan (0.1 s and more for 1024 points). */
#define FFTW_MEASURE 0

/** The transform may overwrite its input. */
#define FFTW_DESTROY_INPUT 1

/** The transform must leave its input as it was. */
#define FFTW_PRESERVE_INPUT 16

/** Choose an algorithm by rule of thumb, without timing anything. */
#define FFTW_ESTIMATE 64

/** A planned transform. Executing one is safe from many threads at once; making and destroying plans is not. */
typedef struct fftwf_plan_s* fftwf_plan;

/** One dimension of a transform, or of a loop over transforms. */
typedef struct fftwf_iodim {
    /** How many elements, or how many transforms. */
    int32_t n;
    /** Distance between two input elements, in floats. */
    int32_t is;
    /** Distance between two output elements, in floats. */
    int32_t os;
} fftwf_iodim;

/** Plans forward complex transforms of split arrays; swap ri with ii and ro with io for backward ones. NULL: cannot be planned. */
fftwf_plan fftwf_plan_guru_split_dft(int32_t rank, const fftwf_iodim* dims, int32_t howmany_rank, const fftwf_iodim* howmany_dims, float* ri,
                                     float* ii, float* ro, float* io, uint32_t flags);

/** Executes such a plan on other arrays of the same alignment, whose ri and ii (ro and io) lie as far apart as the planned ones. */
void fftwf_execute_split_dft(const fftwf_plan plan, float* ri, float* ii, float* ro, float* io);

/** Plans real-to-complex transforms of split arrays. NULL: cannot be planned. */
fftwf_plan fftwf_plan_guru_split_dft_r2c(int32_t rank, const fftwf_iodim* dims, int32_t howmany_rank, const fftwf_iodim* howmany_dims, float* in,
                                         float* ro, float* io, uint32_t flags);

/** Executes such a plan on other arrays of the same alignment, whose ro and io lie as far apart as the planned ones. */
void fftwf_execute_split_dft_r2c(const fftwf_plan plan, float* in, float* ro, float* io);

/** Plans howmany complex-to-real transforms of n[0] × … × n[rank − 1] points. NULL: cannot be planned. */
fftwf_plan fftwf_plan_many_dft_c2r(int32_t rank, const int32_t* n, int32_t howmany, float* in, const int32_t* inembed, int32_t istride, int32_t idist,
                                   float* out, const int32_t* onembed, int32_t ostride, int32_t odist, uint32_t flags);

/** Executes such a plan on other arrays of the same alignment. */
void fftwf_execute_dft_c2r(const fftwf_plan plan, float* in, float* out);

/** Frees a plan; NULL is fine. */
void fftwf_destroy_plan(fftwf_plan plan);

#ifdef __cplusplus
}
#endif

#endif
