// trtv_buffer_*.
#include "buffer.h"

#include "core/boundary.h"

int32_t trtv_buffer_get_data(trtv_buffer* buffer, const void** data, int64_t* size) noexcept {
    return trtv::guard([&] {
        trtv::require(data, "data") = nullptr;
        trtv::require(size, "size") = 0;
        const trtv_buffer& source = trtv::require(buffer, "buffer");
        if (const auto* text = std::get_if<std::string>(&source.content)) {
            *data = text->c_str();
            *size = static_cast<int64_t>(text->size());
        } else {
            const auto& memory = std::get<std::unique_ptr<nvinfer1::IHostMemory>>(source.content);
            *data = memory->data();
            *size = static_cast<int64_t>(memory->size());
        }
    });
}

void trtv_buffer_destroy(trtv_buffer* buffer) noexcept { delete buffer; }
