namespace TrtVocoder.Benchmarking.Serving;

/// <summary>How a server is measured.</summary>
internal sealed record ServedOptions
{
    /// <summary>Lengths of the mels, in this order and round and round, and mels of a request.</summary>
    public required Workload Workload { get; init; }

    /// <summary>The model's, which servers do not tell.</summary>
    public required int SampleRate { get; init; }

    /// <summary>How long each load runs unmeasured.</summary>
    public required TimeSpan WarmUp { get; init; }

    /// <summary>How long each load runs.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Requests that are measured at least.</summary>
    public required int Iterations { get; init; }

    /// <summary>What answers are compared with; null: nothing.</summary>
    public AnswerJudge? Judge { get; init; }

    /// <summary>Ends a measurement.</summary>
    public CancellationToken Cancellation { get; init; }
}
