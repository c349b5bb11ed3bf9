namespace TrtVocoder;

/// <summary>
/// Data that cannot be used: a file that is truncated, foreign or contradicts itself, or values out of range
/// (a mel with the wrong number of bands, NaN). The message names the file and what was expected.
/// </summary>
public sealed class DataFormatException : TrtVocoderException
{
    /// <summary>Creates the exception with a sentence for the user.</summary>
    public DataFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a sentence for the user and what caused it.</summary>
    public DataFormatException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
