// An ONNX file in memory: the part that the interpreter uses.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tensor.h"

namespace trtv_sim::onnx {

struct Attribute {
    float real = 0;
    int64_t integer = 0;
    std::string text;
    std::vector<int64_t> integers;
    std::vector<float> reals;
    TensorPtr tensor;
};

struct Node {
    std::string name;
    std::string operation;
    std::string domain;
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    std::map<std::string, Attribute> attributes;

    int64_t integer(const std::string& attribute, int64_t otherwise) const;
    float real(const std::string& attribute, float otherwise) const;
    std::string text(const std::string& attribute, const std::string& otherwise) const;
    std::vector<int64_t> integers(const std::string& attribute, std::vector<int64_t> otherwise) const;
    bool has(const std::string& attribute) const { return attributes.count(attribute) > 0; }
};

/** An input or output; unknown sizes are -1. */
struct Value {
    std::string name;
    ElementType type = ElementType::kFloat;
    Shape shape;
};

struct Model {
    int64_t opset = 0;
    std::vector<Node> nodes;
    std::map<std::string, TensorPtr> constants;
    std::vector<Value> inputs;
    std::vector<Value> outputs;
};

/** Throws std::runtime_error on bytes that are no ONNX model. */
Model readModel(std::string_view bytes);

}  // namespace trtv_sim::onnx
