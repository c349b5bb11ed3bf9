namespace TrtVocoder.Tests.Vocoding;

/// <summary>Random mels and comparisons for the decoding tests.</summary>
internal static class Mels
{
    /// <summary>Values of the size of log-mel amplitudes.</summary>
    public static float[] Random(int count, int seed = 1)
    {
        Random random = new(seed);
        float[] mel = new float[count];
        foreach (ref float value in mel.AsSpan())
            value = (random.NextSingle() * 6) - 4;
        return mel;
    }

    /// <summary>The largest difference; infinity where the lengths differ.</summary>
    public static float MaxError(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        if (actual.Length != expected.Length)
            return float.PositiveInfinity;
        float error = 0;
        for (int i = 0; i < actual.Length; i++)
            error = float.IsNaN(actual[i]) ? float.PositiveInfinity : Math.Max(error, Math.Abs(actual[i] - expected[i]));
        return error;
    }
}
