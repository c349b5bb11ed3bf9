using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Running;

namespace TrtVocoder.Cli.Commands;

/// <summary>One file that <c>synth</c> wrote, or why it did not.</summary>
internal sealed record SynthResult : CommandResult
{
    public required string Input { get; init; }

    /// <summary>Where it was to go.</summary>
    [JsonIgnore]
    public string Target { get; init; } = "";

    /// <summary>Where it went; null: nowhere, and <see cref="Error"/> says why.</summary>
    public string? Output { get; init; }

    public int? SampleRate { get; init; }

    public int? Samples { get; init; }

    public int? Frames { get; init; }

    public double? DurationSeconds { get; init; }

    /// <summary>Of the decode alone, mel to samples.</summary>
    public double? DecodeSeconds { get; init; }

    public double? RealTimeFactor { get; init; }

    public int? ClippedSamples { get; init; }

    /// <summary>What decoded; of a set it is told once.</summary>
    public string? Backend { get; init; }

    public Failure? Error { get; init; }

    public override IEnumerable<string> ToLines() => [Error is null
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{OutputPath.Name(Target)}: {DurationSeconds:0.00} s at {SampleRate} Hz, {Frames} frames decoded in "
                + $"{1000 * DecodeSeconds:0.0} ms (real-time factor {RealTimeFactor:0.0000}, {1 / RealTimeFactor:0} × real time)")
        : $"{Target}: not written"];

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ResultJson.Default.SynthResult);
}

/// <summary>Several files.</summary>
/// <param name="Files">Each of them.</param>
/// <param name="Failed">How many were not written.</param>
/// <param name="DurationSeconds">Of all sounds.</param>
/// <param name="DecodeSeconds">Of all decodes.</param>
/// <param name="Backend">What decoded.</param>
internal sealed record SynthSetResult(IReadOnlyList<SynthResult> Files, int Failed, double DurationSeconds, double DecodeSeconds,
    string Backend) : CommandResult
{
    /// <summary>That of the first failure.</summary>
    [JsonIgnore]
    public override int ExitCode => Files.FirstOrDefault(file => file.Error is not null)?.Error!.ExitCode ?? Running.ExitCode.Success;

    public override IEnumerable<string> ToLines() =>
    [
        .. Files.SelectMany(file => file.ToLines()),
        string.Create(CultureInfo.InvariantCulture,
            $"{Files.Count - Failed} of {Files.Count} files, {DurationSeconds:0.00} s of speech, decoded in {DecodeSeconds:0.000} s"),
    ];

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ResultJson.Default.SynthSetResult);
}
