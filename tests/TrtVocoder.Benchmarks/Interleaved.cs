using System.Diagnostics;
using System.Globalization;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// Times several ways to do one thing in turns (A B C A B C …), so that whatever else the machine does meets all of them alike, and compares
/// each with the first. Samples during which other processes took much of the machine are dropped.
/// </summary>
internal sealed class Interleaved
{
    /// <summary>A sample is quiet where others took at most this much of a core.</summary>
    public const double MaxOthers = 0.05;

    // Long enough for the kernel's ticks to tell.
    private const double LeastSampleMs = 100;

    private readonly List<Way> _ways = [];

    /// <summary>Adds a way; the first is what the others are compared with.</summary>
    /// <param name="name">What it is called in the table.</param>
    /// <param name="run">What is timed.</param>
    /// <param name="before">What comes before each run and is not timed; null runs it once unmeasured, so that it finds the caches as it left them.</param>
    public void Add(string name, Action run, Action? before = null) => _ways.Add(new Way(name, run, before));

    /// <summary>Takes samples in turns until every way has as many quiet ones as asked for, or the time is up.</summary>
    public void Run(int samples, double limitSeconds)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (Way way in _ways)
            way.WarmUp();
        while (_ways.Any(way => way.Quiet.Count < samples) && Stopwatch.GetElapsedTime(start).TotalSeconds < limitSeconds)
            foreach (Way way in _ways)
                way.Sample();
    }

    /// <summary>What a way is called.</summary>
    public string Name(int way) => _ways[way].Name;

    /// <summary>Ways that were added.</summary>
    public int Count => _ways.Count;

    /// <summary>The fastest run of a way in ms.</summary>
    public double Fastest(int way) => _ways[way].Fastest;

    /// <summary>The median over the quiet samples' median runs of a way in ms; NaN where no sample was quiet.</summary>
    public double Typical(int way) => Median(_ways[way].Quiet);

    /// <summary>Quiet samples of a way.</summary>
    public int QuietSamples(int way) => _ways[way].Quiet.Count;

    /// <summary>Writes a row for each way.</summary>
    public void Print(TextWriter output)
    {
        output.WriteLine($"| {"what",-46} | fastest ms | typical ms | x first, fastest | x first, typical | quiet samples |");
        output.WriteLine("|---|---|---|---|---|---|");
        for (int way = 0; way < _ways.Count; way++)
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {_ways[way].Name,-46} | {Fastest(way),10:F4} | {Typical(way),10:F4} | {Fastest(way) / Fastest(0),16:F3} | {Typical(way) / Typical(0),16:F3} | {QuietSamples(way),13} |"));
    }

    /// <summary>Draws the fastest runs, in ms, or relative to the first way.</summary>
    public void Draw(string path, string title, bool relative = false) => Chart.Bars(
        path, title, relative ? "time relative to the first" : "ms, fastest run",
        [.. Enumerable.Range(0, Count).Select(way => (Name(way), relative ? Fastest(way) / Fastest(0) : Fastest(way)))]);

    /// <summary>The median; NaN of nothing.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private sealed class Way(string name, Action run, Action? before)
    {
        private readonly List<double> _runs = [];

        public string Name { get; } = name;

        public double Fastest { get; private set; } = double.PositiveInfinity;

        public List<double> Quiet { get; } = [];

        public void WarmUp()
        {
            for (int i = 0; i < 3; i++)
                run();
        }

        public void Sample()
        {
            _runs.Clear();
            OtherLoad load = OtherLoad.Start();
            long start = Stopwatch.GetTimestamp();
            while (_runs.Count == 0 || Stopwatch.GetElapsedTime(start).TotalMilliseconds < LeastSampleMs)
            {
                (before ?? run)();
                long began = Stopwatch.GetTimestamp();
                run();
                _runs.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
            Fastest = Math.Min(Fastest, _runs.Min());
            if (load.Cores < MaxOthers)
                Quiet.Add(Median(_runs));
        }
    }
}
