namespace TrtVocoder.Internal;

/// <summary>Turns what .NET says of a file that cannot be written into a sentence that names the output, never a temporary file.</summary>
internal static class WriteFailure
{
    /// <summary>Whether the system refused, rather than the code that makes the content.</summary>
    public static bool IsSystems(Exception error) =>
        error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value", ActualValue: null };

    /// <summary>The sentence, in an exception of the same kind.</summary>
    public static Exception Of(string name, Exception error, string ending = "")
    {
        string sentence = $"{name} cannot be written: {Reason(error)}{ending}.";
        return error is UnauthorizedAccessException ? new UnauthorizedAccessException(sentence, error) : new IOException(sentence, error);
    }

    /// <summary>The reason alone, without a name and a full stop: <c>no space left on device</c>.</summary>
    public static string Reason(Exception error)
    {
        switch (error)
        {
            case UnauthorizedAccessException:
                return "permission denied";
            case PathTooLongException:
                return "its name is too long for the file system";
            case ArgumentOutOfRangeException:
                // What .NET makes of the system's EFBIG.
                return "it is too large for the file system";
            case FileNotFoundException or DirectoryNotFoundException:
                return "its folder is gone";
        }
        // "No space left on device : '/x/.y.tmp'."
        string text = error.Message;
        int quote = text.IndexOf(" : '", StringComparison.Ordinal);
        text = (quote > 0 ? text[..quote] : text).TrimEnd('.', ' ');
        return text.Length > 1 && char.IsAsciiLetterUpper(text[0]) && !char.IsAsciiLetterUpper(text[1])
            ? char.ToLowerInvariant(text[0]) + text[1..]
            : text;
    }
}
