// Operators that compute each element from those at the same place, with NumPy's broadcasting.
#include <algorithm>
#include <cmath>

#include "interpreter.h"
#include "strided_copy.h"

namespace trtv_sim::onnx {
namespace {

int64_t broadcastSize(int64_t a, int64_t b) {
    if (a == b || b == 1) return a;
    if (a == 1) return b;
    if (a < 0 || b < 0) return -1;
    throw std::runtime_error("sizes " + std::to_string(a) + " and " + std::to_string(b) + " do not match");
}

template <typename T, typename Function>
void apply(const T* a, const Shape& aStrides, const T* b, const Shape& bStrides, const Shape& shape, T* out,
           Function function) {
    const size_t rank = shape.size();
    const int64_t inner = rank ? shape[rank - 1] : 1;
    const int64_t aStep = rank ? aStrides[rank - 1] : 0;
    const int64_t bStep = rank ? bStrides[rank - 1] : 0;
    Shape outerShape(shape.begin(), rank ? shape.end() - 1 : shape.end());
    forEachIndex(outerShape, [&](const Shape& index) {
        const T* left = a + dot(index, aStrides);
        const T* right = b + dot(index, bStrides);
        // The common cases by themselves, so that the compiler can make them vector loops.
        if (aStep == 1 && bStep == 1) {
            for (int64_t i = 0; i < inner; ++i) out[i] = function(left[i], right[i]);
        } else if (aStep == 1 && bStep == 0) {
            const T value = *right;
            for (int64_t i = 0; i < inner; ++i) out[i] = function(left[i], value);
        } else {
            for (int64_t i = 0; i < inner; ++i) out[i] = function(left[i * aStep], right[i * bStep]);
        }
        out += inner;
    });
}

template <typename Function>
Tensor combine(const Call& call, const Tensor& a, const Tensor& b, Function function) {
    if (a.type != b.type) throw std::runtime_error("the inputs have different element types");
    Tensor out;
    out.type = a.type;
    out.shape = broadcastShapes(a.shape, b.shape);
    if (call.skips(out)) return out;
    const Shape aStrides = broadcastStrides(a.shape, out.shape);
    const Shape bStrides = broadcastStrides(b.shape, out.shape);
    const auto count = static_cast<size_t>(out.count());
    if (out.isFloat()) {
        out.floats.resize(count);
        apply(a.floats.data(), aStrides, b.floats.data(), bStrides, out.shape, out.floats.data(), function);
    } else {
        out.integers.resize(count);
        apply(a.integers.data(), aStrides, b.integers.data(), bStrides, out.shape, out.integers.data(), function);
    }
    return out;
}

template <typename Function>
void binary(Call& call, Function function) {
    call.outputs.push_back(combine(call, call.in(0), call.in(1), function));
}

template <typename Function>
void variadic(Call& call, Function function) {
    Tensor result = call.in(0);
    for (size_t i = 1; i < call.inputs.size(); ++i) result = combine(call, result, call.in(i), function);
    call.outputs.push_back(std::move(result));
}

template <typename Function>
void unary(Call& call, Function function) {
    const Tensor& in = call.in(0);
    if (!in.isFloat()) throw std::runtime_error("the input must be floating-point");
    Tensor& out = call.make(in.type, in.shape);
    if (call.skips(out)) return;
    std::transform(in.floats.begin(), in.floats.end(), out.floats.begin(), function);
}

void clip(Call& call) {
    const bool attributes = call.opset < 11;
    float low = attributes ? call.node.real("min", -INFINITY) : -INFINITY;
    float high = attributes ? call.node.real("max", INFINITY) : INFINITY;
    if (call.has(1) && !call.in(1).floats.empty()) low = call.in(1).floats[0];
    if (call.has(2) && !call.in(2).floats.empty()) high = call.in(2).floats[0];
    unary(call, [=](float x) { return std::min(std::max(x, low), high); });
}

void gelu(Call& call) {
    if (call.node.text("approximate", "none") == "tanh") {
        unary(call, [](float x) { return 0.5f * x * (1.0f + std::tanh(0.7978845608f * (x + 0.044715f * x * x * x))); });
    } else {
        unary(call, [](float x) { return 0.5f * x * (1.0f + std::erf(x * 0.70710678118f)); });
    }
}

void cast(Call& call) {
    const Tensor& in = call.in(0);
    const auto type = static_cast<ElementType>(call.node.integer("to", 1));
    bytesOf(type);  // Refuses types that are not known.
    Tensor& out = call.make(type, in.shape);
    if (call.skips(out)) return;
    if (in.isFloat() && out.isFloat()) {
        out.floats = in.floats;
    } else if (in.isFloat()) {
        if (call.skips(in)) throw std::runtime_error("integers that depend on data are not supported");
        std::transform(in.floats.begin(), in.floats.end(), out.integers.begin(),
                       [](float value) { return static_cast<int64_t>(value); });
    } else if (out.isFloat()) {
        std::transform(in.integers.begin(), in.integers.end(), out.floats.begin(),
                       [](int64_t value) { return static_cast<float>(value); });
    } else {
        out.integers = in.integers;
    }
}

template <typename T>
T divide(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
        if (b == 0) throw std::runtime_error("division by zero");
    }
    return a / b;
}

template <typename T>
T power(T a, T b) {
    return static_cast<T>(std::pow(a, b));
}

}  // namespace

