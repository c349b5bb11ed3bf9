// Operators that sum: matrix products, convolutions, normalisation.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "interpreter.h"
#include "strided_copy.h"

namespace trtv_sim::onnx {
namespace {

// Eight numbers at once; where the processor has no such registers, the compiler splits them.
using Lanes = float __attribute__((vector_size(32)));
constexpr int64_t kColumns = 16, kDepth = 256;

// A tile of some rows by the panel's columns: c stays in registers, and each sum runs in the order of k.
template <int64_t kRows>
[[gnu::always_inline]] inline void multiplyTile(const float* a, int64_t k, const Lanes (*panel)[2], int64_t depth,
                                                float* c, int64_t n, size_t bytes) {
    Lanes sums[kRows][2] = {};
    for (int64_t r = 0; r < kRows; ++r) std::memcpy(sums[r], c + r * n, bytes);
    for (int64_t i = 0; i < depth; ++i) {
        for (int64_t r = 0; r < kRows; ++r) {
            sums[r][0] += a[r * k + i] * panel[i][0];
            sums[r][1] += a[r * k + i] * panel[i][1];
        }
    }
    for (int64_t r = 0; r < kRows; ++r) std::memcpy(c + r * n, sums[r], bytes);
}

// c[m,n] += a[m,k]·b[k,n], in panels of b that stay in the cache.
[[gnu::always_inline]] inline void multiplyPanels(const float* a, const float* b, float* c, int64_t m, int64_t k,
                                                  int64_t n) {
    Lanes panel[kDepth][2] = {};
    for (int64_t from = 0; from < k; from += kDepth) {
        const int64_t depth = std::min(kDepth, k - from);
        for (int64_t column = 0; column < n; column += kColumns) {
            const size_t bytes = static_cast<size_t>(std::min(kColumns, n - column)) * sizeof(float);
            for (int64_t i = 0; i < depth; ++i) std::memcpy(panel[i], b + (from + i) * n + column, bytes);
            int64_t row = 0;
            for (; row + 4 <= m; row += 4) {
                multiplyTile<4>(a + row * k + from, k, panel, depth, c + row * n + column, n, bytes);
            }
            for (; row < m; ++row) {
                multiplyTile<1>(a + row * k + from, k, panel, depth, c + row * n + column, n, bytes);
            }
        }
    }
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void multiplyByAvx2(const float* a, const float* b, float* c, int64_t m, int64_t k, int64_t n) {
    multiplyPanels(a, b, c, m, k, n);
}
#endif

void multiply(const float* a, const float* b, float* c, int64_t m, int64_t k, int64_t n) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) return multiplyByAvx2(a, b, c, m, k, n);
#endif
    multiplyPanels(a, b, c, m, k, n);
}

void requireFloats(const Call& call, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (!call.in(i).isFloat() || call.in(i).type != call.in(0).type) {
            throw std::runtime_error("the inputs have different element types, or are not floating-point");
        }
    }
}

void matMul(Call& call) {
    requireFloats(call, 2);
    const Tensor& a = call.in(0);
    const Tensor& b = call.in(1);
    if (a.shape.size() < 2 || b.shape.size() < 2) throw std::runtime_error("vectors are not supported");
    const int64_t m = a.shape[a.shape.size() - 2], k = a.shape.back(), n = b.shape.back();
    if (b.shape[b.shape.size() - 2] != k) {
        throw std::runtime_error("shapes " + toString(a.shape) + " and " + toString(b.shape) + " cannot be multiplied");
    }
    const Shape aBatch(a.shape.begin(), a.shape.end() - 2);
    const Shape bBatch(b.shape.begin(), b.shape.end() - 2);
    const Shape batch = broadcastShapes(aBatch, bBatch);
    Shape shape = batch;
    shape.insert(shape.end(), {m, n});
    Tensor& out = call.make(a.type, shape);
    if (call.skips(out)) return;
    const Shape aStrides = broadcastStrides(aBatch, batch);
    const Shape bStrides = broadcastStrides(bBatch, batch);
    float* c = out.floats.data();
    forEachIndex(batch, [&](const Shape& index) {
        multiply(a.floats.data() + dot(index, aStrides) * m * k, b.floats.data() + dot(index, bStrides) * k * n, c, m,
                 k, n);
        c += m * n;
    });
}

