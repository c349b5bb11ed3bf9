using TrtVocoder.Decoding;

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

    /// <summary>Creates the exception for a model that leaves something open.</summary>
    /// <param name="message">A sentence for the user, without advice: how it is told differs from program to program.</param>
    /// <param name="unknown">What its user could tell.</param>
    public DataFormatException(string message, ModelFact unknown)
        : base(message) => Unknown = unknown;

    /// <summary>What a user could tell of the model so that it can be used; <see cref="ModelFact.None"/> for any other failure.</summary>
    public ModelFact Unknown { get; }
}
