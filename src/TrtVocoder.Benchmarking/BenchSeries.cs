using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>A series of times.</summary>
/// <param name="Times">What it comes to, in milliseconds.</param>
/// <param name="RoundMedians">The median of each round in milliseconds, where the series was measured in rounds; they tell the noise.</param>
internal sealed record BenchSeries(TimingStatistics Times, IReadOnlyList<double> RoundMedians)
{
    public static BenchSeries Of(IEnumerable<double> timesMs) => new(TimingStatistics.Of(timesMs), []);
}
