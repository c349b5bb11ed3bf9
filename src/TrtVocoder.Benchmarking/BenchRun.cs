using TrtVocoder.Decoding;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>
/// What was measured of one workload in one mode; or read from a file, then without <see cref="Calls"/> and <see cref="Decodes"/>.
/// </summary>
internal sealed record BenchRun
{
    public const string Sequential = "sequential";
    public const string SequentialBusy = "sequential, all cores busy";
    public const string Pipelined = "pipelined";

    /// <summary>Frames of every call; null for a replay.</summary>
    public int? Frames { get; init; }

    /// <summary>Where the lengths of a replay come from; null otherwise.</summary>
    public string? Lengths { get; init; }

    public int Batch { get; init; } = 1;

    /// <summary>
    /// <see cref="Sequential"/>: one decode at a time on one session; <see cref="SequentialBusy"/>: while other work keeps every core busy.
    /// <see cref="Pipelined"/>: several sessions at once.
    /// </summary>
    public string Mode { get; init; } = Sequential;

    public int Sessions { get; init; } = 1;

    /// <summary>By <see cref="SeriesName"/>, in the order they are told in.</summary>
    public required IReadOnlyList<KeyValuePair<string, BenchSeries>> Series { get; init; }

    /// <summary>Seconds of sound that one call makes, over all items; of a replay the mean.</summary>
    public double? AudioSeconds { get; init; }

    /// <summary>
    /// Time over the duration of the sound made in it: of the median call, of all calls of a replay, of the whole run when pipelined.
    /// </summary>
    public double? RealTimeFactor { get; init; }

    /// <summary>Calls × batch a second of the whole run; only when pipelined.</summary>
    public double? Throughput { get; init; }

    /// <summary>Profiled calls, and how many of them set a shape.</summary>
    public (int Calls, int Changed)? ShapeChanges { get; init; }

    /// <summary>Means over the profiled calls.</summary>
    public (double Windows, double ComputedFrames)? Covers { get; init; }

    /// <summary>Whether every profiled call only launched captured graphs.</summary>
    public bool? UsedGraph { get; init; }

    /// <summary>What the session held ready at the end.</summary>
    public DecoderState? State { get; init; }

    /// <summary>The calls behind <see cref="SeriesName.Audio"/>.</summary>
    public IReadOnlyList<TimedCall> Calls { get; init; } = [];

    /// <summary>The profiled calls.</summary>
    public IReadOnlyList<DecodeTimes> Decodes { get; init; } = [];

    /// <summary>What identifies the workload for people.</summary>
    public string Title =>
        (Lengths is null ? $"{Frames} frames" : $"lengths of {Lengths}") + (Batch > 1 ? $" × {Batch}" : "") + $", {Mode}" + (Sessions > 1 ? $", {Sessions} sessions" : "");

    public BenchSeries? this[string name] => Series.FirstOrDefault(series => series.Key == name).Value;

    /// <summary>Whether both measured the same thing.</summary>
    public bool IsLike(BenchRun other) =>
        Frames == other.Frames && Lengths == other.Lengths && Batch == other.Batch && Mode == other.Mode && Sessions == other.Sessions;
}
