using TrtVocoder.Dsp;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// Sizes of a Vocos mel model (gemelo-ai/vocos: MelSpectrogramFeatures, VocosBackbone, ISTFTHead), as its config.yaml tells them.
/// </summary>
public sealed record VocosConfig
{
    /// <summary>Taps of every convolution; upstream's constant.</summary>
    public const int KernelSize = 7;

    /// <summary>The epsilon of every LayerNorm; upstream's constant.</summary>
    public const float LayerNormEpsilon = 1e-6f;

    /// <summary>What magnitudes are clipped to; upstream's constant.</summary>
    public const float MagnitudeClip = 100f;

    /// <summary>Sample rate in Hz.</summary>
    public required int SampleRate { get; init; }

    /// <summary>n_fft and window length in samples.</summary>
    public required int FftLength { get; init; }

    /// <summary>Hop in samples.</summary>
    public required int HopLength { get; init; }

    /// <summary>Mel bands of the input.</summary>
    public required int MelCount { get; init; }

    /// <summary>Padding of the STFT and its inverse.</summary>
    public required StftPadding Padding { get; init; }

    /// <summary>Channels of the trunk.</summary>
    public required int Dim { get; init; }

    /// <summary>Channels inside each block.</summary>
    public required int IntermediateDim { get; init; }

    /// <summary>ConvNeXt blocks.</summary>
    public required int LayerCount { get; init; }

    /// <summary>
    /// Whether each block ends in a learned factor a channel (<c>gamma</c>); upstream leaves it out when <c>layer_scale_init_value</c> is
    /// negative.
    /// </summary>
    public bool HasLayerScale { get; init; } = true;

    /// <summary>The floor under mel amplitudes before the logarithm; upstream's is 1e-7.</summary>
    public float MelFloor { get; init; } = 1e-7f;

    /// <summary>Frequency bins of a one-sided spectrum: n_fft/2 + 1.</summary>
    public int BinCount => (FftLength / 2) + 1;

    /// <summary>How many frames to each side an output frame depends on: 3·(1 + layers).</summary>
    public int ReceptiveFieldFrames => KernelSize / 2 * (1 + LayerCount);

    /// <summary>The transform's parameters as the DSP classes take them.</summary>
    public StftParameters Stft => new(FftLength, HopLength, Padding);
}
