using System.CommandLine;
using TrtVocoder.Cli.Running;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.Cli.Inputs;

/// <summary>What a checkpoint's files leave open, as commands take it.</summary>
internal sealed class CheckpointChoices
{
    private readonly Option<string?> _config = new("--config")
    {
        Description =
        "Of a checkpoint: its config.yaml or config.json. Default: the one beside it, else sizes as its tensors have them."
    };
    private readonly Option<int?> _bandwidth = Options.OptionalInteger("--bandwidth-id",
        "Of a checkpoint or network conditioned on a bandwidth (vocos-encodec-24khz: 0 to 3 are 1.5, 3, 6, 12 kbps): the one to decode.", least: 0);
    private readonly Option<int?> _sampleRate = Options.OptionalInteger(
        "--sample-rate", "Sample rate in Hz where neither config nor model tells it. Default: 24000.", ModelLimits.MinSampleRate, ModelLimits.MaxSampleRate);
    private readonly Option<int?> _hopLength = Options.OptionalInteger(
        "--hop-length", "Hop in samples where neither config nor model tells it. Default: n_fft / 4.", 1, ModelLimits.MaxHopLength);
    private readonly Option<string?> _padding = Options.Choice(
        "--padding", "Padding of the inverse STFT where neither config nor model tells it. Default: center.", "center", "same");

    /// <summary>The options that are a checkpoint's alone.</summary>
    public IReadOnlyList<Option> Own => [_config, _bandwidth];

    /// <summary>All of them, for commands that take the others from nowhere else.</summary>
    public IReadOnlyList<Option> All => [.. Own, _sampleRate, _hopLength, _padding];

    /// <summary>Those that mean nothing to a network that stays as it is: all but a bandwidth, which it may take.</summary>
    public IReadOnlyList<Option> OfWeights => [_config, _sampleRate, _hopLength, _padding];

    /// <summary>What was chosen with <see cref="All"/>.</summary>
    public CheckpointChoice Read(CommandCall call) => ReadOwn(call) with
    {
        SampleRate = call.Get(_sampleRate),
        HopLength = call.Get(_hopLength),
        Padding = call.Get(_padding) switch { "same" => StftPadding.Same, "center" => StftPadding.Center, _ => null },
    };

    /// <summary>The same as of a model by others.</summary>
    public ModelHints ReadHints(CommandCall call)
    {
        ModelHints hints = new() { HopLength = call.Get(_hopLength), BandwidthId = call.Get(_bandwidth) };
        if (call.Get(_padding) is { } padding)
            hints = hints with { Padding = padding == "same" ? StftPadding.Same : StftPadding.Center };
        return call.Get(_sampleRate) is { } rate ? hints with { SampleRate = rate } : hints;
    }

    /// <summary>What was chosen with <see cref="Own"/>.</summary>
    public CheckpointChoice ReadOwn(CommandCall call)
    {
        if (call.Get(_config) is { } config)
            InputFile.ThrowIfMissing(config);
        return new CheckpointChoice { Config = call.Get(_config), BandwidthId = call.Get(_bandwidth) };
    }
}

/// <summary>What was chosen; without the exporter's types, whose assemblies are loaded only where there is a checkpoint.</summary>
internal sealed record CheckpointChoice
{
    public string? Config { get; init; }

    public int? BandwidthId { get; init; }

    public int? SampleRate { get; init; }

    public int? HopLength { get; init; }

    public StftPadding? Padding { get; init; }
}
