using System.Globalization;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>Runs as people read them.</summary>
internal static class BenchText
{
    public static IEnumerable<string> Describe(BenchRun run)
    {
        yield return "";
        yield return run.Title + (run.AudioSeconds is { } seconds ? Text($" ({seconds:0.00} s of sound a call{(run.Lengths is null ? "" : " on average")})") : "");
        TextTable table = new("  ms", "calls", "min", "mean", "median", "p90", "p95", "p99");
        foreach ((string name, BenchSeries series) in run.Series)
            if (series.Times.Max > 0)
                table.Add(Row("  " + SeriesName.ForPeople(name), series.Times));
        foreach (string line in table.Lines())
            yield return line;
        foreach (string fact in Facts(run))
            yield return "  " + fact;
    }

    /// <summary>What a table of times cannot say.</summary>
    public static IEnumerable<string> Facts(BenchRun run)
    {
        if (run.Throughput is { } throughput)
            yield return Text($"throughput {throughput:0.0} mels a second");
        if (run.RealTimeFactor is { } factor)
            yield return Text($"real-time factor {factor:0.00000}, {1 / factor:0.0} × real time");
        if (run.Covers is { } covers)
            yield return Text($"{covers.Windows:0.##} run(s) of the network a call over {covers.ComputedFrames:0.#} frames{(run.UsedGraph == true ? ", captured graphs" : "")}");
        if (run.ShapeChanges is { } changes)
            yield return $"{changes.Changed} of {changes.Calls} {(run.Lengths is null ? "first calls of a new length" : "calls")} set a shape";
        if (run.State is { KeptShapes: > 0 } state)
        {
            yield return Text($"{state.KeptShapes} shapes kept ready, {state.CapturedShapes} of them captured as graphs; {state.DeviceBytes / 1048576.0:0.0} MiB of GPU and {state.HostBytes / 1048576.0:0.0} MiB of pinned memory");
            if (state.CaptureRefusal is { } refusal)
                yield return $"not captured: {refusal}";
        }
    }

    public static string Describe(TimeRatio ratio, string first, string second)
    {
        string interval = ratio.HasInterval ? Text($" (95 % interval {ratio.Low:0.000} to {ratio.High:0.000})") : "";
        return Text($"{second} takes {ratio.Ratio:0.000} × the time of {first}{interval}: {ratio.Verdict}");
    }

    public static string Ms(double ms) => ms.ToString(ms < 1 ? "0.0000" : ms < 10 ? "0.000" : ms < 100 ? "0.00" : "0.0", CultureInfo.InvariantCulture);

    public static string[] Row(string title, TimingStatistics times) =>
    [
        title, times.Count.ToString(CultureInfo.InvariantCulture),
        Ms(times.Min), Ms(times.Mean), Ms(times.Median), Ms(times.P90), Ms(times.P95), Ms(times.P99),
    ];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
