using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using TrtVocoder.Cli.Running;
using TrtVocoder.TensorRt;

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

    /// <summary>The form of the network that was built, where there was a choice.</summary>
    public string? Form { get; init; }

    /// <summary>The forms that TensorRT refused before.</summary>
    public IReadOnlyList<TrtFormRefusal>? Refusals { get; init; }

    /// <summary>Signal to noise against the network that was built from.</summary>
    public double? SnrDb { get; init; }

    /// <summary>What decoded that network.</summary>
    public string? Reference { get; init; }

    [JsonIgnore]
    public TrtVerification? Verification { get; init; }

    public override IEnumerable<string> ToLines()
    {
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{Output}: {Bytes / 1048576.0:0.0} MiB by {Builder}{(Gpu is null ? "" : " for " + Gpu)} in {Seconds:0.0} s; {Profile}");
        if (Refusals is not null)
            yield return $"the {Form} form of the network, because TensorRT refused the "
                + $"{string.Join(", ", Refusals.Select(refusal => $"{refusal.Form} form ({refusal.Words.TrimEnd('.')})"))}";
        if (SnrDb is not null)
            yield return string.Create(
                CultureInfo.InvariantCulture, $"heard: {SnrDb:0.0} dB signal to noise against the network by {Reference}, "
                    + $"{Verification?.Batch} x {Verification?.Frames} frames");
    }

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ResultJson.Default.BuildResult);
}
