// What the tests read and make: golden vectors, checkpoints, ONNX models written field by field.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace test_data {

struct Array {
    std::vector<int64_t> shape;
    std::vector<float> values;
};

/** A file of tests/data, by its path below it. */
std::string path(const std::string& below);
std::string readFile(const std::string& path);
/** A float32 .npy file. */
Array readNpy(const std::string& path);
/** The float32 tensors of a .safetensors file. */
std::map<std::string, Array> readSafetensors(const std::string& path);

/** Writes ONNX files. Element types are ONNX's: 1 float, 7 int64. */
class OnnxWriter {
public:
    void input(const std::string& name, const std::vector<int64_t>& shape);
    void output(const std::string& name, const std::vector<int64_t>& shape);
    void constant(const std::string& name, const Array& array);
    void integers(const std::string& name, const std::vector<int64_t>& values);
    /** Attributes: values of one element are written as int, others as ints. Returns the output's name. */
    std::string node(const std::string& operation, const std::vector<std::string>& inputs, const std::string& output,
                     const std::map<std::string, std::vector<int64_t>>& attributes = {});
    std::string layerNormalization(const std::string& input, const std::string& scale, const std::string& bias,
                                   float epsilon, const std::string& output);
    std::string model() const;

private:
    std::string addNode(const std::string& operation, const std::vector<std::string>& inputs, const std::string& output,
                        const std::string& attributes);
    std::string graph_;
};

/** The tiny-center checkpoint as an ONNX model: mel [B,100,T] → re, im [B,513,T]. */
std::string vocosModel();

}  // namespace test_data
