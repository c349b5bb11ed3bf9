using System.Globalization;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>Served runs as people read them.</summary>
internal static class ServedText
{
    /// <summary>A table of loads, then what failed.</summary>
    public static IEnumerable<string> Describe(IReadOnlyList<BenchRun> runs)
    {
        foreach (IGrouping<string, BenchRun> workload in runs.GroupBy(run => run.Workload))
        {
            yield return "";
            TextTable table = new(
                workload.Key, "answers", "p50 ms", "p90 ms", "p99 ms", "max ms", "mels/s", "speech s/s", "mels/execution", "failed");
            foreach (BenchRun run in workload)
            {
                TimingStatistics times = run[SeriesName.Answer]!.Times;
                table.Add(
                    "  " + run.Mode, Text($"{times.Count}"), BenchText.Ms(times.Median), BenchText.Ms(times.P90), BenchText.Ms(times.P99),
                    BenchText.Ms(times.Max), Text($"{run.Throughput:0.0}"), run.RealTimeFactor is { } factor ? Text($"{1 / factor:0.0}") : "-",
                    run.Served!.MelsPerExecution is { } mels ? Text($"{mels:0.00}") : "-", Text($"{run.Served.Failed}"));
            }
            foreach (string line in table.Lines())
                yield return line;
            foreach (BenchRun run in workload)
            {
                foreach (ServedFailure failure in run.Served!.Failures)
                    yield return $"  {run.Mode}: {failure.Count} × {failure.Kind}, the first: {failure.First}";
                if (run.Served.WorstDb is { } worst)
                    yield return $"  {run.Mode}: every answer that counts was compared, the worst "
                        + (double.IsFinite(worst) ? Text($"at {worst:0.0} dB") : "equal, bit for bit");
                // Half of the time that is told would be this program's own.
                if (run[SeriesName.Late]?.Times is { P99: > 2 } late && late.P99 > run[SeriesName.Answer]!.Times.P99 / 2)
                    yield return $"  {run.Mode}: this machine sent late itself, p99 {BenchText.Ms(late.P99)} ms; "
                        + "answers took less than is told.";
            }
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
