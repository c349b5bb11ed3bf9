using System.Collections.Immutable;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Files;

namespace TrtVocoder.TestSupport;

/// <summary>
/// Weights and mels by the integer hash of tests/data/forms/make_vectors.py, of which PyTorch's answers lie beside it; so neither is stored.
/// </summary>
public static class FormulaWeights
{
    /// <summary>A model of make_vectors.py's channels.</summary>
    public static VocosConfig Config(int sampleRate, int melCount, int fftLength, int hopLength, StftPadding padding, int layers) => new()
    {
        SampleRate = sampleRate,
        FftLength = fftLength,
        HopLength = hopLength,
        MelCount = melCount,
        Padding = padding,
        Dim = 16,
        IntermediateDim = 24,
        LayerCount = layers,
    };

    /// <summary>The state dict; with rows, normalisations but the last are tables as those of AdaLayerNorm.</summary>
    public static Dictionary<string, FloatTensor> Create(VocosConfig config, int rows = 0)
    {
        Dictionary<string, FloatTensor> tensors = new(StringComparer.Ordinal);
        int number = 0;
        foreach ((string name, ImmutableArray<int> listed) in VocosWeights.GetWeightShapes(config))
        {
            bool isTable = rows > 0 && name.Contains("norm.", StringComparison.Ordinal) && !name.Contains("final", StringComparison.Ordinal);
            ImmutableArray<int> shape = isTable ? [rows, .. listed] : listed;
            (double mean, double spread) = name switch
            {
                "head.out.bias" => (-1, 4),
                "head.out.weight" => (0, 2),
                _ when name.EndsWith("norm.weight", StringComparison.Ordinal) => (1, 0.5),
                _ when name.EndsWith("gamma", StringComparison.Ordinal) => (0.5, 0.5),
                _ => (0.0, 1.0),
            };
            tensors.Add(name, new FloatTensor(shape.AsSpan(), Values(number++, shape.Aggregate(1, (product, size) => product * size), mean, spread)));
        }
        return tensors;
    }

    /// <summary>A mel [bands, frames].</summary>
    public static float[] Mel(int bands, int frames) => Values(1000, bands * frames, -3, 8);

    /// <summary>Numbers of one tensor.</summary>
    public static float[] Values(int tensor, int count, double mean, double spread)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            uint x = unchecked(((uint)tensor * 0x9E3779B1) + ((uint)i * 0x85EBCA77));
            x ^= x >> 15;
            x = unchecked(x * 0x2C1B3C6D);
            x ^= x >> 12;
            x = unchecked(x * 0x297A2D39);
            x ^= x >> 15;
            values[i] = (float)(mean + (spread * ((x / 4294967296.0) - 0.5)));
        }
        return values;
    }
}
