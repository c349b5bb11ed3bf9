using System.Diagnostics;

namespace TrtVocoder.Benchmarking;

/// <summary>One of the things that are timed in turn: a call on lengths that come one after another. For one thread.</summary>
/// <param name="workload">The lengths.</param>
/// <param name="call">What is timed, given the frames.</param>
/// <param name="after">What follows each measured call untimed.</param>
internal sealed class TimedContender(Workload workload, Action<int> call, Action? after = null)
{
    private readonly List<int> _roundEnds = [];
    private int _next;
    private int _frames = workload.Lengths[0];

    /// <summary>The measured calls.</summary>
    public List<TimedCall> Calls { get; } = new(4096);

    /// <summary>Calls with the next length.</summary>
    public void Next()
    {
        _frames = workload.Lengths[_next];
        _next = (_next + 1) % workload.Lengths.Count;
        call(_frames);
    }

    /// <summary>Goes back to the first length.</summary>
    public void Rewind() => _next = 0;

    /// <summary>Calls with the same length as the last time, so that no shape changes.</summary>
    public void Again() => call(_frames);

    /// <summary><see cref="Next"/>, measured.</summary>
    public void Measure()
    {
        long start = Stopwatch.GetTimestamp();
        Next();
        Calls.Add(new TimedCall(_frames, Stopwatch.GetElapsedTime(start).TotalMilliseconds));
        after?.Invoke();
    }

    public void EndRound() => _roundEnds.Add(Calls.Count);

    /// <summary>All measured times, and each round's median.</summary>
    public BenchSeries ToSeries()
    {
        List<double> medians = [];
        int start = 0;
        foreach (int end in _roundEnds)
        {
            if (end > start)
                medians.Add(Profiling.TimingStatistics.Of(Calls[start..end].Select(timed => timed.Ms)).Median);
            start = end;
        }
        return new BenchSeries(Profiling.TimingStatistics.Of(Calls.Select(timed => timed.Ms)), medians);
    }
}
