namespace TrtVocoder.Internal;

/// <summary>
/// Reads files that others wrote or placed, whole and within a bound: a device never ends, and its size is 0 beforehand. Safe for use by
/// many threads.
/// </summary>
internal static class WholeFile
{
    private const int BlockBytes = 1 << 16;

    /// <summary>Reads a file, a pipe too, up to a bound.</summary>
    /// <exception cref="DataFormatException">There is more.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] Read(string path, int most)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        using MemoryStream content = new();
        byte[] block = new byte[BlockBytes];
        while (file.Read(block) is > 0 and int got)
        {
            content.Write(block, 0, got);
            if (content.Length > most)
                throw new DataFormatException($"{path} is larger than {most} bytes, which no such file is.");
        }
        return content.ToArray();
    }

    /// <summary>Refuses what is no regular file, and would be waited for or read for ever.</summary>
    /// <exception cref="DataFormatException">It is a pipe, a device or a socket.</exception>
    /// <exception cref="IOException">The system does not say what it is.</exception>
    public static void ThrowIfNone(string path)
    {
        if (FileStatus.Of(path) is { Kind: not (FileKind.Regular or FileKind.Folder) })
            throw new DataFormatException($"{path} is a pipe or a device; a file is expected here: save it first.");
    }
}
