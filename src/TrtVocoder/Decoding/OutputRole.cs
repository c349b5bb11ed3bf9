namespace TrtVocoder.Decoding;

/// <summary>What an output of a network is by its name.</summary>
internal enum OutputRole
{
    /// <summary>The name does not say.</summary>
    Unknown,

    /// <summary>Real parts.</summary>
    Real,

    /// <summary>Imaginary parts.</summary>
    Imaginary,

    /// <summary>Magnitude, linear as far as the name says.</summary>
    Magnitude,

    /// <summary>The magnitude's logarithm.</summary>
    LogMagnitude,

    /// <summary>Phase in radians.</summary>
    Phase,

    /// <summary>Cosine of the phase.</summary>
    Cosine,

    /// <summary>Sine of the phase.</summary>
    Sine,

    /// <summary>Samples.</summary>
    Samples,

    /// <summary>How many samples are of use: read by nobody, since all items of a run are of one length.</summary>
    Lengths,
}
