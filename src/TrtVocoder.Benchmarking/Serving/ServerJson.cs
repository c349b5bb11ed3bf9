using System.Text.Json;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>What a server writes as JSON: every member may be missing, of another type, or out of range.</summary>
internal static class ServerJson
{
    /// <summary>Reads an object.</summary>
    /// <param name="json">What came.</param>
    /// <param name="read">Makes something of the object; what it meets of wrong types becomes the exception below.</param>
    /// <param name="source">Where it came from, for the message.</param>
    /// <exception cref="ServerException">It is no such object.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> json, Func<JsonElement, T> read, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw ServerException.Unreadable($"{source} is not what KServe's protocol v2 has there: {Reason(error)}");
        }
    }

    /// <summary>A member that must be there.</summary>
    public static JsonElement Member(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) ? value : throw new FormatException($"'{name}' is missing.");

    /// <summary>A member's text.</summary>
    public static string Text(JsonElement parent, string name) =>
        Member(parent, name).GetString() ?? throw new FormatException($"'{name}' is null.");

    /// <summary>A member's array of whole numbers, of few elements.</summary>
    public static long[] Shape(JsonElement parent) => [.. Member(parent, "shape").EnumerateArray().Take(8).Select(size => size.GetInt64())];

    /// <summary>The sentence of a refusal; null where the body has none.</summary>
    public static string? ReadError(ReadOnlyMemory<byte> body)
    {
        try
        {
            return Read(body, root => Text(root, "error"), "");
        }
        catch (ServerException)
        {
            return null;
        }
    }

    private static string Reason(Exception error) => error switch
    {
        FormatException when error.Message.StartsWith('\'') => error.Message,
        JsonException => "it is no JSON.",
        _ => "a member has another type than it should.",
    };
}
