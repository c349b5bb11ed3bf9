using System.Buffers.Binary;
using System.Text;

namespace TrtVocoder.Bindings;

/// <summary>
/// Looks at a library's file before the system's loader does: of one that was cut off, by an interrupted copy or download, the loader maps pages that are
/// not there, and the process dies at the first use of one, without a word. Safe for use by many threads.
/// </summary>
public static class LibraryFile
{
    private const int HeaderBytes = 64;
    private const int SegmentBytes = 56;
    private const int MaxSegments = 1024;
    private const uint Loaded = 1; // PT_LOAD
    private const string Cache = "/etc/ld.so.cache";

    /// <summary>Finds out whether a library is cut off.</summary>
    /// <param name="nameOrPath">A path, or a bare name, which is looked for where the system's loader does.</param>
    /// <returns>What is wrong, as <c>/x/libfftw3f.so.3 is cut off: …</c>; null where nothing is, or there is no such file.</returns>
    public static string? FindDamage(string nameOrPath)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        if (!OperatingSystem.IsLinux())
            return null;
        string? path = nameOrPath.Contains('/', StringComparison.Ordinal) ? nameOrPath : Find(nameOrPath);
        try
        {
            return path is not null && File.Exists(path) && MissingBytes(path) is > 0 and long missing
                ? $"{path} is cut off: {missing} bytes are missing at its end; copy or install it again"
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The loader's words are better.
            return null;
        }
    }

    // Where the last of the segments that will be mapped ends, less the file's length.
    private static long MissingBytes(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        Span<byte> header = stackalloc byte[HeaderBytes];
        // 64-bit, little-endian; the loader itself refuses the others.
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || !header.StartsWith("\u007FELF\u0002\u0001"u8))
            return 0;
        long table = BinaryPrimitives.ReadInt64LittleEndian(header[32..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header[54..]), count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        if (size != SegmentBytes || count > MaxSegments || table < 0)
            return 0;
        long end = table + ((long)size * count);
        if (end <= file.Length)
        {
            byte[] segments = new byte[size * count];
            file.Position = table;
            file.ReadExactly(segments);
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> segment = segments.AsSpan(i * size, size);
                if (BinaryPrimitives.ReadUInt32LittleEndian(segment) == Loaded)
                    end = Math.Max(end, BinaryPrimitives.ReadInt64LittleEndian(segment[8..]) + BinaryPrimitives.ReadInt64LittleEndian(segment[32..]));
            }
        }
        return end - file.Length;
    }

    // LD_LIBRARY_PATH, then the loader's cache of the system's libraries, which holds their paths as text.
    private static string? Find(string name)
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            if (Path.Combine(folder, name) is var path && File.Exists(path))
                return path;
        if (!File.Exists(Cache))
            return null;
        ReadOnlySpan<byte> cache = File.ReadAllBytes(Cache);
        byte[] ending = Encoding.UTF8.GetBytes($"/{name}\0");
        int at = cache.IndexOf(ending);
        return at < 0 ? null : Encoding.UTF8.GetString(cache[(cache[..at].LastIndexOf((byte)0) + 1)..(at + ending.Length - 1)]);
    }
}
