namespace TrtVocoder.Dsp;

/// <summary>
/// What the planes are in which a network puts out its spectrum, in the order in which they are kept everywhere: S = re + i·im =
/// magnitude·(cos φ + i·sin φ).
/// </summary>
internal enum SpectrumForm
{
    /// <summary>Real and imaginary parts.</summary>
    RealImaginary,

    /// <summary>Magnitude, cosine and sine of the phase.</summary>
    MagnitudeCosineSine,

    /// <summary>Magnitude and phase in radians.</summary>
    MagnitudePhase,

    /// <summary>The magnitude's natural logarithm, not clipped yet, and the phase in radians: what Vocos' head computes with.</summary>
    LogMagnitudePhase,
}
