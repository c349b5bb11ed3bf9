using TrtVocoder.Dsp;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// Emits the inverse STFT inside the graph, in FP32: one matrix product to windowed frames, overlap-add as R shifted sums of rows of a hop,
/// division by the envelope, and the cut of the ends. Every shape follows from B and T; nothing depends on data.
/// </summary>
internal sealed class InverseStftNodes(OnnxGraphBuilder graph, StftParameters stft)
{
    private const string Scope = "/istft";
    private readonly InverseStftMatrices _matrices = new(stft);

    /// <summary>Real and imaginary parts [B, T, F] → the output <c>audio</c> [B, samples].</summary>
    public string Emit(string mel, string real, string imag)
    {
        (int segments, int hop) = (_matrices.SegmentCount, stft.HopLength);
        string spectrum = graph.AddNode("Concat", Scope + "/spectrum", [real, imag], [OnnxAttributes.Integer("axis", 2)]);
        string synthesis = graph.AddConstant("istft.synthesis", DataType.Float, _matrices.Synthesis, 2 * stft.BinCount, segments * hop);
        string frames = graph.AddNode("MatMul", Scope + "/frames", [spectrum, synthesis]);
        string rows = graph.AddNode("Div", Scope + "/envelope", [OverlapAdd(frames), Envelope(mel)]);
        string samples = graph.AddNode("Reshape", Scope, [rows, graph.GetIntegers(0, -1)]);
        return graph.Slice(Scope + "/trim", samples, 1, stft.TrimLength, _matrices.EndTrim, "audio");
    }

    /// <summary>[B, T, R·hop] → [B, T + R − 1, hop]: row j is the sum of segment r of frame j − r over all r.</summary>
    private string OverlapAdd(string frames)
    {
        (int segments, int hop) = (_matrices.SegmentCount, stft.HopLength);
        string padded = graph.AddNode("Pad", Scope + "/overlap", [frames, graph.GetIntegers(0, segments - 1, 0, 0, segments - 1, 0)]);
        string sum = "";
        for (int r = 0; r < segments; r++)
        {
            string scope = $"{Scope}/overlap/segment{r}";
            string segment = graph.AddNode("Slice", scope,
            [
                padded,
                graph.GetIntegers(segments - 1 - r, r * hop),
                graph.GetIntegers(r == 0 ? long.MaxValue : -r, (r + 1) * hop),
                graph.GetIntegers(1, 2),
            ]);
            sum = r == 0 ? segment : graph.AddNode("Add", scope, [sum, segment]);
        }

        return sum;
    }

    /// <summary>[T + R − 1, hop]: the whole envelope everywhere, less what lacks at the ends, moved there by padding with T rows.</summary>
    private string Envelope(string mel)
    {
        const string EnvelopeScope = Scope + "/envelope";
        (int corrections, int hop) = (_matrices.SegmentCount - 1, stft.HopLength);
        string frameCount = graph.AddNode("Shape", EnvelopeScope, [mel], [OnnxAttributes.Integer("start", 2), OnnxAttributes.Integer("end", 3)]);
        string zero = graph.GetIntegers(0);
        string whole = graph.AddConstant("istft.envelope", DataType.Float, _matrices.Envelope, hop);
        string start = Correction("start", _matrices.EnvelopeMissingAtStart, [zero, zero, frameCount, zero]);
        string end = Correction("end", _matrices.EnvelopeMissingAtEnd, [frameCount, zero, zero, zero]);
        return graph.AddNode("Sub", EnvelopeScope + "/end", [graph.AddNode("Sub", EnvelopeScope + "/start", [whole, start]), end]);

        string Correction(string name, float[] values, string[] pads)
        {
            string scope = $"{EnvelopeScope}/{name}";
            string missing = graph.AddConstant($"istft.envelope.missing_at_{name}", DataType.Float, values, corrections, hop);
            string counts = graph.AddNode("Concat", scope, pads, [OnnxAttributes.Integer("axis", 0)]);
            return graph.AddNode("Pad", scope, [missing, counts]);
        }
    }
}
