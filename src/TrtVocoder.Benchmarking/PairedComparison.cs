using System.Text.Json;

namespace TrtVocoder.Benchmarking;

/// <summary>Two models, or one under two settings, timed in turn on one workload.</summary>
/// <param name="Title">The workload.</param>
/// <param name="First">Mel to samples of the first.</param>
/// <param name="Second">Mel to samples of the second.</param>
/// <param name="Ratio">How they differ.</param>
internal sealed record PairedComparison(string Title, BenchSeries First, BenchSeries Second, TimeRatio Ratio)
{
    public static PairedComparison Run(BenchModel first, BenchModel second, Workload workload, BenchOptions options)
    {
        using BenchSession a = Start(first), b = Start(second);
        TimedContender contenderA = new(workload, a.Decode), contenderB = new(workload, b.Decode);
        // A replay goes through its list once, so that the same lengths meet in a round.
        InterleavedRounds.Run(
            [contenderA, contenderB], options.WarmUp, workload.IsReplay ? TimeSpan.Zero : options.Duration,
            Math.Max(options.Iterations, workload.IsReplay ? workload.Lengths.Count : InterleavedRounds.Count), options.Cancellation);
        (BenchSeries seriesA, BenchSeries seriesB) = (contenderA.ToSeries(), contenderB.ToSeries());
        return new PairedComparison(Describe(workload), seriesA, seriesB, TimeRatio.OfRounds(seriesA.RoundMedians, seriesB.RoundMedians));

        BenchSession Start(BenchModel model) => new(model, workload, BenchMel.Make(workload.Batch * model.Vocoder.MelCount * workload.Longest), null);
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("workload", Title);
        BenchJson.Write(writer, "first", First);
        BenchJson.Write(writer, "second", Second);
        WriteRatio(writer, Ratio);
        writer.WriteEndObject();
    }

    public static void WriteRatio(Utf8JsonWriter writer, TimeRatio ratio)
    {
        writer.WriteNumber("ratio", ratio.Ratio);
        if (ratio.HasInterval)
        {
            writer.WriteStartArray("interval95");
            writer.WriteNumberValue(ratio.Low);
            writer.WriteNumberValue(ratio.High);
            writer.WriteEndArray();
        }
        writer.WriteBoolean("interleaved", ratio.IsInterleaved);
        writer.WriteString("verdict", ratio.Verdict);
    }

    private static string Describe(Workload workload) =>
        (workload.IsReplay ? $"lengths of {workload.Source}" : $"{workload.Lengths[0]} frames") + (workload.Batch > 1 ? $" × {workload.Batch}" : "");
}
