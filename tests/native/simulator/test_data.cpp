#include "test_data.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace test_data {
namespace {

std::string varint(uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
    return bytes + static_cast<char>(value);
}

std::string number(int field, int64_t value) {
    return varint(static_cast<uint64_t>(field) << 3) + varint(static_cast<uint64_t>(value));
}

std::string bytesField(int field, const std::string& content) {
    return varint(static_cast<uint64_t>(field) << 3 | 2) + varint(content.size()) + content;
}

std::string valueInfo(const std::string& name, const std::vector<int64_t>& shape) {
    std::string dimensions;
    for (const int64_t size : shape) {
        dimensions += bytesField(1, size < 0 ? bytesField(2, "unknown") : number(1, size));
    }
    return bytesField(1, name) + bytesField(2, bytesField(1, number(1, 1) + bytesField(2, dimensions)));
}

std::string tensor(const std::string& name, int type, const std::vector<int64_t>& shape, const void* data,
                   size_t bytes) {
    std::string text;
    for (const int64_t size : shape) text += number(1, size);
    return text + number(2, type) + bytesField(8, name) +
           bytesField(9, std::string(static_cast<const char*>(data), bytes));
}

// The value behind "key": in JSON as regular as that of .safetensors headers.
std::vector<int64_t> numbersAfter(const std::string& json, const std::string& key, size_t from) {
    std::vector<int64_t> numbers;
    const size_t open = json.find('[', json.find("\"" + key + "\"", from));
    for (const char* at = json.c_str() + open; *at != ']';) {
        char* end = nullptr;
        const long long value = std::strtoll(at + 1, &end, 10);
        if (end != at + 1) numbers.push_back(value);
        at = end == at + 1 ? at + 1 : end;
        while (*at == ' ') ++at;
    }
    return numbers;
}

// From column-major: walks the row-major result, counting the index up like an odometer.
Array rowMajor(const Array& columns) {
    Array rows = columns;
    std::vector<int64_t> index(columns.shape.size(), 0);
    for (float& value : rows.values) {
        int64_t offset = 0, stride = 1;
        for (size_t axis = 0; axis < index.size(); ++axis) {
            offset += index[axis] * stride;
            stride *= columns.shape[axis];
        }
        value = columns.values[static_cast<size_t>(offset)];
        for (size_t axis = index.size(); axis-- > 0 && ++index[axis] == columns.shape[axis];) index[axis] = 0;
    }
    return rows;
}

}  // namespace

std::string path(const std::string& below) { return std::string(TRTV_TEST_DATA) + "/" + below; }

std::string readFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

Array readNpy(const std::string& path) {
    const std::string file = readFile(path);
    if (file.size() < 10 || file.compare(1, 5, "NUMPY") != 0) throw std::runtime_error(path + " is no .npy file");
    uint16_t headerLength = 0;
    std::memcpy(&headerLength, file.data() + 8, 2);
    const std::string header = file.substr(10, headerLength);
    if (header.find("'<f4'") == std::string::npos) throw std::runtime_error(path + " does not hold float32");
    Array array;
    for (const char* at = header.c_str() + header.find('(') + 1; *at != ')';) {
        char* end = nullptr;
        const long long size = std::strtoll(at, &end, 10);
        if (end != at) array.shape.push_back(size);
        at = end == at ? at + 1 : end;
    }
    array.values.resize((file.size() - 10 - headerLength) / 4);
    // The audio of one frame is empty, and memcpy takes no null pointer.
    if (!array.values.empty()) {
        std::memcpy(array.values.data(), file.data() + 10 + headerLength, 4 * array.values.size());
    }
    return header.find("'fortran_order': True") == std::string::npos ? array : rowMajor(array);
}

std::map<std::string, Array> readSafetensors(const std::string& path) {
    const std::string file = readFile(path);
    uint64_t headerLength = 0;
    std::memcpy(&headerLength, file.data(), 8);
    const std::string header = file.substr(8, headerLength);
    std::map<std::string, Array> tensors;
    for (size_t at = header.find("\"dtype\""); at != std::string::npos; at = header.find("\"dtype\"", at + 1)) {
        const size_t open = header.rfind('{', at);
        const size_t end = header.rfind('"', open);
        const size_t start = header.rfind('"', end - 1) + 1;
        Array array;
        array.shape = numbersAfter(header, "shape", at);
        const auto offsets = numbersAfter(header, "data_offsets", at);
        array.values.resize(static_cast<size_t>(offsets.at(1) - offsets.at(0)) / 4);
        std::memcpy(array.values.data(), file.data() + 8 + headerLength + offsets[0], 4 * array.values.size());
        tensors[header.substr(start, end - start)] = std::move(array);
    }
    return tensors;
}

void OnnxWriter::input(const std::string& name, const std::vector<int64_t>& shape) {
    graph_ += bytesField(11, valueInfo(name, shape));
}

void OnnxWriter::output(const std::string& name, const std::vector<int64_t>& shape) {
    graph_ += bytesField(12, valueInfo(name, shape));
}

