// Protocol buffers' wire format, as far as ONNX files use it. https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace trtv_sim::onnx {

/** Walks through the fields of one message; every length is checked against what is there. */
class WireReader {
public:
    explicit WireReader(std::string_view bytes) : bytes_(bytes) {}

    /** Moves to the next field; false at the end. */
    bool next() {
        if (bytes_.empty()) return false;
        const uint64_t key = readVarint();
        field_ = static_cast<uint32_t>(key >> 3);
        switch (key & 7) {
            case 0:
                number_ = readVarint();
                content_ = {};
                return true;
            case 1:
                content_ = take(8);
                std::memcpy(&number_, content_.data(), 8);
                return true;
            case 2:
                content_ = take(readVarint());
                return true;
            case 5: {
                uint32_t bits = 0;
                content_ = take(4);
                std::memcpy(&bits, content_.data(), 4);
                number_ = bits;
                return true;
            }
            default:
                throw std::runtime_error("unknown wire type");
        }
    }

    uint32_t field() const { return field_; }
    std::string_view content() const { return content_; }
    int64_t integer() const { return static_cast<int64_t>(number_); }
    float real() const {
        const auto bits = static_cast<uint32_t>(number_);
        float value = 0;
        std::memcpy(&value, &bits, 4);
        return value;
    }

    /** A repeated integer field, packed or not: calls `add` for each value. */
    template <typename Add>
    void integers(Add add) const {
        if (content_.empty()) return add(integer());
        for (WireReader packed(content_); !packed.bytes_.empty();) add(static_cast<int64_t>(packed.readVarint()));
    }

    /** A repeated float field, packed or not. */
    template <typename Add>
    void reals(Add add) const {
        for (size_t at = 0; at + 4 <= content_.size(); at += 4) {
            float value = 0;
            std::memcpy(&value, content_.data() + at, 4);
            add(value);
        }
    }

private:
    std::string_view take(uint64_t length) {
        if (length > bytes_.size()) throw std::runtime_error("a field is longer than the file");
        const std::string_view taken = bytes_.substr(0, length);
        bytes_.remove_prefix(length);
        return taken;
    }

    uint64_t readVarint() {
        uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<uint8_t>(take(1)[0]);
            value |= static_cast<uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
        throw std::runtime_error("a number is too long");
    }

    std::string_view bytes_;
    std::string_view content_;
    uint32_t field_ = 0;
    uint64_t number_ = 0;
};

}  // namespace trtv_sim::onnx
