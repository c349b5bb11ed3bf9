using System.Globalization;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarking;

/// <summary>How <c>bench</c> measures. The defaults are trtexec's where it has them.</summary>
internal sealed record BenchOptions
{
    public IReadOnlyList<Workload> Workloads { get; init; } = [];

    /// <summary>How long each series runs unmeasured.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>How long each series is measured.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Calls that are measured even when they take longer.</summary>
    public int Iterations { get; init; }

    public bool IsSequential { get; init; }

    public bool IsPipelined { get; init; }

    /// <summary>Sessions of a pipelined run.</summary>
    public int Sessions { get; init; }

    public VocoderOptions Vocoder { get; init; } = new();

    /// <summary>Ends a measurement between two calls.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>What this program was called with.</summary>
    public static string CommandLine => string.Join(' ', Environment.GetCommandLineArgs().Skip(1)
        .Select(argument => argument.Contains(' ', StringComparison.Ordinal) ? $"'{argument}'" : argument).Prepend("trtvocoder"));

    /// <summary>What a reader must know to measure the same again.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Describe(BenchModel model) =>
    [
        new("backend", model.Vocoder.Info.Backend),
        new("command", CommandLine),
        new(
            "windows",
            $"{model.Options.Windows}{(model.Vocoder.WindowFrames.Count > 0 ? $" ({string.Join(',', model.Vocoder.WindowFrames)})" : "")}"),
        new("in_flight", Text(model.Options.RunsInFlight)),
        new("threads", Text(model.Options.Threads)),
        new("istft_threads", Text(model.Options.InverseStftThreads)),
        new("warm_up_ms", Text(WarmUp.TotalMilliseconds)),
        new("duration_s", Text(Duration.TotalSeconds)),
        new("iterations", Text(Iterations)),
    ];

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
