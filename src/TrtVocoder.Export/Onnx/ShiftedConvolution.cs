using TrtVocoder.Export.Checkpoints;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// <see cref="NetworkForm.Shift"/>: all in [B, T, C]. A convolution over 7 frames is a sum of 7 copies, each weighted and shifted:
/// by one vector a copy where channels stay apart, by one matrix for all where they mix.
/// </summary>
internal sealed class ShiftedConvolution(GraphWeights weights, bool pads) : ITemporalConvolution
{
    private const int Margin = VocosConfig.KernelSize / 2;
    private const int LastTap = VocosConfig.KernelSize - 1;

    /// <summary>
    /// One product makes every tap's share of every frame, [B, T + 6, 7·C]; what is summed up are its slices, tap k from frame t + k on.
    /// </summary>
    public string Embed(string mel)
    {
        if (!pads)
            return EmbedUnpadded(mel);
        OnnxGraphBuilder graph = weights.Graph;
        (int dim, int melCount) = (weights.Config.Dim, weights.Config.MelCount);
        int paddedMels = GraphWeights.Align(melCount);
        string padded = graph.AddNode("Pad", "/embed",
            [weights.Transpose("/embed", mel), graph.GetIntegers(0, Margin, 0, 0, Margin, paddedMels - melCount)]);
        string matrix = graph.AddConstant(
            "embed.weight", DataType.Float, TapsSideBySide(paddedMels), paddedMels, VocosConfig.KernelSize * dim);
        string taps = graph.AddNode("MatMul", "/embed", [padded, matrix]);
        string sum = graph.AddConstant("embed.bias", DataType.Float, weights.Get("backbone.embed.bias"), dim);
        for (int tap = 0; tap <= LastTap; tap++)
        {
            string scope = $"/embed/tap{tap}";
            string share = graph.Slice(scope, taps, [(1, tap..^(LastTap - tap)), (2, (tap * dim)..((tap + 1) * dim))]);
            sum = graph.AddNode("Add", scope, [share, sum]);
        }

        return sum;
    }

    public string Depthwise(int block, string hidden)
    {
        OnnxGraphBuilder graph = weights.Graph;
        int dim = weights.Config.Dim;
        string name = $"convnext.{block}.dwconv";
        string scope = GraphWeights.Scope(name);
        string padded = pads ? graph.AddNode("Pad", scope, [hidden, graph.GetIntegers(0, Margin, 0, 0, Margin, 0)]) : hidden;
        string[] shifted = [.. Enumerable.Range(0, VocosConfig.KernelSize)
            .Select(tap => graph.Slice($"{scope}/tap{tap}", padded, [(1, tap..^(LastTap - tap))]))];
        float[] taps = GraphWeights.Transposed(weights.Get($"backbone.{name}.weight"), dim, VocosConfig.KernelSize);
        string sum = graph.AddConstant(name + ".bias", weights.TrunkType, weights.Get($"backbone.{name}.bias"), dim);
        for (int tap = 0; tap <= LastTap; tap++)
        {
            string weight = graph.AddConstant($"{name}.weight.tap{tap}", weights.TrunkType, taps.AsSpan(tap * dim, dim), dim);
            string product = graph.AddNode("Mul", $"{scope}/tap{tap}", [shifted[tap], weight]);
            sum = graph.AddNode("Add", $"{scope}/tap{tap}", [product, sum]);
        }

        return sum;
    }

    /// <summary>
    /// One product of the 7 frames side by side, [B, T, 7·n_mels]: where runs are short, the shares of the 6 frames that the run before had
    /// too would be computed again.
    /// </summary>
    private string EmbedUnpadded(string mel)
    {
        OnnxGraphBuilder graph = weights.Graph;
        (int dim, int melCount) = (weights.Config.Dim, weights.Config.MelCount);
        string frames = weights.Transpose("/embed", mel);
        int width = VocosConfig.KernelSize * melCount;
        List<string> taps = [.. Enumerable.Range(0, VocosConfig.KernelSize)
            .Select(tap => graph.Slice($"/embed/tap{tap}", frames, [(1, tap..^(LastTap - tap))]))];
        string unfolded = graph.AddNode("Concat", "/embed", taps, [OnnxAttributes.Integer("axis", 2)]);
        int aligned = GraphWeights.Align(width);
        if (aligned > width)
            unfolded = graph.AddNode("Pad", "/embed", [unfolded, graph.GetIntegers(0, 0, 0, 0, 0, aligned - width)]);
        return weights.Linear("embed", unfolded, TapsOnTop(aligned), weights.Get("backbone.embed.bias"), DataType.Float);
    }

    /// <summary>The kernel [C, n_mels, 7] → [rows, C], tap after tap; the rows that alignment adds count for nothing.</summary>
    private float[] TapsOnTop(int rows)
    {
        (int dim, int melCount) = (weights.Config.Dim, weights.Config.MelCount);
        ReadOnlySpan<float> kernel = weights.Get("backbone.embed.weight");
        float[] matrix = new float[rows * dim];
        for (int channel = 0; channel < dim; channel++)
            for (int band = 0; band < melCount; band++)
                for (int tap = 0; tap < VocosConfig.KernelSize; tap++)
                    matrix[(((tap * melCount) + band) * dim) + channel] = kernel[(((channel * melCount) + band) * VocosConfig.KernelSize) + tap];
        return matrix;
    }

    /// <summary>The kernel [C, n_mels, 7] → [paddedMels, 7·C], tap after tap; the mels that padding adds count for nothing.</summary>
    private float[] TapsSideBySide(int paddedMels)
    {
        (int dim, int melCount) = (weights.Config.Dim, weights.Config.MelCount);
        ReadOnlySpan<float> kernel = weights.Get("backbone.embed.weight");
        float[] matrix = new float[paddedMels * VocosConfig.KernelSize * dim];
        for (int channel = 0; channel < dim; channel++)
            for (int band = 0; band < melCount; band++)
                for (int tap = 0; tap < VocosConfig.KernelSize; tap++)
                    matrix[(((band * VocosConfig.KernelSize) + tap) * dim) + channel] = kernel[(((channel * melCount) + band) * VocosConfig.KernelSize) + tap];
        return matrix;
    }
}
