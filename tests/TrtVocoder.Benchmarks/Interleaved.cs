using System.Diagnostics;
using System.Globalization;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// Times several ways to do one thing in turns (A B C A B C …), so that whatever else the machine does meets all of them alike, and
/// compares each with the first: by the ratio of the fastest rounds, and by the median of the ratios within a round.
/// </summary>
internal sealed class Interleaved
{
    private readonly List<(string Name, Action Run, Action? Before)> _ways = [];
    private readonly List<double[]> _rounds = [];

    /// <summary>Adds a way; the first is what the others are compared with.</summary>
    /// <param name="name">What it is called in the table.</param>
    /// <param name="run">What is timed.</param>
    /// <param name="before">What comes before each run and is not timed; null runs it once unmeasured, so that it finds the caches as it left them.</param>
    public void Add(string name, Action run, Action? before = null) => _ways.Add((name, run, before));

    /// <summary>Runs every way once a round, each <paramref name="repeats"/> times in a row.</summary>
    public void Run(int rounds, int repeats = 1)
    {
        foreach ((_, Action run, _) in _ways)
            for (int i = 0; i < 3; i++)
                run();
        for (int round = 0; round < rounds; round++)
        {
            double[] times = new double[_ways.Count];
            for (int way = 0; way < times.Length; way++)
            {
                Action before = _ways[way].Before ?? _ways[way].Run;
                for (int i = 0; i < repeats; i++)
                {
                    before();
                    long start = Stopwatch.GetTimestamp();
                    _ways[way].Run();
                    times[way] += Stopwatch.GetElapsedTime(start).TotalMilliseconds / repeats;
                }
            }
            _rounds.Add(times);
        }
    }

    /// <summary>The fastest round of a way, in ms.</summary>
    public double Fastest(int way) => _rounds.Min(times => times[way]);

    /// <summary>The median round of a way, in ms.</summary>
    public double Median(int way) => Median(_rounds.Select(times => times[way]));

    /// <summary>The median over the rounds of a way's time divided by that of <paramref name="baseline"/> in the same round.</summary>
    public double MedianRatio(int way, int baseline = 0) => Median(_rounds.Select(times => times[way] / times[baseline]));

    /// <summary>Writes a row for each way.</summary>
    public void Print(TextWriter output)
    {
        output.WriteLine($"| {"what",-44} | fastest ms | median ms | × first, fastest | × first, median |");
        output.WriteLine("|---|---|---|---|---|");
        for (int way = 0; way < _ways.Count; way++)
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {_ways[way].Name,-44} | {Fastest(way),10:F4} | {Median(way),9:F4} | {Fastest(way) / Fastest(0),16:F3} | {MedianRatio(way),15:F3} |"));
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
