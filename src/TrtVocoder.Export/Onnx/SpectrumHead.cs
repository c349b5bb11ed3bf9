using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// Emits <c>head.out</c> and what follows it, in FP32: log-magnitude m and phase p → min(exp m, 100)·cos p and ·sin p.
/// m and p are the halves of one product, each filled up to <see cref="PaddedBins"/>; for bins-major it is computed transposed.
/// Two products of the same transposed features TensorRT 10.6 refuses.
/// </summary>
internal sealed class SpectrumHead(GraphWeights weights)
{
    /// <summary>Bins of each half, F filled up to a multiple of 8; those beyond F hold nothing of use.</summary>
    public int PaddedBins { get; } = GraphWeights.Align(weights.Config.BinCount);

    /// <summary>hidden [B, T, C] → the graph's outputs <c>real</c> and <c>imag</c>, [B, F, T] or [B, T, F].</summary>
    public void EmitOutputs(string hidden, SpectrumLayout layout)
    {
        (string real, string imag) = Emit(hidden, layout);
        (int, Range)[] bins = [(BinAxis(layout), ..weights.Config.BinCount)];
        weights.Graph.Slice("/head/real", real, bins, "real");
        weights.Graph.Slice("/head/imag", imag, bins, "imag");
    }

    /// <summary>
    /// hidden [B, T, C] → real and imaginary parts, [B, <see cref="PaddedBins"/>, T] or [B, T, <see cref="PaddedBins"/>].
    /// </summary>
    public (string Real, string Imag) Emit(string hidden, SpectrumLayout layout)
    {
        OnnxGraphBuilder graph = weights.Graph;
        string halves = layout == SpectrumLayout.BinsMajor ? ProjectTransposed(hidden) : Project(hidden);
        string logMagnitude = graph.Slice("/head/magnitude", halves, [(BinAxis(layout), ..PaddedBins)]);
        string phase = graph.Slice("/head/phase", halves, [(BinAxis(layout), PaddedBins..(2 * PaddedBins))]);
        string limit = graph.AddConstant("head.magnitude_limit", DataType.Float, [VocosConfig.MagnitudeClip]);
        string magnitude = graph.AddNode("Min", "/head/magnitude", [graph.AddNode("Exp", "/head/magnitude", [logMagnitude]), limit]);
        string cosine = graph.AddNode("Cos", "/head/phase", [phase]);
        string sine = graph.AddNode("Sin", "/head/phase", [phase]);
        return (graph.AddNode("Mul", "/head/real", [magnitude, cosine]), graph.AddNode("Mul", "/head/imag", [magnitude, sine]));
    }

    /// <summary>Features × weights: [B, T, C] → [B, T, 2·<see cref="PaddedBins"/>].</summary>
    private string Project(string hidden)
    {
        (int dim, int columns) = (weights.Config.Dim, 2 * PaddedBins);
        return weights.Linear(
            "head.out", hidden, GraphWeights.Transposed(PadHalves("head.out.weight", dim), columns, dim), PadHalves("head.out.bias", 1),
            DataType.Float);
    }

    /// <summary>Weights × features: [B, T, C] → [B, 2·<see cref="PaddedBins"/>, T].</summary>
    private string ProjectTransposed(string hidden)
    {
        OnnxGraphBuilder graph = weights.Graph;
        string weight = graph.AddConstant(
            "head.out.weight", DataType.Float, PadHalves("head.out.weight", weights.Config.Dim), 2 * PaddedBins, weights.Config.Dim);
        string bias = graph.AddConstant("head.out.bias", DataType.Float, PadHalves("head.out.bias", 1), 2 * PaddedBins, 1);
        string product = graph.AddNode("MatMul", "/head/out", [weight, weights.Transpose("/head/out", hidden)]);
        return graph.AddNode("Add", "/head/out", [product, bias]);
    }

    /// <summary>[2F, columns] → [2·<see cref="PaddedBins"/>, columns], with rows of zeros below each half.</summary>
    private float[] PadHalves(string key, int columns)
    {
        ReadOnlySpan<float> rows = weights.Get(key);
        int half = rows.Length / 2;
        float[] result = new float[2 * PaddedBins * columns];
        rows[..half].CopyTo(result);
        rows[half..].CopyTo(result.AsSpan(PaddedBins * columns));
        return result;
    }

    private static int BinAxis(SpectrumLayout layout) => layout == SpectrumLayout.BinsMajor ? 1 : 2;
}
