namespace TrtVocoder.Decoding;

/// <summary>What a network puts out.</summary>
public enum OutputKind
{
    /// <summary>Real and imaginary parts of the short-time spectrum; the inverse STFT follows on the host.</summary>
    Spectrum,

    /// <summary>Samples: the inverse STFT is inside the network.</summary>
    Waveform,
}
