namespace TrtVocoder.TensorRt;

/// <summary>An ONNX model for <see cref="TrtBuilder"/>: a file, or one of the forms in which a network can be written.</summary>
internal sealed record OnnxSource
{
    /// <summary>The name for messages and the sidecar; of a file its path, beside which the parser looks for weights.</summary>
    public required string Name { get; init; }

    /// <summary>Gives the model's bytes; called once, when the builder comes to it.</summary>
    public required Func<byte[]> Read { get; init; }

    /// <summary>What tells it from the other forms of its network, for messages and the sidecar; empty where there are no others.</summary>
    public string Form { get; init; } = "";

    /// <summary>A file.</summary>
    public static OnnxSource FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new OnnxSource { Name = path, Read = () => ReadFile(path) };
    }

    internal static byte[] ReadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataFormatException($"{path}: cannot be read: {error.Message}", error);
        }
    }
}
