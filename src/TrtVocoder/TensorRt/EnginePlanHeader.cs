using System.Buffers.Binary;

namespace TrtVocoder.TensorRt;

/// <summary>
/// The first bytes of an engine file, which tell without any library what made it. NVIDIA does not document them; they were read off
/// plans of TensorRT 10.6 and TensorRT-RTX 1.7. So they explain a failure, and never cause one by themselves.
/// </summary>
public sealed record EnginePlanHeader
{
    /// <summary>How many bytes of a file <see cref="TryParse"/> looks at.</summary>
    public const int Length = 28;

    /// <summary>TensorRT or TensorRT-RTX.</summary>
    public required EngineFlavour Flavour { get; init; }

    /// <summary>Version of the library that built the engine: major, minor, patch, build.</summary>
    public required Version Version { get; init; }

    /// <summary>Size that the whole file should have, in bytes.</summary>
    public required long PlanBytes { get; init; }

    /// <summary>For people: <c>TensorRT 10.3.0.30</c>.</summary>
    public string Maker => $"{(Flavour == EngineFlavour.TensorRt ? "TensorRT" : "TensorRT-RTX")} {Version}";

    /// <summary>Reads the header, or returns null when the bytes are not an engine's.</summary>
    public static EnginePlanHeader? TryParse(ReadOnlySpan<byte> start)
    {
        if (start.Length < Length)
            return null;
        EngineFlavour flavour;
        if (start.StartsWith("ftrt"u8))
            flavour = EngineFlavour.TensorRt;
        else if (start.StartsWith("vtrt"u8))
            flavour = EngineFlavour.TensorRtRtx;
        else
            return null;
        ulong bytes = BinaryPrimitives.ReadUInt64LittleEndian(start[16..]);
        return new EnginePlanHeader
        {
            Flavour = flavour,
            Version = new Version(start[24], start[25], start[26], start[27]),
            PlanBytes = bytes > long.MaxValue ? long.MaxValue : (long)bytes,
        };
    }

    /// <summary>Reads the header of a file and checks what can be checked without a GPU.</summary>
    /// <exception cref="DataFormatException">The file cannot be read, is no engine, or is shorter than it says.</exception>
    public static EnginePlanHeader Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream file = File.OpenRead(path);
            Span<byte> start = stackalloc byte[Length];
            int read = file.ReadAtLeast(start, Length, throwOnEndOfStream: false);
            return Check(path, start[..read], file.Length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataFormatException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The same for an engine in memory.</summary>
    /// <param name="source">Its name for messages.</param>
    /// <param name="start">At least its first <see cref="Length"/> bytes, if it has as many.</param>
    /// <param name="actualBytes">Its size.</param>
    /// <exception cref="DataFormatException">It is no engine, or is shorter than it says.</exception>
    internal static EnginePlanHeader Check(string source, ReadOnlySpan<byte> start, long actualBytes)
    {
        if (actualBytes == 0)
            throw new DataFormatException($"{source}: the file is empty; build it again with 'trtvocoder build'.");
        if (start.Length < Length && (start.StartsWith("ftrt"u8) || start.StartsWith("vtrt"u8)))
            throw new DataFormatException($"{source}: the engine is truncated, {actualBytes} bytes are less than its header; copy it again, or rebuild it with 'trtvocoder build'.");
        EnginePlanHeader header = TryParse(start) ?? throw new DataFormatException(
            $"{source}: this is not a TensorRT engine (it starts with neither 'ftrt' nor 'vtrt'){Guess(start)}.");
        if (actualBytes < header.PlanBytes)
            throw new DataFormatException(
                $"{source}: the engine is truncated, {actualBytes} of {header.PlanBytes} bytes; copy it again, or rebuild it with 'trtvocoder build'.");
        return header;
    }

    private static string Guess(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("PK"u8))
            return "; it looks like a zip archive, perhaps a PyTorch checkpoint: use 'trtvocoder export' and 'trtvocoder build' on it";
        if (start.Length > 1 && start[0] == 0x08 && start[1] < 0x20)
            return "; it looks like an ONNX model: make an engine of it with 'trtvocoder build'";
        return "; give the file that 'trtvocoder build' or trtexec wrote";
    }
}
