// Computes ONNX graphs, one node after the other, in FP32.
#pragma once

#include <functional>
#include <stdexcept>

#include "model.h"

namespace trtv_sim::onnx {

/** A node that cannot be computed, and why. */
class NodeError : public std::runtime_error {
public:
    NodeError(size_t index, const std::string& text) : std::runtime_error(text), index(index) {}
    const size_t index;
};

/** One node at work. Operators fill `outputs`. */
struct Call {
    const Node& node;
    int64_t opset;
    /** Sizes only: values of floating-point tensors are neither there nor wanted. */
    bool shapesOnly;
    std::vector<TensorPtr> inputs;
    std::vector<Tensor> outputs;

    bool has(size_t input) const { return input < inputs.size() && inputs[input]; }
    /** The input; throws when the node lacks it. */
    const Tensor& in(size_t input) const;
    /** The values of an integer input. */
    const std::vector<int64_t>& integersOf(size_t input) const;
    /** Makes output 0 of a type and shape, with room for its values where they are wanted. */
    Tensor& make(ElementType type, Shape shape, size_t output = 0);
    bool skips(const Tensor& tensor) const { return shapesOnly && tensor.isFloat(); }
};

using Operator = void (*)(Call&);

void registerElementwise(std::map<std::string, Operator>& operators);
void registerLayout(std::map<std::string, Operator>& operators);
void registerLogic(std::map<std::string, Operator>& operators);
void registerProducts(std::map<std::string, Operator>& operators);

/** The operator of a name, null when there is none. */
Operator findOperator(const std::string& name);

using Values = std::map<std::string, TensorPtr>;
/** Told of each node's time in milliseconds. */
using NodeTimer = std::function<void(const Node&, float)>;

/** Computes the outputs from the inputs. Throws NodeError. */
Values run(const Model& model, const Values& inputs, bool shapesOnly, const NodeTimer& timer = {});

}  // namespace trtv_sim::onnx
