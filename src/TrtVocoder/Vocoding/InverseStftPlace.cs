namespace TrtVocoder.Vocoding;

/// <summary>Where a network's spectra are turned into samples.</summary>
public enum InverseStftPlace
{
    /// <summary>On the GPU behind an engine's network, where it can; else on the host.</summary>
    Auto,

    /// <summary>On the GPU; a model whose spectra it cannot take is refused.</summary>
    Gpu,

    /// <summary>On the host, by FFTW.</summary>
    Host,
}
