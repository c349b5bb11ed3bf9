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

    /// <summary>Lower end of the first mel band in Hz (<c>f_min</c>). It and what follows matter only to those who make mels.</summary>
    public float MelMinFrequency { get; init; }

    /// <summary>Upper end of the last mel band in Hz (<c>f_max</c>); null for half the sample rate.</summary>
    public float? MelMaxFrequency { get; init; }

    /// <summary>Whether mel bands are of Slaney's scale (<c>mel_scale: slaney</c>); upstream's are of HTK's.</summary>
    public bool HasSlaneyScale { get; init; }

    /// <summary>Whether mel bands have equal areas (<c>norm: slaney</c>); upstream's have equal heights.</summary>
    public bool HasSlaneyNorm { get; init; }

    /// <summary>Frequency bins of a one-sided spectrum: n_fft/2 + 1.</summary>
    public int BinCount => (FftLength / 2) + 1;

    /// <summary>How many frames to each side an output frame depends on: 3·(1 + layers).</summary>
    public int ReceptiveFieldFrames => KernelSize / 2 * (1 + LayerCount);

    /// <summary>The bands of the model's mels.</summary>
    internal MelScale MelScale => new(MelMinFrequency, MelMaxFrequency, HasSlaneyScale, HasSlaneyNorm);

    /// <summary>The transform's parameters as the DSP classes take them.</summary>
    public StftParameters Stft => new(FftLength, HopLength, Padding);
}
