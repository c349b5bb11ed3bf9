namespace TrtVocoder.TestSupport;

/// <summary>How far values are from what they should be.</summary>
public static class Differences
{
    /// <summary>
    /// The largest difference; 0 of nothing. Infinity where the lengths differ and where a difference is not a number, so that NaN, which compares
    /// as not larger than anything, never passes for close.
    /// </summary>
    public static double Largest(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        if (actual.Length != expected.Length)
            return double.PositiveInfinity;
        double largest = 0;
        for (int i = 0; i < actual.Length; i++)
            largest = Larger(largest, (double)actual[i] - expected[i]);
        return largest;
    }

    /// <summary>The same against values in double precision.</summary>
    public static double Largest(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected)
    {
        if (actual.Length != expected.Length)
            return double.PositiveInfinity;
        double largest = 0;
        for (int i = 0; i < actual.Length; i++)
            largest = Larger(largest, actual[i] - expected[i]);
        return largest;
    }

    /// <summary>
    /// Power of what is expected over power of the difference, in dB: infinity where they are equal, minus infinity where lengths differ or
    /// a value is no number.
    /// </summary>
    public static double SignalToNoiseDb(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        if (actual.Length != expected.Length)
            return double.NegativeInfinity;
        (double signal, double noise) = (0, 0);
        for (int i = 0; i < actual.Length; i++)
        {
            signal += (double)expected[i] * expected[i];
            noise += ((double)actual[i] - expected[i]) * ((double)actual[i] - expected[i]);
        }
        double ratio = 10 * Math.Log10(signal / noise);
        return noise == 0 ? double.PositiveInfinity : double.IsNaN(ratio) ? double.NegativeInfinity : ratio;
    }

    private static double Larger(double largest, double difference) =>
        double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, Math.Abs(difference));
}
