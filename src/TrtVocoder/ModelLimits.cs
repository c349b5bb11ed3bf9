namespace TrtVocoder;

/// <summary>
/// What a model may say of itself, wherever it says it (config.yaml, an ONNX file's metadata, an engine's sidecar, shapes): far beyond any vocoder, and
/// small enough that nothing which is allocated by these numbers takes gigabytes.
/// </summary>
internal static class ModelLimits
{
    /// <summary>The least sample rate in Hz.</summary>
    public const int MinSampleRate = 1000;

    /// <summary>The highest sample rate in Hz.</summary>
    public const int MaxSampleRate = 1_000_000;

    /// <summary>n_fft in samples.</summary>
    public const int MaxFftLength = 16384;

    /// <summary>Hop in samples.</summary>
    public const int MaxHopLength = 16384;

    /// <summary>Mel bands.</summary>
    public const int MaxMelCount = 1024;

    /// <summary>Frames to each side that an output frame depends on.</summary>
    public const int MaxReceptiveFieldFrames = 100_000;
}
