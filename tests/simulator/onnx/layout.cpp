// Operators that move elements or speak of shapes.
#include <algorithm>
#include <limits>

#include "interpreter.h"
#include "strided_copy.h"

namespace trtv_sim::onnx {
namespace {

size_t axisOf(int64_t axis, size_t rank) {
    const auto signedRank = static_cast<int64_t>(rank);
    if (axis < -signedRank || axis >= signedRank) {
        throw std::runtime_error("axis " + std::to_string(axis) + " is outside rank " + std::to_string(rank));
    }
    return static_cast<size_t>(axis < 0 ? axis + signedRank : axis);
}

// From an input where the opset has one there, else from the attribute.
std::vector<int64_t> axesOf(const Call& call, size_t input, std::vector<int64_t> otherwise) {
    return call.has(input) ? call.integersOf(input) : call.node.integers("axes", std::move(otherwise));
}

std::vector<int64_t> countUp(size_t count) {
    std::vector<int64_t> numbers(count);
    for (size_t i = 0; i < count; ++i) numbers[i] = static_cast<int64_t>(i);
    return numbers;
}

void copyValues(const Call& call, const Tensor& from, Tensor& to) {
    if (call.skips(to)) return;
    to.floats = from.floats;
    to.integers = from.integers;
}

void transpose(Call& call) {
    const Tensor& in = call.in(0);
    auto order = countUp(in.shape.size());
    std::reverse(order.begin(), order.end());
    order = call.node.integers("perm", order);
    if (order.size() != in.shape.size()) throw std::runtime_error("perm does not fit the rank");
    const Shape own = stridesOf(in.shape);
    Shape shape, strides;
    for (const int64_t axis : order) {
        shape.push_back(in.shape[axisOf(axis, own.size())]);
        strides.push_back(own[axisOf(axis, own.size())]);
    }
    Tensor& out = call.make(in.type, shape);
    if (!call.skips(out)) copyBlock(in, 0, strides, out, 0, stridesOf(shape), shape);
}

void slice(Call& call) {
    const Tensor& in = call.in(0);
    const auto& starts = call.integersOf(1);
    const auto& ends = call.integersOf(2);
    const auto axes = call.has(3) ? call.integersOf(3) : countUp(starts.size());
    const auto steps = call.has(4) ? call.integersOf(4) : std::vector<int64_t>(starts.size(), 1);
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) {
        throw std::runtime_error("starts, ends, axes and steps have different lengths");
    }
    Shape shape = in.shape;
    Shape strides = stridesOf(in.shape);
    int64_t offset = 0;
    for (size_t i = 0; i < starts.size(); ++i) {
        const size_t axis = axisOf(axes[i], in.shape.size());
        const int64_t size = in.shape[axis];
        const int64_t step = steps[i];
        if (step == 0) throw std::runtime_error("a step of 0");
        // The clamping rules of https://onnx.ai/onnx/operators/onnx__Slice.html
        const auto place = [&](int64_t at) {
            if (at < 0 && at >= -size) at += size;
            return step > 0 ? std::clamp<int64_t>(at, 0, size) : std::clamp<int64_t>(at, -1, size - 1);
        };
        const int64_t start = place(starts[i]);
        const int64_t span = place(ends[i]) - start;
        shape[axis] = std::max<int64_t>(0, (span + step - (step > 0 ? 1 : -1)) / step);
        offset += start * strides[axis];
        strides[axis] *= step;
    }
    Tensor& out = call.make(in.type, shape);
    if (!call.skips(out)) copyBlock(in, offset, strides, out, 0, stridesOf(shape), shape);
}

void split(Call& call) {
    const Tensor& in = call.in(0);
    const size_t axis = axisOf(call.node.integer("axis", 0), in.shape.size());
    std::vector<int64_t> sizes = call.has(1) ? call.integersOf(1) : call.node.integers("split", {});
    if (sizes.empty()) {
        const auto parts = static_cast<int64_t>(call.node.outputs.size());
        const int64_t part = (in.shape[axis] + parts - 1) / parts;
        for (int64_t left = in.shape[axis]; left > 0; left -= part) sizes.push_back(std::min(part, left));
    }
    const Shape strides = stridesOf(in.shape);
    int64_t start = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
        Shape shape = in.shape;
        shape[axis] = sizes[i];
        if (sizes[i] < 0 || start + sizes[i] > in.shape[axis]) throw std::runtime_error("the parts exceed the input");
        Tensor& out = call.make(in.type, shape, i);
        if (!call.skips(out)) copyBlock(in, start * strides[axis], strides, out, 0, stridesOf(shape), shape);
        start += sizes[i];
    }
    if (start != in.shape[axis]) throw std::runtime_error("the parts do not add up to the input");
}

