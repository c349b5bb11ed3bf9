using System.Collections.Immutable;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Files;

namespace TrtVocoder.TestSupport;

/// <summary>
/// Models of any size with random but lively weights: log-magnitudes spread over some nepers with a few beyond the clip,
/// phases over several turns. <see cref="VocosCheckpoint.Save"/> writes one to a folder.
/// </summary>
public static class RandomCheckpoint
{
    /// <summary>The sizes of the published vocos-mel-24khz: 13.5 million parameters.</summary>
    public static VocosConfig FullSize { get; } = new()
    {
        SampleRate = 24000,
        FftLength = 1024,
        HopLength = 256,
        MelCount = 100,
        Padding = StftPadding.Center,
        Dim = 512,
        IntermediateDim = 1536,
        LayerCount = 8,
    };

    /// <summary>The smallest sizes that still have every kind of tensor; its files are some kilobytes.</summary>
    public static VocosConfig Smallest { get; } = new()
    {
        SampleRate = 8000,
        FftLength = 8,
        HopLength = 2,
        MelCount = 3,
        Padding = StftPadding.Center,
        Dim = 4,
        IntermediateDim = 6,
        LayerCount = 1,
    };

    /// <summary>Makes the weights; equal arguments give equal weights.</summary>
    public static VocosCheckpoint Create(VocosConfig config, int seed = 1)
    {
        Random random = new(seed);
        Dictionary<string, FloatTensor> tensors = new(StringComparer.Ordinal);
        foreach ((string name, ImmutableArray<int> shape) in VocosWeights.GetWeightShapes(config))
        {
            (float mean, float deviation) = GetDistribution(name, shape, config);
            float[] values = new float[shape.Aggregate(1, (product, size) => product * size)];
            for (int i = 0; i < values.Length; i++)
                values[i] = mean + (deviation * MathF.Sqrt(12) * (random.NextSingle() - 0.5f));
            if (name == "head.out.weight")
                WidenPhases(values);
            tensors.Add(name, new FloatTensor(shape.AsSpan(), values));
        }
        return new VocosCheckpoint(config, tensors);
    }

    // Weights that keep the variance; biases that make padded positions matter.
    private static (float Mean, float Deviation) GetDistribution(string name, ImmutableArray<int> shape, VocosConfig config)
    {
        if (name.EndsWith(".gamma", StringComparison.Ordinal))
            return (1f / config.LayerCount, 0.3f / config.LayerCount);
        if (name.Contains("norm.weight", StringComparison.Ordinal))
            return (1, 0.2f);
        if (name == "head.out.bias")
            return (-0.5f, 1.5f);
        if (name.EndsWith(".bias", StringComparison.Ordinal))
            return (0, 0.2f);
        int inputs = shape.Skip(1).Aggregate(1, (product, size) => product * size);
        return (0, 1 / MathF.Sqrt(inputs));
    }

    // The second half of the head's rows makes phases.
    private static void WidenPhases(Span<float> headWeights)
    {
        foreach (ref float weight in headWeights[(headWeights.Length / 2)..])
            weight *= 3;
    }
}
