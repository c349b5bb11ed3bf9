#include "tensors.h"

#include <cstring>

#include "half.h"
#include "vocoder_library.h"

namespace trtv::triton {
namespace {

/** The number of a GPU's memory as the library takes it. */
int32_t device_of(int64_t memory_id) noexcept {
    return memory_id == static_cast<int32_t>(memory_id) ? static_cast<int32_t>(memory_id) : -1;
}

void copy_to_host(trtvocoder_vocoder* vocoder, TRITONSERVER_MemoryType memory, int64_t memory_id, const void* from,
                  void* to, uint64_t bytes) {
    if (bytes == 0) return;
    if (memory != TRITONSERVER_MEMORY_GPU) {
        std::memcpy(to, from, bytes);
        return;
    }
    const VocoderLibrary& library = VocoderLibrary::instance();
    library.check(library.vocoder_copy_from_device(vocoder, device_of(memory_id), reinterpret_cast<uintptr_t>(from), to,
                                                   static_cast<int64_t>(bytes)));
}

}  // namespace

void InputValues::read(TRITONBACKEND_Input* input, uint32_t pieces, TRITONSERVER_DataType type, uint64_t byte_count,
                       trtvocoder_vocoder* vocoder) {
    const uint64_t count = byte_count / size_of(type);
    const bool is_half = type == TRITONSERVER_TYPE_FP16;
    std::vector<uint16_t> halves;
    uint64_t gathered = 0;
    for (uint32_t piece = 0; piece < pieces; piece++) {
        const void* buffer = nullptr;
        uint64_t size = 0;
        TRITONSERVER_MemoryType memory = TRITONSERVER_MEMORY_CPU;
        int64_t memory_id = 0;
        check(TRITONBACKEND_InputBuffer(input, piece, &buffer, &size, &memory, &memory_id));
        if (size > byte_count - gathered) break;
        const bool is_whole = size == byte_count && memory != TRITONSERVER_MEMORY_GPU;
        const bool is_aligned = reinterpret_cast<uintptr_t>(buffer) % size_of(type) == 0;
        if (is_whole && is_aligned && !is_half) {
            data_ = static_cast<const float*>(buffer);
            return;
        }
        if (gathered == 0 && is_half) halves.resize(count);
        if (gathered == 0) gathered_.resize(count);
        char* const to = is_half ? reinterpret_cast<char*>(halves.data()) : reinterpret_cast<char*>(gathered_.data());
        copy_to_host(vocoder, memory, memory_id, buffer, to + gathered, size);
        gathered += size;
    }
    if (gathered != byte_count) {
        throw Failure(TRITONSERVER_ERROR_INVALID_ARG,
                      "The pieces of an input are not the " + std::to_string(byte_count) + " bytes that it has.");
    }
    if (is_half) widen(halves.data(), count, gathered_.data());
    data_ = gathered_.data();
}

void OutputValues::make(TRITONBACKEND_Output* output, TRITONSERVER_DataType type, uint64_t count,
                        trtvocoder_vocoder* vocoder) {
    vocoder_ = vocoder;
    type_ = type;
    memory_ = TRITONSERVER_MEMORY_CPU;
    check(TRITONBACKEND_OutputBuffer(output, &buffer_, count * size_of(type), &memory_, &memory_id_));
}

void OutputValues::write(uint64_t first, const float* values, uint64_t count) {
    const void* from = values;
    std::vector<uint16_t> halves;
    if (type_ == TRITONSERVER_TYPE_FP16) {
        halves.resize(count);
        narrow(values, count, halves.data());
        from = halves.data();
    }
    char* const to = static_cast<char*>(buffer_) + first * size_of(type_);
    const uint64_t bytes = count * size_of(type_);
    if (bytes == 0) return;
    if (memory_ != TRITONSERVER_MEMORY_GPU) {
        std::memcpy(to, from, bytes);
        return;
    }
    const VocoderLibrary& library = VocoderLibrary::instance();
    library.check(library.vocoder_copy_to_device(vocoder_, device_of(memory_id_), from, reinterpret_cast<uintptr_t>(to),
                                                 static_cast<int64_t>(bytes)));
}

}  // namespace trtv::triton
