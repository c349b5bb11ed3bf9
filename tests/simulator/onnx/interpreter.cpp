#include "interpreter.h"

#include <chrono>

namespace trtv_sim::onnx {

const Tensor& Call::in(size_t input) const {
    if (!has(input)) throw std::runtime_error("input " + std::to_string(input) + " is missing");
    return *inputs[input];
}

const std::vector<int64_t>& Call::integersOf(size_t input) const {
    const Tensor& tensor = in(input);
    if (tensor.isFloat()) throw std::runtime_error("input " + std::to_string(input) + " must hold integers");
    if (static_cast<int64_t>(tensor.integers.size()) != tensor.count()) {
        throw std::runtime_error("input " + std::to_string(input) + " depends on data");
    }
    return tensor.integers;
}

Tensor& Call::make(ElementType type, Shape shape, size_t output) {
    if (outputs.size() <= output) outputs.resize(output + 1);
    Tensor& made = outputs[output];
    made.type = type;
    made.shape = std::move(shape);
    if (skips(made)) return made;
    const auto count = static_cast<size_t>(made.count());
    if (made.isFloat()) {
        made.floats.resize(count);
    } else {
        made.integers.resize(count);
    }
    return made;
}

Operator findOperator(const std::string& name) {
    static const auto* operators = [] {
        auto* all = new std::map<std::string, Operator>();
        registerElementwise(*all);
        registerLayout(*all);
        registerLogic(*all);
        registerProducts(*all);
        return all;
    }();
    const auto found = operators->find(name);
    return found == operators->end() ? nullptr : found->second;
}

Values run(const Model& model, const Values& inputs, bool shapesOnly, const NodeTimer& timer) {
    Values values = inputs;
    const auto lookUp = [&](const std::string& name) -> TensorPtr {
        if (const auto made = values.find(name); made != values.end()) return made->second;
        const auto constant = model.constants.find(name);
        if (constant == model.constants.end()) throw std::runtime_error("the value '" + name + "' is made nowhere");
        return constant->second;
    };

    for (size_t index = 0; index < model.nodes.size(); ++index) {
        const Node& node = model.nodes[index];
        try {
            const auto start = std::chrono::steady_clock::now();
            const Operator compute = findOperator(node.operation);
            if (!compute) throw std::runtime_error("No importer registered for op: " + node.operation);
            Call call{node, model.opset, shapesOnly, {}, {}};
            for (const std::string& name : node.inputs) call.inputs.push_back(name.empty() ? nullptr : lookUp(name));
            compute(call);
            for (size_t i = 0; i < node.outputs.size() && i < call.outputs.size(); ++i) {
                Tensor& output = call.outputs[i];
                if (output.type == ElementType::kHalf) roundToHalf(output.floats);
                values[node.outputs[i]] = std::make_shared<const Tensor>(std::move(output));
            }
            if (timer)
                timer(node, std::chrono::duration<float, std::milli>(std::chrono::steady_clock::now() - start).count());
        } catch (const std::exception& error) {
            throw NodeError(index, error.what());
        }
    }

    Values outputs;
    for (const Value& output : model.outputs) {
        try {
            outputs[output.name] = lookUp(output.name);
        } catch (const std::exception& error) {
            throw NodeError(model.nodes.size(), error.what());
        }
    }
    return outputs;
}

}  // namespace trtv_sim::onnx
