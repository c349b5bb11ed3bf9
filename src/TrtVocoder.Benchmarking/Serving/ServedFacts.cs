namespace TrtVocoder.Benchmarking.Serving;

/// <summary>What is told of a served run besides its times.</summary>
/// <param name="Load">How the server was loaded.</param>
/// <param name="Failures">Requests that were not answered with samples, by kind, the most frequent first.</param>
/// <param name="Counted">What the server itself counted meanwhile, other clients' requests too; null where it does not tell.</param>
internal sealed record ServedFacts(ServedLoad Load, IReadOnlyList<ServedFailure> Failures, ServedStatistics? Counted)
{
    /// <summary>Requests that were not answered with samples.</summary>
    public int Failed => Failures.Sum(failure => failure.Count);

    /// <summary>
    /// Signal to noise of the answer that was furthest from the model's own decode, infinite where all were equal; null where nothing was
    /// compared.
    /// </summary>
    public double? WorstDb { get; init; }

    /// <summary>Mels in a call of the model, as the server counted: how full its batches are; null where it does not tell.</summary>
    public double? MelsPerExecution => Counted is { Executions: > 0 } counted ? (double)counted.Inferences / counted.Executions : null;
}

/// <summary>Failures of one kind.</summary>
/// <param name="Kind">In a few words: "HTTP 503".</param>
/// <param name="Count">How many.</param>
/// <param name="First">The sentence of the first.</param>
internal sealed record ServedFailure(string Kind, int Count, string First);
