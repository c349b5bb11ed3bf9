namespace TrtVocoder.Profiling;

/// <summary>
/// What a series of times comes to, by trtexec's definitions (samples/common/sampleReporting.cpp). All values in milliseconds.
/// </summary>
/// <param name="Count">Times in the series; 0 makes all others 0.</param>
/// <param name="Min">The shortest.</param>
/// <param name="Max">The longest.</param>
/// <param name="Mean">The arithmetic mean.</param>
/// <param name="Median">The middle one; of an even number the mean of the middle two.</param>
/// <param name="P90">90th percentile.</param>
/// <param name="P95">95th percentile.</param>
/// <param name="P99">99th percentile.</param>
public readonly record struct TimingStatistics(
    int Count, double Min, double Max, double Mean, double Median, double P90, double P95, double P99)
{
    /// <summary>Computes the statistics of a series in any order.</summary>
    public static TimingStatistics Of(IEnumerable<double> timesMs)
    {
        double[] sorted = [.. timesMs];
        Array.Sort(sorted);
        if (sorted.Length == 0)
            return default;
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new TimingStatistics(
            sorted.Length, sorted[0], sorted[^1], sorted.Average(), median, Percentile(sorted, 90), Percentile(sorted, 95),
            Percentile(sorted, 99));
    }

    /// <summary>trtexec's percentile of an ascending series: sorted[max(N − 1 − (int)((1 − p/100)·N), 0)].</summary>
    /// <param name="sorted">The series, at least one value.</param>
    /// <param name="percent">0 to 100; a single as in trtexec, whose rounding decides which of two neighbours is taken.</param>
    public static double Percentile(ReadOnlySpan<double> sorted, float percent)
    {
        int excluded = (int)((1 - (percent / 100)) * sorted.Length);
        return sorted[Math.Max(sorted.Length - 1 - excluded, 0)];
    }
}
