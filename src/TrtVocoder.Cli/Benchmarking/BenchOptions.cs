using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Benchmarking;

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
}