std::vector<float> transposed(const std::vector<float>& values, int64_t rows, int64_t columns) {
    std::vector<float> out(values.size());
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < columns; ++column) {
            out[static_cast<size_t>(column * rows + row)] = values[static_cast<size_t>(row * columns + column)];
        }
    }
    return out;
}

void gemm(Call& call) {
    requireFloats(call, 2);
    const Tensor& a = call.in(0);
    const Tensor& b = call.in(1);
    if (a.shape.size() != 2 || b.shape.size() != 2) throw std::runtime_error("the inputs must be matrices");
    const bool transA = call.node.integer("transA", 0) != 0, transB = call.node.integer("transB", 0) != 0;
    const int64_t m = a.shape[transA], k = a.shape[!transA], n = b.shape[!transB];
    if (b.shape[transB] != k) throw std::runtime_error("the matrices cannot be multiplied");
    Tensor& out = call.make(a.type, {m, n});
    if (call.skips(out)) return;
    const auto left = transA ? transposed(a.floats, k, m) : a.floats;
    const auto right = transB ? transposed(b.floats, n, k) : b.floats;
    multiply(left.data(), right.data(), out.floats.data(), m, k, n);
    const float alpha = call.node.real("alpha", 1), beta = call.node.real("beta", 1);
    for (float& value : out.floats) value *= alpha;
    if (!call.has(2)) return;
    const Tensor& c = call.in(2);
    const Shape strides = broadcastStrides(c.shape, out.shape);
    float* value = out.floats.data();
    forEachIndex(out.shape,
                 [&](const Shape& index) { *value++ += beta * c.floats[static_cast<size_t>(dot(index, strides))]; });
}

// One-dimensional, any group count: all that vocoders use.
void conv(Call& call) {
    requireFloats(call, 2);
    const Tensor& in = call.in(0);
    const Tensor& weight = call.in(1);
    const Node& node = call.node;
    if (in.shape.size() != 3 || weight.shape.size() != 3) throw std::runtime_error("only 1-D convolution is supported");
    if (node.integers("strides", {1}).at(0) != 1 || node.integers("dilations", {1}).at(0) != 1) {
        throw std::runtime_error("strides and dilations are not supported");
    }
    if (node.text("auto_pad", "NOTSET") != "NOTSET") throw std::runtime_error("auto_pad is not supported");
    const auto pads = node.integers("pads", {0, 0});
    const int64_t groups = node.integer("group", 1);
    const int64_t batch = in.shape[0], channels = in.shape[1], length = in.shape[2];
    const int64_t outChannels = weight.shape[0], perGroup = weight.shape[1], taps = weight.shape[2];
    if (groups < 1 || channels != perGroup * groups || outChannels % groups) {
        throw std::runtime_error("the weights do not fit the input's channels");
    }
    const int64_t outLength = std::max<int64_t>(0, length + pads.at(0) + pads.at(1) - taps + 1);
    Tensor& out = call.make(in.type, {batch, outChannels, outLength});
    if (call.skips(out)) return;
    const int64_t outPerGroup = outChannels / groups;
    for (int64_t item = 0; item < batch; ++item) {
        for (int64_t channel = 0; channel < outChannels; ++channel) {
            float* row = out.floats.data() + (item * outChannels + channel) * outLength;
            std::fill(row, row + outLength, call.has(2) ? call.in(2).floats[static_cast<size_t>(channel)] : 0.0f);
            for (int64_t i = 0; i < perGroup; ++i) {
                const int64_t from = channel / outPerGroup * perGroup + i;
                const float* source = in.floats.data() + (item * channels + from) * length;
                for (int64_t tap = 0; tap < taps; ++tap) {
                    const float factor = weight.floats[static_cast<size_t>((channel * perGroup + i) * taps + tap)];
                    const int64_t shift = tap - pads[0];
                    const int64_t end = std::min(outLength, length - shift);
                    for (int64_t t = std::max<int64_t>(0, -shift); t < end; ++t) row[t] += factor * source[t + shift];
                }
            }
        }
    }
}

