// Writes the few ONNX models that these tests need, so that none is kept as a binary.
#pragma once

#include <cstdint>
#include <string>

namespace onnx_model {

/** y [B, T, 6] = Relu(x [B, T, 4] · W), with nodes 'project' and 'rectify'. */
std::string projection();

/** The same, with its Relu replaced by an operator that does not exist, in node 'mystery'. */
std::string unknown_operator();

}  // namespace onnx_model