Shape broadcastShapes(const Shape& a, const Shape& b) {
    Shape out(std::max(a.size(), b.size()));
    for (size_t i = 1; i <= out.size(); ++i) {
        out[out.size() - i] = broadcastSize(i <= a.size() ? a[a.size() - i] : 1, i <= b.size() ? b[b.size() - i] : 1);
    }
    return out;
}

void registerElementwise(std::map<std::string, Operator>& operators) {
    operators["Add"] = [](Call& call) { binary(call, [](auto a, auto b) { return a + b; }); };
    operators["Sub"] = [](Call& call) { binary(call, [](auto a, auto b) { return a - b; }); };
    operators["Mul"] = [](Call& call) { binary(call, [](auto a, auto b) { return a * b; }); };
    operators["Div"] = [](Call& call) { binary(call, [](auto a, auto b) { return divide(a, b); }); };
    operators["Pow"] = [](Call& call) { binary(call, [](auto a, auto b) { return power(a, b); }); };
    operators["Min"] = [](Call& call) { variadic(call, [](auto a, auto b) { return b < a ? b : a; }); };
    operators["Max"] = [](Call& call) { variadic(call, [](auto a, auto b) { return a < b ? b : a; }); };
    operators["Exp"] = [](Call& call) { unary(call, [](float x) { return std::exp(x); }); };
    operators["Log"] = [](Call& call) { unary(call, [](float x) { return std::log(x); }); };
    operators["Cos"] = [](Call& call) { unary(call, [](float x) { return std::cos(x); }); };
    operators["Sin"] = [](Call& call) { unary(call, [](float x) { return std::sin(x); }); };
    operators["Sqrt"] = [](Call& call) { unary(call, [](float x) { return std::sqrt(x); }); };
    operators["Erf"] = [](Call& call) { unary(call, [](float x) { return std::erf(x); }); };
    operators["Tanh"] = [](Call& call) { unary(call, [](float x) { return std::tanh(x); }); };
    operators["Neg"] = [](Call& call) { unary(call, [](float x) { return -x; }); };
    operators["Relu"] = [](Call& call) { unary(call, [](float x) { return x > 0 ? x : 0; }); };
    operators["Reciprocal"] = [](Call& call) { unary(call, [](float x) { return 1 / x; }); };
    operators["Gelu"] = gelu;
    operators["Clip"] = clip;
    operators["Cast"] = cast;
}

}  // namespace trtv_sim::onnx
