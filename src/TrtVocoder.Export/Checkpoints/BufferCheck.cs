using TrtVocoder.Dsp;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// Compares the fixed tensors of a checkpoint with what its config implies. A difference is told, not refused:
/// the network decodes all the same, only its mels or its windowing must then be those of its training.
/// </summary>
internal static class BufferCheck
{
    // Rounding to float16 moves a value below 1 by up to 2^-12; another window or another mel scale differs by far more.
    private const float Tolerance = 1e-3f;

    public static IEnumerable<string> Describe(VocosConfig config, IReadOnlyDictionary<string, FloatTensor> buffers, string source)
    {
        foreach ((string name, FloatTensor tensor) in buffers)
        {
            if (name.EndsWith(".window", StringComparison.Ordinal))
            {
                float[] window = [.. HannWindow.Create(config.FftLength).Select(value => (float)value)];
                if (!AreClose(tensor.Values, window))
                    yield return $"{source}: '{name}' is not the periodic Hann window of {config.FftLength} samples that is used here; the sound may differ.";
                continue;
            }
            using MelFilterbank filterbank = new(config.SampleRate, config.BinCount, config.MelCount);
            if (!AreClose(tensor.Values, filterbank.ToMatrix(config.BinCount)))
                yield return $"{source}: '{name}' is not the filter bank that config.yaml implies ({config.MelCount} HTK mel bands at {config.SampleRate} Hz, "
                    + "no normalisation); mels made here from sound will not suit these weights.";
        }
    }

    // A NaN must count as a difference, hence the negation.
    private static bool AreClose(ReadOnlySpan<float> values, ReadOnlySpan<float> expected)
    {
        for (int i = 0; i < values.Length; i++)
            if (!(MathF.Abs(values[i] - expected[i]) <= Tolerance))
                return false;
        return true;
    }
}
