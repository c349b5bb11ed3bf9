using TrtVocoder.Dsp;

namespace TrtVocoder.Decoding;

/// <summary>
/// What a caller knows of a model that the model itself does not say: models made by other tools carry no metadata of ours.
/// What the model does say always wins; only the output names are the caller's alone.
/// </summary>
public sealed record ModelHints
{
    /// <summary>Sample rate in Hz of a model that does not say: 24000.</summary>
    public int SampleRate { get; init; } = 24000;

    /// <summary>n_fft in samples; null takes it from the number of bins, or 1024 where the network puts out samples.</summary>
    public int? FftLength { get; init; }

    /// <summary>Hop in samples; null means n_fft/4.</summary>
    public int? HopLength { get; init; }

    /// <summary>Mel bands; null takes it from the input's shape.</summary>
    public int? MelCount { get; init; }

    /// <summary>Padding of the STFT: <see cref="StftPadding.Center"/>.</summary>
    public StftPadding Padding { get; init; }

    /// <summary>The floor under mel amplitudes before the logarithm: 1e-7 (Vocos' own); F5-TTS uses 1e-5.</summary>
    public float MelFloor { get; init; } = 1e-7f;

    /// <summary>How many frames to each side an output frame depends on, 27 for the published model; null when unknown, and then long inputs cannot be decoded in chunks.</summary>
    public int? ReceptiveFieldFrames { get; init; }

    /// <summary>The name of the output with the real parts; null finds it by name (<c>real</c>, <c>re</c>) or by shape and order.</summary>
    public string? RealOutput { get; init; }

    /// <summary>The name of the output with the imaginary parts; null finds it by name (<c>imag</c>, <c>im</c>) or by shape and order.</summary>
    public string? ImagOutput { get; init; }

    /// <summary>The name of the output with samples; null finds it by name (<c>audio</c>) or as the only output.</summary>
    public string? AudioOutput { get; init; }
}
