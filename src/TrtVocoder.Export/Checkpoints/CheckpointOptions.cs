using TrtVocoder.Dsp;
using TrtVocoder.Internal;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>What a checkpoint's files may leave open. What its config says wins; the config's own path is the caller's alone.</summary>
public sealed record CheckpointOptions
{
    /// <summary>
    /// The config, <c>config.yaml</c> or <c>config.json</c>; null looks for it beside the weights, and where there is none takes sizes
    /// from the tensors' shapes.
    /// </summary>
    public string? ConfigPath { get; init; }

    /// <summary>
    /// Which of the bandwidths that a model is conditioned on it is to decode, from 0: of vocos-encodec-24khz 1.5, 3, 6 and 12 kbps. Null
    /// for models that are not conditioned.
    /// </summary>
    public int? BandwidthId { get; init => field = OptionCheck.Within(value, 0); }

    /// <summary>Sample rate in Hz where neither a config nor the mel filters tell it; null assumes 24000.</summary>
    public int? SampleRate { get; init => field = OptionCheck.Within(value, ModelLimits.MinSampleRate, ModelLimits.MaxSampleRate); }

    /// <summary>Hop in samples where no config tells it; null assumes n_fft/4.</summary>
    public int? HopLength { get; init => field = OptionCheck.Within(value, 1, ModelLimits.MaxHopLength); }

    /// <summary>Padding of the inverse STFT where no config tells it; null assumes <see cref="StftPadding.Center"/>.</summary>
    public StftPadding? Padding { get; init => field = value is { } padding ? OptionCheck.Defined(padding) : null; }
}
