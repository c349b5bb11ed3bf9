// Comparisons and choices, element by element with NumPy's broadcasting, and the counting that they are made of.
#include "interpreter.h"
#include "strided_copy.h"

namespace trtv_sim::onnx {
namespace {

/** Calls for every element of a shape with its places in the tensors that are broadcast to it. */
template <typename Visit>
void forEachPlace(const Shape& shape, const Tensor& a, const Tensor& b, Visit visit) {
    const Shape aStrides = broadcastStrides(a.shape, shape);
    const Shape bStrides = broadcastStrides(b.shape, shape);
    size_t at = 0;
    forEachIndex(shape, [&](const Shape& index) {
        visit(at++, static_cast<size_t>(dot(index, aStrides)), static_cast<size_t>(dot(index, bStrides)));
    });
}

template <typename Function>
void compare(Call& call, Function function) {
    const Tensor& a = call.in(0);
    const Tensor& b = call.in(1);
    if (a.type != b.type) throw std::runtime_error("the inputs have different element types");
    Tensor& out = call.make(ElementType::kBool, broadcastShapes(a.shape, b.shape));
    if (call.skips(a)) return;
    forEachPlace(out.shape, a, b, [&](size_t at, size_t left, size_t right) {
        out.integers[at] =
            a.isFloat() ? function(a.floats[left], b.floats[right]) : function(a.integers[left], b.integers[right]);
    });
}

void logicalAnd(Call& call) {
    const Tensor& a = call.in(0);
    const Tensor& b = call.in(1);
    if (a.type != ElementType::kBool || b.type != ElementType::kBool) {
        throw std::runtime_error("the inputs must be booleans");
    }
    Tensor& out = call.make(ElementType::kBool, broadcastShapes(a.shape, b.shape));
    forEachPlace(out.shape, a, b, [&](size_t at, size_t left, size_t right) {
        out.integers[at] = a.integers[left] && b.integers[right];
    });
}

void where(Call& call) {
    const Tensor& condition = call.in(0);
    const Tensor& a = call.in(1);
    const Tensor& b = call.in(2);
    if (condition.type != ElementType::kBool) throw std::runtime_error("the condition must be boolean");
    if (a.type != b.type || !a.isFloat()) throw std::runtime_error("the choices must be floating-point of one type");
    Tensor& out = call.make(a.type, broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)));
    if (call.skips(out)) return;
    const Shape strides = broadcastStrides(condition.shape, out.shape);
    std::vector<size_t> places;
    forEachIndex(out.shape, [&](const Shape& index) { places.push_back(static_cast<size_t>(dot(index, strides))); });
    forEachPlace(out.shape, a, b, [&](size_t at, size_t left, size_t right) {
        out.floats[at] = condition.integers[places[at]] ? a.floats[left] : b.floats[right];
    });
}

void range(Call& call) {
    const int64_t start = call.integersOf(0).at(0);
    const int64_t limit = call.integersOf(1).at(0);
    const int64_t delta = call.integersOf(2).at(0);
    if (delta < 1) throw std::runtime_error("only ranges that go up are supported");
    const int64_t count = limit > start ? (limit - start + delta - 1) / delta : 0;
    Tensor& out = call.make(ElementType::kInt64, {count});
    for (int64_t i = 0; i < count; ++i) out.integers[static_cast<size_t>(i)] = start + i * delta;
}

}  // namespace

void registerLogic(std::map<std::string, Operator>& operators) {
    operators["GreaterOrEqual"] = [](Call& call) { compare(call, [](auto a, auto b) { return a >= b; }); };
    operators["Less"] = [](Call& call) { compare(call, [](auto a, auto b) { return a < b; }); };
    operators["And"] = logicalAnd;
    operators["Where"] = where;
    operators["Range"] = range;
}

}  // namespace trtv_sim::onnx
