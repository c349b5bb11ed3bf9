namespace TrtVocoder.Decoding;

/// <summary>What a model may leave open, and its user can tell by <see cref="ModelHints"/>.</summary>
public enum ModelFact
{
    /// <summary>Nothing is missing.</summary>
    None,

    /// <summary>Which outputs hold a spectrum, or the samples.</summary>
    Outputs,

    /// <summary>How many mel bands the input has.</summary>
    MelCount,

    /// <summary>n_fft.</summary>
    FftLength,

    /// <summary>The hop, or the padding of the inverse STFT.</summary>
    HopLength,

    /// <summary>The frames to each side that an output frame depends on.</summary>
    ReceptiveField,
}
