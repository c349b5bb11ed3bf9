namespace TrtVocoder;

/// <summary>
/// What a model may say of itself, wherever it says it (config.yaml, an ONNX file's metadata, an engine's sidecar, shapes): far beyond any vocoder, and
/// small enough that nothing which is allocated by these numbers takes gigabytes.
/// </summary>
public static class ModelLimits
{
    /// <summary>Sample rate in Hz.</summary>
    public const int MaxSampleRate = 1_000_000;

    /// <summary>n_fft in samples.</summary>
    public const int MaxFftLength = 32768;

    /// <summary>Hop in samples.</summary>
    public const int MaxHopLength = 32768;

    /// <summary>Mel bands.</summary>
    public const int MaxMelCount = 4096;

    /// <summary>Frames to each side that an output frame depends on.</summary>
    public const int MaxReceptiveFieldFrames = 100_000;
}
