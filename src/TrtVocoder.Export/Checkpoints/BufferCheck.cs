using TrtVocoder.Dsp;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// Compares the fixed tensors of a checkpoint with what its config implies. A difference is told, not refused:
/// the network decodes all the same, only its mels or its windowing must then be those of its training.
/// </summary>
internal static class BufferCheck
{
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
                    + (config.HasSlaneyNorm ? "equal areas" : "no normalisation")
                        + "); mels made here from sound will not suit these weights.";
        }
    }

    /// <summary>Whether a filter bank [bins, bands] is the one that a config implies.</summary>
    public static bool IsFilterbankOf(VocosConfig config, FloatTensor tensor)
    {
        using MelFilterbank filterbank = new(config.SampleRate, config.BinCount, config.MelCount, config.MelScale);
        return AreClose(tensor.Values, filterbank.ToMatrix(config.BinCount));
    }

    private static bool AreClose(ReadOnlySpan<float> values, ReadOnlySpan<float> expected)
    {
        float peak = float.Epsilon;
        foreach (float value in expected)
            peak = Math.Max(peak, value);
        // Half a unit of bfloat16's last place, below the greatest value: float16 rounds less, another window or scale differs by far more.
        float tolerance = MathF.ScaleB(1, MathF.ILogB(MathF.BitDecrement(peak)) - 8);
        // A NaN must count as a difference, hence the negation.
        for (int i = 0; i < values.Length; i++)
            if (!(MathF.Abs(values[i] - expected[i]) <= tolerance))
                return false;
        return true;
    }
}
