#include "model.h"

#include <stdexcept>

#include "wire_reader.h"

namespace trtv_sim::onnx {
namespace {

// Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

std::string textOf(const WireReader& reader) { return std::string(reader.content()); }

TensorPtr readTensor(std::string_view bytes, std::string& name) {
    WireReader reader(bytes);
    Shape shape;
    int64_t type = 0;
    std::string_view raw;
    std::vector<float> floats;
    std::vector<int64_t> integers;
    bool external = false;
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                reader.integers([&](int64_t size) { shape.push_back(size); });
                break;
            case 2:
                type = reader.integer();
                break;
            case 4:
                reader.reals([&](float value) { floats.push_back(value); });
                break;
            case 5:  // int32_data also carries the bits of halves.
            case 7:
                reader.integers([&](int64_t value) { integers.push_back(value); });
                break;
            case 8:
                name = textOf(reader);
                break;
            case 9:
                raw = reader.content();
                break;
            case 14:
                external = reader.integer() == 1;
                break;
        }
    }
    if (external) throw std::runtime_error("the weights '" + name + "' lie in another file");
    Tensor tensor{static_cast<ElementType>(type), shape, std::move(floats), std::move(integers)};
    const size_t width = bytesOf(tensor.type);
    int64_t bound = 1;
    for (const int64_t size : shape) {
        const bool possible = size >= 0 && size <= (1 << 30) && (bound *= size) <= (1LL << 31);
        if (!possible) throw std::runtime_error("the weights '" + name + "' have an impossible shape");
    }
    const auto count = static_cast<size_t>(tensor.count());
    if (!raw.empty() || count == 0) {
        if (raw.size() != count * width) throw std::runtime_error("the weights '" + name + "' do not fill their shape");
        tensor = fromBytes(tensor.type, shape, raw.data());
    } else if (tensor.type == ElementType::kHalf) {
        for (const int64_t bits : tensor.integers) tensor.floats.push_back(halfToFloat(static_cast<uint16_t>(bits)));
        tensor.integers.clear();
    }
    if ((tensor.isFloat() ? tensor.floats.size() : tensor.integers.size()) != count) {
        throw std::runtime_error("the weights '" + name + "' do not fill their shape");
    }
    return std::make_shared<const Tensor>(std::move(tensor));
}

void readAttribute(std::string_view bytes, Node& node) {
    WireReader reader(bytes);
    Attribute attribute;
    std::string name, tensorName;
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                name = textOf(reader);
                break;
            case 2:
                attribute.real = reader.real();
                break;
            case 3:
                attribute.integer = reader.integer();
                break;
            case 4:
                attribute.text = textOf(reader);
                break;
            case 5:
                attribute.tensor = readTensor(reader.content(), tensorName);
                break;
            case 7:
                reader.reals([&](float value) { attribute.reals.push_back(value); });
                break;
            case 8:
                reader.integers([&](int64_t value) { attribute.integers.push_back(value); });
                break;
        }
    }
    node.attributes[name] = std::move(attribute);
}

Node readNode(std::string_view bytes) {
    WireReader reader(bytes);
    Node node;
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                node.inputs.push_back(textOf(reader));
                break;
            case 2:
                node.outputs.push_back(textOf(reader));
                break;
            case 3:
                node.name = textOf(reader);
                break;
            case 4:
                node.operation = textOf(reader);
                break;
            case 5:
                readAttribute(reader.content(), node);
                break;
            case 7:
                node.domain = textOf(reader);
                break;
        }
    }
    return node;
}

Shape readShape(std::string_view bytes) {
    Shape shape;
    for (WireReader reader(bytes); reader.next();) {
        if (reader.field() != 1) continue;
        int64_t size = -1;
        for (WireReader dimension(reader.content()); dimension.next();) {
            if (dimension.field() == 1) size = dimension.integer();
        }
        shape.push_back(size);
    }
    return shape;
}

Value readValue(std::string_view bytes) {
    Value value;
    for (WireReader reader(bytes); reader.next();) {
        if (reader.field() == 1) value.name = textOf(reader);
        if (reader.field() != 2) continue;
        for (WireReader type(reader.content()); type.next();) {
            if (type.field() != 1) throw std::runtime_error("the value '" + value.name + "' is no tensor");
            for (WireReader tensor(type.content()); tensor.next();) {
                if (tensor.field() == 1) value.type = static_cast<ElementType>(tensor.integer());
                if (tensor.field() == 2) value.shape = readShape(tensor.content());
            }
        }
    }
    return value;
}

void readGraph(std::string_view bytes, Model& model) {
    for (WireReader reader(bytes); reader.next();) {
        if (reader.field() == 1) model.nodes.push_back(readNode(reader.content()));
        if (reader.field() == 5) {
            std::string name;
            TensorPtr tensor = readTensor(reader.content(), name);
            model.constants[name] = std::move(tensor);
        }
        if (reader.field() == 11) model.inputs.push_back(readValue(reader.content()));
        if (reader.field() == 12) model.outputs.push_back(readValue(reader.content()));
    }
    // Old files list weights among the inputs.
    std::vector<Value> trueInputs;
    for (Value& input : model.inputs) {
        if (!model.constants.count(input.name)) trueInputs.push_back(std::move(input));
    }
    model.inputs = std::move(trueInputs);
}

}  // namespace

int64_t Node::integer(const std::string& attribute, int64_t otherwise) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? otherwise : found->second.integer;
}

float Node::real(const std::string& attribute, float otherwise) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? otherwise : found->second.real;
}

std::string Node::text(const std::string& attribute, const std::string& otherwise) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? otherwise : found->second.text;
}

std::vector<int64_t> Node::integers(const std::string& attribute, std::vector<int64_t> otherwise) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? otherwise : found->second.integers;
}

Model readModel(std::string_view bytes) {
    Model model;
    bool hasGraph = false;
    for (WireReader reader(bytes); reader.next();) {
        if (reader.field() == 7) {
            readGraph(reader.content(), model);
            hasGraph = true;
        }
        if (reader.field() == 8) {
            std::string domain;
            int64_t version = 0;
            for (WireReader opset(reader.content()); opset.next();) {
                if (opset.field() == 1) domain = textOf(opset);
                if (opset.field() == 2) version = opset.integer();
            }
            if (domain.empty() || domain == "ai.onnx") model.opset = version;
        }
    }
    if (!hasGraph || model.outputs.empty()) throw std::runtime_error("the file holds no graph");
    return model;
}

}  // namespace trtv_sim::onnx