void concat(Call& call) {
    const Tensor& first = call.in(0);
    const size_t axis = axisOf(call.node.integer("axis", 0), first.shape.size());
    Shape shape = first.shape;
    shape[axis] = 0;
    for (size_t i = 0; i < call.inputs.size(); ++i) {
        Shape other = call.in(i).shape;
        if (other.size() != shape.size() || call.in(i).type != first.type) {
            throw std::runtime_error("the inputs differ in rank or element type");
        }
        shape[axis] += other[axis];
        other[axis] = first.shape[axis];
        if (other != first.shape) throw std::runtime_error("the inputs differ in another axis than the joined one");
    }
    Tensor& out = call.make(first.type, shape);
    if (call.skips(out)) return;
    const Shape strides = stridesOf(shape);
    int64_t start = 0;
    for (const TensorPtr& in : call.inputs) {
        copyBlock(*in, 0, stridesOf(in->shape), out, start * strides[axis], strides, in->shape);
        start += in->shape[axis];
    }
}

void pad(Call& call) {
    if (call.node.text("mode", "constant") != "constant")
        throw std::runtime_error("only constant padding is supported");
    const Tensor& in = call.in(0);
    const auto amounts = call.has(1) ? call.integersOf(1) : call.node.integers("pads", {});
    const auto axes = call.has(3) ? call.integersOf(3) : countUp(in.shape.size());
    if (amounts.size() != 2 * axes.size()) throw std::runtime_error("pads does not fit the rank");
    Shape shape = in.shape;
    Shape before(shape.size(), 0);
    for (size_t i = 0; i < axes.size(); ++i) {
        const size_t axis = axisOf(axes[i], shape.size());
        before[axis] = amounts[i];
        shape[axis] += amounts[i] + amounts[axes.size() + i];
        if (amounts[i] < 0 || amounts[axes.size() + i] < 0) throw std::runtime_error("negative pads are not supported");
    }
    Tensor& out = call.make(in.type, shape);
    if (call.skips(out)) return;
    if (call.has(2) && out.isFloat()) std::fill(out.floats.begin(), out.floats.end(), call.in(2).floats.at(0));
    const Shape strides = stridesOf(shape);
    copyBlock(in, 0, stridesOf(in.shape), out, dot(before, strides), strides, in.shape);
}

void reshape(Call& call) {
    const Tensor& in = call.in(0);
    Shape shape = call.integersOf(1);
    const bool keepZeros = call.node.integer("allowzero", 0) != 0;
    int64_t known = 1;
    size_t unknown = shape.size();
    for (size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 0 && !keepZeros) shape[i] = in.shape.at(i);
        if (shape[i] == -1) {
            unknown = i;
        } else {
            known *= shape[i];
        }
    }
    if (unknown < shape.size()) shape[unknown] = known ? in.count() / known : 0;
    if (countOf(shape) != in.count()) {
        throw std::runtime_error("cannot reshape " + toString(in.shape) + " to " + toString(shape));
    }
    copyValues(call, in, call.make(in.type, shape));
}

void unsqueeze(Call& call) {
    const Tensor& in = call.in(0);
    const auto axes = axesOf(call, 1, {});
    const size_t rank = in.shape.size() + axes.size();
    Shape shape(rank, 0);
    for (const int64_t axis : axes) shape[axisOf(axis, rank)] = 1;
    size_t next = 0;
    for (int64_t& size : shape) {
        if (size == 0) size = in.shape.at(next++);
    }
    copyValues(call, in, call.make(in.type, shape));
}

void squeeze(Call& call) {
    const Tensor& in = call.in(0);
    std::vector<bool> drop(in.shape.size());
    const auto axes = axesOf(call, 1, {});
    for (const int64_t axis : axes) drop[axisOf(axis, drop.size())] = true;
    Shape shape;
    for (size_t i = 0; i < drop.size(); ++i) {
        const bool dropped = axes.empty() ? in.shape[i] == 1 : drop[i];
        if (dropped && in.shape[i] != 1) throw std::runtime_error("only axes of size 1 can be squeezed");
        if (!dropped) shape.push_back(in.shape[i]);
    }
    copyValues(call, in, call.make(in.type, shape));
}

void shapeOf(Call& call) {
    const Shape& shape = call.in(0).shape;
    const auto rank = static_cast<int64_t>(shape.size());
    const auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
    const int64_t start = place(call.node.integer("start", 0));
    const int64_t end = std::max(start, place(call.node.integer("end", rank)));
    call.make(ElementType::kInt64, {end - start}).integers.assign(shape.begin() + start, shape.begin() + end);
}

