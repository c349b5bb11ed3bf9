#include "onnx_model.h"

#include <vector>

namespace onnx_model {
namespace {

// A protobuf message under construction; field numbers are onnx.proto's.
class Message {
public:
    Message& number(int field, uint64_t value) {
        varint(static_cast<uint64_t>(field) << 3);
        varint(value);
        return *this;
    }

    Message& text(int field, const std::string& value) {
        varint((static_cast<uint64_t>(field) << 3) | 2);
        varint(value.size());
        bytes_ += value;
        return *this;
    }

    Message& message(int field, const Message& value) { return text(field, value.bytes_); }
    const std::string& bytes() const { return bytes_; }

private:
    void varint(uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
        bytes_ += static_cast<char>(value);
    }

    std::string bytes_;
};

constexpr uint64_t kFloat = 1;

// ValueInfoProto; a dimension that is not a number is a symbol.
Message value_info(const std::string& name, const std::vector<std::string>& dims) {
    Message shape;
    for (const std::string& dim : dims) {
        const bool is_number = dim[0] >= '0' && dim[0] <= '9';
        shape.message(1, is_number ? Message().number(1, std::stoull(dim)) : Message().text(2, dim));
    }
    const Message tensor = Message().number(1, kFloat).message(2, shape);
    return Message().text(1, name).message(2, Message().message(1, tensor));
}

Message node(const std::string& name, const std::string& type, const std::vector<std::string>& inputs,
             const std::string& output) {
    Message result;
    for (const std::string& input : inputs) result.text(1, input);
    return result.text(2, output).text(3, name).text(4, type);
}

Message weights() {
    std::string raw;
    for (int i = 0; i < 24; ++i) {
        const float value = static_cast<float>(i - 12) / 8;
        raw.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    return Message().number(1, 4).number(1, 6).number(2, kFloat).text(8, "W").text(9, raw);
}

std::string model(const Message& last_node) {
    Message graph;
    graph.message(1, node("project", "MatMul", {"x", "W"}, "h")).message(1, last_node).text(2, "test");
    graph.message(5, weights())
        .message(11, value_info("x", {"B", "T", "4"}))
        .message(12, value_info("y", {"B", "T", "6"}));
    Message result;
    result.number(1, 8).message(7, graph).message(8, Message().text(1, "").number(2, 17));
    return result.bytes();
}

}  // namespace

std::string projection() { return model(node("rectify", "Relu", {"h"}, "y")); }

std::string unknown_operator() { return model(node("mystery", "NoSuchOperator", {"h"}, "y")); }

}  // namespace onnx_model
