namespace TrtVocoder.Benchmarking.Serving;

/// <summary>A server that is not there, refuses, or does not answer as KServe's protocol v2 has it.</summary>
/// <param name="category">What is counted together, in a few words: "HTTP 503", "no connection".</param>
/// <param name="message">A sentence for the user.</param>
internal sealed class ServerException(string category, string message) : TrtVocoderException(message)
{
    /// <summary>Requests of one category are counted together.</summary>
    public string Category { get; } = category;

    /// <summary>An answer that is none.</summary>
    public static ServerException Unreadable(string message) => new("unreadable answer", message);

    /// <summary>The HTTP status of a refusal; 0 where there was no answer or one of success.</summary>
    public int Status { get; init; }
}
