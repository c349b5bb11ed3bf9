/* All that TensorRT's declarations need of the CUDA runtime: the names of its two handles. */
#ifndef TRTVOCODER_CUDA_RUNTIME_API_H
#define TRTVOCODER_CUDA_RUNTIME_API_H

typedef struct CUstream_st* cudaStream_t;
typedef struct CUevent_st* cudaEvent_t;

#endif
