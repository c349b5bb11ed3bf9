using System.Globalization;
using System.Text.Json;

namespace TrtVocoder.Benchmarking;

/// <summary>Results of several programs or runs beside each other: host mel to host spectrum, host mel to host samples, and a server's answers.</summary>
internal static class ResultsTable
{
    private static readonly string[] Compared = [SeriesName.Spectrum, SeriesName.Audio, SeriesName.Answer];

    /// <summary>A table of medians, and how many times longer than the first each of the others takes.</summary>
    public static IEnumerable<string> Describe(BenchResult first, IReadOnlyList<BenchResult> others)
    {
        List<(BenchRun Run, string Series)> rows = [.. Rows(first, others)];
        if (rows.Count == 0)
            throw new DataFormatException($"Nothing in {string.Join(", ", others.Select(other => other.Tool))} was measured on the "
                + $"lengths, batch and mode of this run; give --frames, --batch and --mode as there.");
        TextTable table = new(
            ["median ms", .. ((BenchResult[])[first, .. others]).Select((result, i) => i == 0 ? "[0]" : $"[{i}]  × [0]")]);
        foreach ((BenchRun run, string series) in rows)
            table.Add([$"{run.Title}, {SeriesName.ForPeople(series)}", BenchText.Ms(run[series]!.Times.Median),
                .. others.Select(other => Cell(run, other, series))]);
        foreach (string line in table.Lines())
            yield return line;
        for (int i = 0; i <= others.Count; i++)
        {
            BenchResult result = i == 0 ? first : others[i - 1];
            yield return $"[{i}] {result.Tool}, {result.Device}, {result.Model}";
        }
        for (int i = 0; i < others.Count; i++)
            if (others[i].Machine != first.Machine)
                yield return $"[{i + 1}] was measured on "
                    + $"{(others[i].Machine is { } machine ? $"another machine ({machine.Cpu}, {machine.Cores} cores, {machine.Os})" : "a machine that it does not tell")}: the ratio is one of machines too.";
        yield return "The programs ran one after another, not in turn: what else the machine did then is in the ratios.";
    }

    public static void Write(Utf8JsonWriter writer, BenchResult first, IReadOnlyList<BenchResult> others)
    {
        writer.WriteStartArray("against");
        foreach (BenchResult other in others)
        {
            writer.WriteStartObject();
            writer.WriteString("tool", other.Tool);
            writer.WriteString("device", other.Device);
            writer.WriteString("model", other.Model);
            writer.WriteStartArray("ratios");
            foreach ((BenchRun run, string series) in Rows(first, [other]))
            {
                writer.WriteStartObject();
                writer.WriteString("workload", run.Title);
                writer.WriteString("series", series);
                PairedComparison.WriteRatio(writer, TimeRatio.OfRuns(run[series]!, Find(run, other)![series]!));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    /// <summary>What the first has in common with at least one of the others.</summary>
    public static IEnumerable<(BenchRun Run, string Series)> Rows(BenchResult first, IReadOnlyList<BenchResult> others) =>
        from run in first.Runs
        from series in Compared
        where run[series] is { Times.Median: > 0 } && others.Any(other => Find(run, other)?[series] is { Times.Median: > 0 })
        select (run, series);

    /// <summary>The run of the same workload and mode.</summary>
    public static BenchRun? Find(BenchRun run, BenchResult other) => other.Runs.FirstOrDefault(run.IsLike);

    private static string Cell(BenchRun run, BenchResult other, string series) => Find(run, other)?[series] is { } theirs
        ? string.Create(CultureInfo.InvariantCulture,
            $"{BenchText.Ms(theirs.Times.Median)}  {theirs.Times.Median / run[series]!.Times.Median,6:0.00}")
        : "–";
}
