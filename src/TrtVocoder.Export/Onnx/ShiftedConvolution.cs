using TrtVocoder.Export.Checkpoints;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// <see cref="DepthwiseForm.Shift"/>: all in [B, T, C]. A convolution over 7 frames is a sum of 7 shifted copies, each weighted:
/// by one vector a copy where channels stay apart, by one matrix over the copies side by side where they mix.
/// </summary>
internal sealed class ShiftedConvolution(GraphWeights weights) : ITemporalConvolution
{
    public string Embed(string mel)
    {
        (int dim, int melCount) = (weights.Config.Dim, weights.Config.MelCount);
        string[] shifted = Shift("/embed", weights.Transpose("/embed", mel));
        string sideBySide = weights.Graph.AddNode("Concat", "/embed", shifted, [OnnxAttributes.Integer("axis", 2)]);

        // [C, n_mels, 7] → [7·n_mels, C].
        ReadOnlySpan<float> kernel = weights.Get("backbone.embed.weight");
        float[] matrix = new float[kernel.Length];
        for (int channel = 0; channel < dim; channel++)
            for (int band = 0; band < melCount; band++)
                for (int tap = 0; tap < VocosConfig.KernelSize; tap++)
                    matrix[(((tap * melCount) + band) * dim) + channel] = kernel[(((channel * melCount) + band) * VocosConfig.KernelSize) + tap];
        return weights.Linear("embed", sideBySide, matrix, weights.Get("backbone.embed.bias"));
    }

    public string Depthwise(int block, string hidden)
    {
        string name = $"convnext.{block}.dwconv";
        string scope = GraphWeights.Scope(name);
        float[] taps = GraphWeights.Transposed(weights.Get($"backbone.{name}.weight"), weights.Config.Dim, VocosConfig.KernelSize);
        string sum = weights.Graph.AddConstant(name + ".bias", weights.TrunkType, weights.Get($"backbone.{name}.bias"), weights.Config.Dim);
        string[] shifted = Shift(scope, hidden);
        for (int tap = 0; tap < VocosConfig.KernelSize; tap++)
        {
            string weight = weights.Graph.AddConstant($"{name}.weight.tap{tap}", weights.TrunkType, taps.AsSpan(tap * weights.Config.Dim, weights.Config.Dim), weights.Config.Dim);
            string product = weights.Graph.AddNode("Mul", $"{scope}/tap{tap}", [shifted[tap], weight]);
            sum = weights.Graph.AddNode("Add", $"{scope}/tap{tap}", [product, sum]);
        }

        return sum;
    }

    /// <summary>Seven copies of [B, T, C]; copy k holds frame t + k − 3 at t, zeros beyond the ends.</summary>
    private string[] Shift(string scope, string input)
    {
        const int Margin = VocosConfig.KernelSize / 2;
        string padded = weights.Graph.AddNode("Pad", scope, [input, weights.Graph.GetIntegers(0, Margin, 0, 0, Margin, 0)]);
        return [.. Enumerable.Range(0, VocosConfig.KernelSize).Select(tap => weights.Graph.Slice($"{scope}/tap{tap}", padded, 1, tap, VocosConfig.KernelSize - 1 - tap))];
    }
}