void OnnxWriter::constant(const std::string& name, const Array& array) {
    graph_ += bytesField(5, tensor(name, 1, array.shape, array.values.data(), 4 * array.values.size()));
}

void OnnxWriter::integers(const std::string& name, const std::vector<int64_t>& values) {
    graph_ += bytesField(5, tensor(name, 7, {static_cast<int64_t>(values.size())}, values.data(), 8 * values.size()));
}

std::string OnnxWriter::addNode(const std::string& operation, const std::vector<std::string>& inputs,
                                const std::string& output, const std::string& attributes) {
    std::string text;
    for (const std::string& input : inputs) text += bytesField(1, input);
    text += bytesField(2, output) + bytesField(3, "/" + output) + bytesField(4, operation) + attributes;
    graph_ += bytesField(1, text);
    return output;
}

std::string OnnxWriter::node(const std::string& operation, const std::vector<std::string>& inputs,
                             const std::string& output, const std::map<std::string, std::vector<int64_t>>& attributes) {
    std::string text;
    for (const auto& [name, values] : attributes) {
        std::string attribute = bytesField(1, name);
        if (values.size() == 1) attribute += number(3, values[0]);
        for (size_t i = 0; values.size() > 1 && i < values.size(); ++i) attribute += number(8, values[i]);
        text += bytesField(5, attribute);
    }
    return addNode(operation, inputs, output, text);
}

std::string OnnxWriter::layerNormalization(const std::string& input, const std::string& scale, const std::string& bias,
                                           float epsilon, const std::string& output) {
    const std::string value(reinterpret_cast<const char*>(&epsilon), 4);
    const std::string attribute = bytesField(1, "epsilon") + varint(2 << 3 | 5) + value;
    return addNode("LayerNormalization", {input, scale, bias}, output, bytesField(5, attribute));
}

std::string OnnxWriter::model() const {
    return number(1, 9) + bytesField(7, graph_) + bytesField(8, bytesField(1, "") + number(2, 20));
}

std::string vocosModel() {
    const auto weights = readSafetensors(path("golden/tiny-center/model.safetensors"));
    OnnxWriter onnx;
    const auto weight = [&](const std::string& key) {
        onnx.constant(key, weights.at(key));
        return key;
    };
    const auto turned = [&](const std::string& in, const std::string& out) {
        return onnx.node("Transpose", {in}, out, {{"perm", {0, 2, 1}}});
    };
    const auto normalised = [&](const std::string& in, const std::string& module) {
        return onnx.layerNormalization(in, weight(module + ".weight"), weight(module + ".bias"), 1e-6f, module);
    };
    const auto linear = [&](const std::string& in, const std::string& module) {
        const auto matrix = onnx.node("Transpose", {weight(module + ".weight")}, module + ".matrix");
        return onnx.node("Add", {onnx.node("MatMul", {in, matrix}, module + ".product"), weight(module + ".bias")},
                         module);
    };
    onnx.input("mel", {-1, 100, -1});
    std::string hidden =
        turned(onnx.node("Conv", {"mel", weight("backbone.embed.weight"), weight("backbone.embed.bias")}, "embed",
                         {{"pads", {3, 3}}}),
               "embedded");
    hidden = normalised(hidden, "backbone.norm");
    for (int block = 0; weights.count("backbone.convnext." + std::to_string(block) + ".gamma"); ++block) {
        const std::string name = "backbone.convnext." + std::to_string(block);
        std::string update = onnx.node(
            "Conv", {turned(hidden, name + ".in"), weight(name + ".dwconv.weight"), weight(name + ".dwconv.bias")},
            name + ".conv", {{"pads", {3, 3}}, {"group", {64}}});
        update = linear(normalised(turned(update, name + ".out"), name + ".norm"), name + ".pwconv1");
        update = linear(onnx.node("Gelu", {update}, name + ".act"), name + ".pwconv2");
        update = onnx.node("Mul", {update, weight(name + ".gamma")}, name + ".scaled");
        hidden = onnx.node("Add", {hidden, update}, name + ".sum");
    }
    const auto head = turned(linear(normalised(hidden, "backbone.final_layer_norm"), "head.out"), "head");
    for (const bool phase : {false, true}) {
        const std::string name = phase ? "p" : "m";
        onnx.integers(name + ".from", {phase ? 513 : 0});
        onnx.integers(name + ".to", {phase ? 1026 : 513});
        onnx.integers(name + ".axis", {1});
        onnx.node("Slice", {head, name + ".from", name + ".to", name + ".axis"}, name);
    }
    onnx.constant("limit", {{1}, {100.0f}});
    const auto magnitude = onnx.node("Min", {onnx.node("Exp", {"m"}, "exp"), "limit"}, "magnitude");
    onnx.node("Mul", {magnitude, onnx.node("Cos", {"p"}, "cos")}, "re");
    onnx.node("Mul", {magnitude, onnx.node("Sin", {"p"}, "sin")}, "im");
    onnx.output("re", {-1, 513, -1});
    onnx.output("im", {-1, 513, -1});
    return onnx.model();
}

}  // namespace test_data
