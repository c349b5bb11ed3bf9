using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace TrtVocoder.Bindings;

/// <summary>
/// Looks at a library's file, and those of the libraries that it needs, before the system's loader does: of one that was cut off, by an
/// interrupted copy or download, the loader maps pages that are not there, and the process dies at the first use of one, without a word.
/// Safe for use by many threads.
/// </summary>
public static class LibraryFile
{
    private const int HeaderBytes = 64;
    private const int SegmentBytes = 56;
    private const int MaxSegments = 1024;
    private const int MaxDynamicBytes = 1 << 20;
    private const int MaxDepth = 8;
    private const uint Loaded = 1; // PT_LOAD
    private const uint Dynamic = 2; // PT_DYNAMIC
    private const string Cache = "/etc/ld.so.cache";

    // Tags of a library's dynamic section: a library that it needs, the table of its names, folders to look in.
    private enum Tag : long
    {
        Needed = 1,
        Names = 5,
        OldFolders = 15, // DT_RPATH
        Folders = 29, // DT_RUNPATH
    }

    /// <summary>Finds out whether a library, or one that it needs, is cut off.</summary>
    /// <param name="nameOrPath">A path, or a bare name, which is looked for where the system's loader does.</param>
    /// <returns>What is wrong, as <c>/x/libfftw3f.so.3 is cut off: …</c>; null where nothing is, or there is no such file.</returns>
    public static string? FindDamage(string nameOrPath)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        return OperatingSystem.IsLinux() ? FindDamage(nameOrPath, [], [], 0) : null;
    }

    /// <summary>The same for a library that a package brings: beside the program, or in its runtimes folder.</summary>
    /// <param name="fileName">E.g. <c>libonnxruntime.so</c>.</param>
    public static string? FindDamageBesideProgram(string fileName)
    {
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        string runtimes = Path.Combine(AppContext.BaseDirectory, "runtimes", $"linux-{architecture}", "native");
        return FindDamage(Path.Combine(AppContext.BaseDirectory, fileName)) ?? FindDamage(Path.Combine(runtimes, fileName));
    }

    private static string? FindDamage(string nameOrPath, string[] folders, HashSet<string> seen, int depth)
    {
        string? path = nameOrPath.Contains('/', StringComparison.Ordinal) ? nameOrPath : Find(nameOrPath, folders);
        try
        {
            if (path is null || !File.Exists(path) || !seen.Add(path))
                return null;
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            if (ReadSegments(file, out long end) is not { } segments)
                return null;
            if (end > file.Length)
                return $"{path} is cut off: {end - file.Length} bytes are missing at its end; copy or install it again";
            (string[] needed, string[] own) = ReadNeeded(file, segments, path);
            return depth == MaxDepth ? null
                : needed.Select(name => FindDamage(name, own, seen, depth + 1)).FirstOrDefault(damage => damage is not null) is { } damage
                ? depth == 0 ? $"{path} needs another library, and {damage}" : damage : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The loader's words are better.
            return null;
        }
    }

    // The table of segments, and where the file must end for all of them to be there; null where the loader refuses the file anyway.
    private static byte[]? ReadSegments(FileStream file, out long end)
    {
        end = 0;
        Span<byte> header = stackalloc byte[HeaderBytes];
        // 64-bit, little-endian; the loader itself refuses the others.
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || !header.StartsWith("\u007FELF\u0002\u0001"u8))
            return null;
        long table = BinaryPrimitives.ReadInt64LittleEndian(header[32..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header[54..]), count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        if (size != SegmentBytes || count > MaxSegments || table < 0)
            return null;
        end = table + ((long)size * count);
        byte[] segments = new byte[size * count];
        if (end > file.Length)
            return segments;
        file.Position = table;
        file.ReadExactly(segments);
        for (int at = 0; at < segments.Length; at += SegmentBytes)
            if (Segment(segments, at) is (Loaded, var offset, _, var bytes))
                end = Math.Max(end, offset + bytes);
        return segments;
    }

    private static (uint Type, long Offset, long Address, long Bytes) Segment(ReadOnlySpan<byte> segments, int at) => (
        BinaryPrimitives.ReadUInt32LittleEndian(segments[at..]), BinaryPrimitives.ReadInt64LittleEndian(segments[(at + 8)..]),
        BinaryPrimitives.ReadInt64LittleEndian(segments[(at + 16)..]), BinaryPrimitives.ReadInt64LittleEndian(segments[(at + 32)..]));

    // The libraries that one needs, and the folders that it names for them; none where its tables are not as they should be.
    private static (string[] Needed, string[] Folders) ReadNeeded(FileStream file, byte[] segments, string path)
    {
        List<(Tag Tag, long Value)> entries = [];
        for (int at = 0; at < segments.Length; at += SegmentBytes)
        {
            if (Segment(segments, at) is not (Dynamic, >= 0 and var offset, _, > 0 and <= MaxDynamicBytes and var bytes))
                continue;
            byte[] section = new byte[bytes];
            file.Position = offset;
            file.ReadAtLeast(section, section.Length, throwOnEndOfStream: false);
            for (int entry = 0; entry + 16 <= section.Length; entry += 16)
                entries.Add((
                    (Tag)BinaryPrimitives.ReadInt64LittleEndian(section.AsSpan(entry)),
                    BinaryPrimitives.ReadInt64LittleEndian(section.AsSpan(entry + 8))));
        }
        long names = -1, address = entries.Find(entry => entry.Tag == Tag.Names).Value;
        for (int at = 0; at < segments.Length; at += SegmentBytes)
            if (Segment(segments, at) is (Loaded, var offset, var from, var bytes) && address >= from && address < from + bytes)
                names = offset + address - from;
        if (names < 0)
            return ([], []);
        string origin = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return (
            [.. entries.Where(entry => entry.Tag == Tag.Needed).Select(entry => ReadName(file, names + entry.Value))],
            [
                .. entries.Where(entry => entry.Tag is Tag.Folders or Tag.OldFolders)
                    .SelectMany(entry => ReadName(file, names + entry.Value).Split(':', StringSplitOptions.RemoveEmptyEntries))
                    .Select(folder => folder
                        .Replace("$ORIGIN", origin, StringComparison.Ordinal).Replace("${ORIGIN}", origin, StringComparison.Ordinal)),
            ]);
    }

    private static string ReadName(FileStream file, long position)
    {
        const int MaxBytes = 4096;
        if (position < 0 || position >= file.Length)
            return "";
        byte[] bytes = new byte[Math.Min(MaxBytes, file.Length - position)];
        file.Position = position;
        int got = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        int end = bytes.AsSpan(0, got).IndexOf((byte)0);
        return end < 0 ? "" : Encoding.UTF8.GetString(bytes, 0, end);
    }

    // A library's own folders, LD_LIBRARY_PATH, then the loader's cache of the system's libraries, which holds their paths as text.
    private static string? Find(string name, string[] folders)
    {
        string given = Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "";
        foreach (string folder in folders.Concat(given.Split(':', StringSplitOptions.RemoveEmptyEntries)))
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
