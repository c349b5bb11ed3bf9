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
    /// Signal to noise in dB; infinity of equal ones, minus infinity where the lengths differ, or where a value is not a number.
    /// </summary>
    public static double SignalToNoise(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        (double power, double noise) = (0, 0);
        for (int i = 0; i < Math.Min(expected.Length, actual.Length); i++)
        {
            power += (double)expected[i] * expected[i];
            noise += ((double)actual[i] - expected[i]) * ((double)actual[i] - expected[i]);
        }
        double ratio = 10 * Math.Log10(power / noise);
        return expected.Length != actual.Length || !(noise >= 0) || !double.IsFinite(power) ? double.NegativeInfinity
            : noise == 0 ? double.PositiveInfinity : ratio;
    }

    /// <summary>The same, what is tested first.</summary>
    public static double SignalToNoiseDb(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected) => SignalToNoise(expected, actual);

    private static double Larger(double largest, double difference) =>
        double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, Math.Abs(difference));
}
