namespace TrtVocoder;

/// <summary>
/// The base of every failure that this library reports by name. The message is one sentence a user can act on:
/// what was wrong, where, and what to do. Programming errors (a null, a span too short) stay
/// <see cref="ArgumentException"/> and its kin. Whatever a file's text that it quotes, it is one line of harmless characters.
/// </summary>
public class TrtVocoderException : Exception
{
    /// <summary>Creates the exception with a sentence for the user.</summary>
    public TrtVocoderException(string message)
        : base(PrintableText.Clean(message))
    {
    }

    /// <summary>Creates the exception with a sentence for the user and what caused it.</summary>
    public TrtVocoderException(string message, Exception? innerException)
        : base(PrintableText.Clean(message), innerException)
    {
    }

    /// <summary>What kind of failure it is, where a caller can do something about it.</summary>
    public FailureKind Kind { get; init; }
}
