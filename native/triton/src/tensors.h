// The memory of requests' inputs and of responses' outputs, on the host or on a GPU, FP32 or FP16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "boundary.h"
#include "trtvocoder.h"

namespace trtv::triton {

/** Bytes of an element: FP32 or FP16. */
constexpr uint64_t size_of(TRITONSERVER_DataType type) noexcept { return type == TRITONSERVER_TYPE_FP16 ? 2 : 4; }

/** An input's values as FP32 in host memory: where they are that, in one piece, they stay where they are. */
class InputValues {
public:
    /**
     * Reads all pieces, whose sizes together must be byte_count, a multiple of the element's.
     * @param vocoder whose library copies from GPUs
     */
    void read(TRITONBACKEND_Input* input, uint32_t pieces, TRITONSERVER_DataType type, uint64_t byte_count,
              trtvocoder_vocoder* vocoder);

    /** They live as long as this object and the request. */
    const float* data() const noexcept { return data_; }

private:
    const float* data_ = nullptr;
    std::vector<float> gathered_;
};

/** An output's memory, which the core gave. */
class OutputValues {
public:
    /** Asks for it, on the host; what the core gives instead is taken. Gives no memory for no values. */
    void make(TRITONBACKEND_Output* output, TRITONSERVER_DataType type, uint64_t count, trtvocoder_vocoder* vocoder);

    /** Writes the values [first, first + count). */
    void write(uint64_t first, const float* values, uint64_t count);

private:
    trtvocoder_vocoder* vocoder_ = nullptr;
    TRITONSERVER_DataType type_ = TRITONSERVER_TYPE_FP32;
    void* buffer_ = nullptr;
    TRITONSERVER_MemoryType memory_ = TRITONSERVER_MEMORY_CPU;
    int64_t memory_id_ = 0;
};

}  // namespace trtv::triton
