using TrtVocoder.Data;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// Compares the fixed tensors of a checkpoint with what its config implies. A difference is told, not refused:
/// the network decodes all the same, only mels must then be made the way its training made them.
/// </summary>
internal static class BufferCheck
{
    // Stored in float16, a window is off by up to 2^-12.
    private const double WindowTolerance = 1e-3;

    public static IEnumerable<string> Describe(VocosConfig config, IReadOnlyDictionary<string, FloatTensor> buffers, string source)
    {
        foreach ((string name, FloatTensor tensor) in buffers)
        {
            if (name.EndsWith(".window", StringComparison.Ordinal) && !IsHann(tensor.Values))
                yield return $"{source}: '{name}' is not the periodic Hann window of {config.FftLength} samples that decoding uses; the sound may differ.";
        }
    }

    private static bool IsHann(ReadOnlySpan<float> window)
    {
        for (int n = 0; n < window.Length; n++)
        {
            double expected = 0.5 - (0.5 * Math.Cos(2 * Math.PI * n / window.Length));
            // A NaN must count as a difference, hence the negation.
            if (!(Math.Abs(window[n] - expected) <= WindowTolerance))
                return false;
        }
        return true;
    }
}
