using System.Globalization;
using System.Text.Json;
using TrtVocoder.Cli.Running;

namespace TrtVocoder.Cli.Commands;

/// <summary>The engine that <c>build</c> made.</summary>
internal sealed record BuildResult : CommandResult
{
    public required string Input { get; init; }

    public required string Output { get; init; }

    /// <summary>What describes the engine, beside it.</summary>
    public required string Sidecar { get; init; }

    public string? TimingCache { get; init; }

    public required long Bytes { get; init; }

    public required string Builder { get; init; }

    public string? Gpu { get; init; }

    public required double Seconds { get; init; }

    public required string OnnxSha256 { get; init; }

    public required string Profile { get; init; }

    public override IEnumerable<string> ToLines() => [string.Create(
        CultureInfo.InvariantCulture,
        $"{Output}: {Bytes / 1048576.0:0.0} MiB by {Builder}{(Gpu is null ? "" : " for " + Gpu)} in {Seconds:0.0} s; {Profile}")];

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ResultJson.Default.BuildResult);
}
