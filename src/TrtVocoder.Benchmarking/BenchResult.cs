namespace TrtVocoder.Benchmarking;

/// <summary>What one program measured of one model on one machine; written and read as JSON (docs/cli.md), also by the programs in tests/baselines.</summary>
internal sealed record BenchResult
{
    /// <summary>The program, with its version.</summary>
    public required string Tool { get; init; }

    /// <summary>What computed.</summary>
    public required string Device { get; init; }

    public required string Model { get; init; }

    /// <summary>Null in files that do not tell.</summary>
    public Machine? Machine { get; init; }

    /// <summary>How it was measured; written, not read.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; } = [];

    public required IReadOnlyList<BenchRun> Runs { get; init; }
}