void layerNormalization(Call& call) {
    requireFloats(call, 2);
    const Tensor& in = call.in(0);
    const auto rank = static_cast<int64_t>(in.shape.size());
    int64_t axis = call.node.integer("axis", -1);
    if (axis < 0) axis += rank;
    const int64_t width = countOf(Shape(in.shape.begin() + axis, in.shape.end()));
    if (call.in(1).count() != width) throw std::runtime_error("the scale does not fit the normalised axes");
    Tensor& out = call.make(in.type, in.shape);
    if (call.skips(out) || width == 0) return;
    const float epsilon = call.node.real("epsilon", 1e-5f);
    const float* scale = call.in(1).floats.data();
    const float* bias = call.has(2) ? call.in(2).floats.data() : nullptr;
    for (int64_t row = 0; row < in.count() / width; ++row) {
        const float* x = in.floats.data() + row * width;
        float* y = out.floats.data() + row * width;
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < width; ++i) sum += x[i];
        const double mean = sum / static_cast<double>(width);
        for (int64_t i = 0; i < width; ++i) squares += (x[i] - mean) * (x[i] - mean);
        const auto inverse = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(width) + epsilon));
        for (int64_t i = 0; i < width; ++i) {
            y[i] = (x[i] - static_cast<float>(mean)) * inverse * scale[i] + (bias ? bias[i] : 0.0f);
        }
    }
}

void reduceMean(Call& call) {
    const Tensor& in = call.in(0);
    const auto rank = static_cast<int64_t>(in.shape.size());
    std::vector<int64_t> axes = call.has(1) ? call.integersOf(1) : call.node.integers("axes", {});
    const bool all = axes.empty();
    Shape kept = in.shape;
    for (int64_t i = 0; i < rank; ++i) {
        const bool reduced =
            all || std::any_of(axes.begin(), axes.end(), [&](int64_t a) { return (a + rank) % rank == i; });
        if (reduced) kept[static_cast<size_t>(i)] = 1;
    }
    Tensor& out = call.make(in.type, kept);
    const bool keep = call.node.integer("keepdims", 1) != 0;
    if (!call.skips(out)) {
        const Shape strides = broadcastStrides(kept, in.shape);
        std::vector<double> sums(out.floats.size());
        size_t at = 0;
        forEachIndex(in.shape,
                     [&](const Shape& index) { sums[static_cast<size_t>(dot(index, strides))] += in.floats[at++]; });
        const double share =
            static_cast<double>(sums.size()) / static_cast<double>(std::max<size_t>(1, in.floats.size()));
        for (size_t i = 0; i < sums.size(); ++i) out.floats[i] = static_cast<float>(sums[i] * share);
    }
    if (keep) return;
    Shape squeezed;
    for (size_t i = 0; i < kept.size(); ++i) {
        const bool reduced = all || std::any_of(axes.begin(), axes.end(), [&](int64_t a) {
                                 return (a + rank) % rank == static_cast<int64_t>(i);
                             });
        if (!reduced) squeezed.push_back(kept[i]);
    }
    out.shape = squeezed;
}

}  // namespace

void registerProducts(std::map<std::string, Operator>& operators) {
    operators["MatMul"] = matMul;
    operators["Gemm"] = gemm;
    operators["Conv"] = conv;
    operators["LayerNormalization"] = layerNormalization;
    operators["ReduceMean"] = reduceMean;
}

}  // namespace trtv_sim::onnx