void gather(Call& call) {
    const Tensor& in = call.in(0);
    const Tensor& indices = call.in(1);
    const auto& chosen = call.integersOf(1);
    const size_t axis = axisOf(call.node.integer("axis", 0), in.shape.size());
    Shape shape(in.shape.begin(), in.shape.begin() + static_cast<int64_t>(axis));
    shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
    shape.insert(shape.end(), in.shape.begin() + static_cast<int64_t>(axis) + 1, in.shape.end());
    Tensor& out = call.make(in.type, shape);
    if (call.skips(out)) return;
    // Seen as [outer, axis, inner] → [outer, chosen, inner].
    const int64_t inner = stridesOf(in.shape)[axis];
    const int64_t outer = countOf(Shape(in.shape.begin(), in.shape.begin() + static_cast<int64_t>(axis)));
    const auto picks = static_cast<int64_t>(chosen.size());
    for (int64_t i = 0; i < picks; ++i) {
        const auto from =
            static_cast<int64_t>(axisOf(chosen[static_cast<size_t>(i)], static_cast<size_t>(in.shape[axis])));
        copyBlock(in, from * inner, {in.shape[axis] * inner, 1}, out, i * inner, {picks * inner, 1}, {outer, inner});
    }
}

void expand(Call& call) {
    const Tensor& in = call.in(0);
    const Shape shape = broadcastShapes(in.shape, call.integersOf(1));
    Tensor& out = call.make(in.type, shape);
    if (!call.skips(out)) copyBlock(in, 0, broadcastStrides(in.shape, shape), out, 0, stridesOf(shape), shape);
}

void constant(Call& call) {
    const Node& node = call.node;
    if (node.has("value")) {
        call.outputs.push_back(*node.attributes.at("value").tensor);
    } else if (node.has("value_float")) {
        call.outputs.push_back({ElementType::kFloat, {}, {node.real("value_float", 0)}, {}});
    } else if (node.has("value_int")) {
        call.outputs.push_back({ElementType::kInt64, {}, {}, {node.integer("value_int", 0)}});
    } else if (node.has("value_ints")) {
        const auto values = node.integers("value_ints", {});
        call.outputs.push_back({ElementType::kInt64, {static_cast<int64_t>(values.size())}, {}, values});
    } else {
        throw std::runtime_error("this form of constant is not supported");
    }
}

void constantOfShape(Call& call) {
    const auto value = call.node.attributes.find("value");
    const bool given = value != call.node.attributes.end() && value->second.tensor;
    Tensor& out = call.make(given ? value->second.tensor->type : ElementType::kFloat, call.integersOf(0));
    if (call.skips(out) || !given) return;
    if (out.isFloat()) {
        std::fill(out.floats.begin(), out.floats.end(), value->second.tensor->floats.at(0));
    } else {
        std::fill(out.integers.begin(), out.integers.end(), value->second.tensor->integers.at(0));
    }
}

// The one operator whose output size depends on data: what makes an engine impossible to capture.
void nonZero(Call& call) {
    const Tensor& in = call.in(0);
    const auto rank = static_cast<int64_t>(in.shape.size());
    if (call.shapesOnly) {
        call.outputs.push_back({ElementType::kInt64, {rank, -1}, {}, {}});
        return;
    }
    std::vector<Shape> found;
    size_t at = 0;
    forEachIndex(in.shape, [&](const Shape& index) {
        if (in.isFloat() ? in.floats[at] != 0 : in.integers[at] != 0) found.push_back(index);
        ++at;
    });
    Tensor& out = call.make(ElementType::kInt64, {rank, static_cast<int64_t>(found.size())});
    for (size_t axis = 0, i = 0; axis < in.shape.size(); ++axis) {
        for (const Shape& index : found) out.integers[i++] = index[axis];
    }
}

void identity(Call& call) { call.outputs.push_back(call.in(0)); }

}  // namespace

void registerLayout(std::map<std::string, Operator>& operators) {
    operators["Transpose"] = transpose;
    operators["Slice"] = slice;
    operators["Split"] = split;
    operators["Concat"] = concat;
    operators["Pad"] = pad;
    operators["Reshape"] = reshape;
    operators["Unsqueeze"] = unsqueeze;
    operators["Squeeze"] = squeeze;
    operators["Shape"] = shapeOf;
    operators["Gather"] = gather;
    operators["Expand"] = expand;
    operators["Constant"] = constant;
    operators["ConstantOfShape"] = constantOfShape;
    operators["NonZero"] = nonZero;
    operators["Identity"] = identity;
}

}  // namespace trtv_sim::onnx
