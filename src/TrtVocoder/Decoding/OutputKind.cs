namespace TrtVocoder.Inference;

/// <summary>What a network puts out.</summary>
public enum SignalKind
{
    /// <summary>Real and imaginary parts of the short-time spectrum; the inverse STFT follows on the host.</summary>
    Spectrum,

    /// <summary>Samples: the inverse STFT is inside the network.</summary>
    Waveform,
}
