using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// Emits <c>head.out</c> and what follows it, in FP32: log-magnitude m and phase p → min(exp m, 100)·cos p and ·sin p.
/// m and p are two products of half the size, so nothing has to be split; for bins-major they are computed transposed.
/// </summary>
internal sealed class SpectrumHead(GraphWeights weights)
{
    /// <summary>hidden [B, T, C] → real and imaginary parts, [B, F, T] or [B, T, F].</summary>
    /// <param name="hidden">The trunk's output.</param>
    /// <param name="layout">The order of bins and frames.</param>
    /// <param name="asOutputs">Whether the parts are the graph's outputs, <c>real</c> and <c>imag</c>.</param>
    public (string Real, string Imag) Emit(string hidden, SpectrumLayout layout, bool asOutputs)
    {
        OnnxGraphBuilder graph = weights.Graph;
        string input = layout == SpectrumLayout.BinsMajor ? weights.Transpose("/head/out", hidden) : hidden;
        string logMagnitude = Project("magnitude", input, layout, 0);
        string phase = Project("phase", input, layout, weights.Config.BinCount);
        string limit = graph.AddConstant("head.magnitude_limit", DataType.Float, [VocosConfig.MagnitudeClip]);
        string magnitude = graph.AddNode("Min", "/head/magnitude", [graph.AddNode("Exp", "/head/magnitude", [logMagnitude]), limit]);
        string cosine = graph.AddNode("Cos", "/head/phase", [phase]);
        string sine = graph.AddNode("Sin", "/head/phase", [phase]);
        string real = graph.AddNode("Mul", "/head/real", [magnitude, cosine], output: asOutputs ? "real" : null);
        string imag = graph.AddNode("Mul", "/head/imag", [magnitude, sine], output: asOutputs ? "imag" : null);
        return (real, imag);
    }

    /// <summary>The rows [firstRow, firstRow + F) of <c>head.out</c> applied to every frame.</summary>
    private string Project(string name, string input, SpectrumLayout layout, int firstRow)
    {
        (int dim, int bins) = (weights.Config.Dim, weights.Config.BinCount);
        string scope = $"/head/out/{name}";
        ReadOnlySpan<float> rows = weights.Get("head.out.weight").Slice(firstRow * dim, bins * dim);
        ReadOnlySpan<float> bias = weights.Get("head.out.bias").Slice(firstRow, bins);
        if (layout == SpectrumLayout.BinsMajor)
        {
            string left = weights.Graph.AddConstant($"head.out.{name}.weight", DataType.Float, rows, bins, dim);
            string product = weights.Graph.AddNode("MatMul", scope, [left, input]);
            return weights.Graph.AddNode("Add", scope, [product, weights.Graph.AddConstant($"head.out.{name}.bias", DataType.Float, bias, bins, 1)]);
        }
        else
        {
            string right = weights.Graph.AddConstant($"head.out.{name}.weight", DataType.Float, GraphWeights.Transposed(rows, bins, dim), dim, bins);
            string product = weights.Graph.AddNode("MatMul", scope, [input, right]);
            return weights.Graph.AddNode("Add", scope, [product, weights.Graph.AddConstant($"head.out.{name}.bias", DataType.Float, bias, bins)]);
        }
    }
}
