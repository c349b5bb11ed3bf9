using TrtVocoder.Profiling;

namespace TrtVocoder.GpuTests;

/// <summary>Times of one kind of decode, taken block by block so that kinds can take turns.</summary>
internal sealed class Series(string name, Series.TimedDecodes decodes)
{
    private readonly List<double> _times = [];
    private readonly List<double> _blockMedians = [];

    /// <summary>Fills a span with the times in ms of as many decodes.</summary>
    public delegate void TimedDecodes(Span<double> timesMs);

    public string Name => name;

    public TimingStatistics Statistics => TimingStatistics.Of(_times);

    /// <summary>The median over all blocks of the ratio of two series' medians in the same round.</summary>
    public static double PairedRatio(Series one, Series other) =>
        TimingStatistics.Of(one._blockMedians.Zip(other._blockMedians, (a, b) => a / b)).Median;

    public void RunBlock(int untimed, int timed)
    {
        Span<double> block = stackalloc double[untimed + timed];
        decodes(block);
        double[] kept = block[untimed..].ToArray();
        _times.AddRange(kept);
        _blockMedians.Add(TimingStatistics.Of(kept).Median);
    }
}
