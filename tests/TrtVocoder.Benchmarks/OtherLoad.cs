using System.Diagnostics;
using System.Globalization;

namespace TrtVocoder.Benchmarks;

/// <summary>How much of the machine other processes took over a stretch of time, by the kernel's accounts (/proc/stat, in ticks of 10 ms).</summary>
internal readonly struct OtherLoad
{
    private readonly double _othersMs;
    private readonly long _start;

    private OtherLoad(double othersMs, long start)
    {
        _othersMs = othersMs;
        _start = start;
    }

    /// <summary>Begins a stretch.</summary>
    public static OtherLoad Start() => new(OthersMs(), Stopwatch.GetTimestamp());

    /// <summary>Cores that others kept busy on average since <see cref="Start"/>.</summary>
    public double Cores => Math.Max(0, OthersMs() - _othersMs) / Stopwatch.GetElapsedTime(_start).TotalMilliseconds;

    private static double OthersMs()
    {
        // user, nice, system, idle, iowait, irq, softirq, steal: all but the two kinds of idling.
        string[] fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        double ticks = 0;
        for (int i = 1; i <= 8; i++)
            if (i is not (4 or 5))
                ticks += double.Parse(fields[i], CultureInfo.InvariantCulture);
        return (10 * ticks) - Environment.CpuUsage.TotalTime.TotalMilliseconds;
    }
}
