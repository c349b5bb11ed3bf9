namespace TrtVocoder.TensorRt;

/// <summary>An engine file that is being loaded: the header is read and checked when it is opened, the whole when TensorRT wants it.</summary>
internal sealed class EnginePlan : IDisposable
{
    private readonly FileStream _file;

    private EnginePlan(string path, FileStream file, EnginePlanHeader header)
    {
        Path = path;
        _file = file;
        Header = header;
        Bytes = file.Length;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What the file says of itself.</summary>
    public EnginePlanHeader Header { get; }

    /// <summary>The file's size.</summary>
    public long Bytes { get; }

    /// <summary>Opens a file and checks what can be checked without a GPU.</summary>
    /// <exception cref="DataFormatException">The file cannot be read, is no engine, or is shorter than it says.</exception>
    public static EnginePlan Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            Span<byte> start = stackalloc byte[EnginePlanHeader.Length];
            int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            return new EnginePlan(path, file, EnginePlanHeader.Check(path, start[..read], file.Length));
        }
        catch (Exception error)
        {
            file?.Dispose();
            if (error is IOException or UnauthorizedAccessException)
                throw Unreadable(path, error);
            throw;
        }
    }

    /// <summary>Reads the whole file.</summary>
    /// <param name="plan">Room for <see cref="Bytes"/>.</param>
    /// <exception cref="DataFormatException">It cannot be read, or became shorter.</exception>
    public void ReadTo(Span<byte> plan)
    {
        try
        {
            _file.Position = 0;
            _file.ReadExactly(plan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(Path, error);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static DataFormatException Unreadable(string path, Exception error) => new($"{path}: cannot be read: {error.Message}", error);
}
