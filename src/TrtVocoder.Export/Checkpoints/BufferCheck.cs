using TrtVocoder.Dsp;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// Compares the fixed tensors of a checkpoint with what its config implies. A difference is told, not refused:
/// the network decodes all the same, only its mels or its windowing must then be those of its training.
/// </summary>
internal static class BufferCheck
{
    // Rounding to bfloat16 moves a value below 1 by up to 2^-9, to float16 by up to 2^-12; another window or another mel scale differs by
    // far more.
    private const float Tolerance = 1f / 512;

    public static IEnumerable<string> Describe(VocosConfig config, IReadOnlyDictionary<string, FloatTensor> buffers, string source)
    {
        foreach ((string name, FloatTensor tensor) in buffers)
        {
            if (name.EndsWith(".window", StringComparison.Ordinal))
            {
                float[] window = [.. HannWindow.Create(config.FftLength).Select(value => (float)value)];
                if (!AreClose(tensor.Values, window))
                    yield return $"{source}: '{name}' is not the periodic Hann window of {config.FftLength} samples that is used here; "
                        + $"the sound may differ.";
                continue;
            }
            if (!IsFilterbankOf(config, tensor))
                yield return FormattableString.Invariant($"{source}: '{name}' is not the filter bank that its config implies (")
                    + FormattableString.Invariant($"{config.MelCount} {(config.HasSlaneyScale ? "Slaney" : "HTK")} mel bands at ")
                    + FormattableString.Invariant($"{config.SampleRate} Hz, {config.MelMinFrequency} to ")
                    + FormattableString.Invariant($"{config.MelMaxFrequency ?? config.SampleRate / 2} Hz, ")
                    + (config.HasSlaneyNorm ? "equal areas" : "no normalisation") + "); mels made here from sound will not suit these weights.";
        }
    }

    /// <summary>Whether a filter bank [bins, bands] is the one that a config implies.</summary>
    public static bool IsFilterbankOf(VocosConfig config, FloatTensor tensor)
    {
        using MelFilterbank filterbank = new(config.SampleRate, config.BinCount, config.MelCount, config.MelScale);
        return AreClose(tensor.Values, filterbank.ToMatrix(config.BinCount));
    }

    // A NaN must count as a difference, hence the negation.
    private static bool AreClose(ReadOnlySpan<float> values, ReadOnlySpan<float> expected)
    {
        // Bands of equal area are low.
        float peak = 0;
        foreach (float value in expected)
            peak = Math.Max(peak, value);
        for (int i = 0; i < values.Length; i++)
            if (!(MathF.Abs(values[i] - expected[i]) <= Tolerance * peak))
                return false;
        return true;
    }
}
