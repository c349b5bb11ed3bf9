using System.IO.Compression;

namespace TrtVocoder.Files;

/// <summary>Reads NumPy's .npz files: a zip of .npy arrays. Safe for use by many threads.</summary>
public static class NpzFile
{
    private const int MaxEntries = 10_000;

    /// <summary>Reads one array.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Which array; null: the one called <c>mel</c>, or the only one.</param>
    /// <exception cref="DataFormatException">The file is damaged or foreign, the array is missing, or several are there and none is called <c>mel</c>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static FloatTensor Read(string path, string? key = null)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return Read(stream, path, key);
    }

    /// <summary>Reads one array from a stream; one that is not seekable is read to its end first.</summary>
    /// <inheritdoc cref="Read(string, string?)"/>
    /// <param name="stream">Stands at the file's first byte.</param>
    /// <param name="name">The file's name for error messages.</param>
    /// <param name="key">Which array; null: the one called <c>mel</c>, or the only one.</param>
    public static FloatTensor Read(Stream stream, string name, string? key = null)
    {
        try
        {
            using ZipArchive archive = new(stream, ZipArchiveMode.Read, leaveOpen: true);
            if (archive.Entries.Count > MaxEntries)
                throw new DataFormatException($"{name} holds {archive.Entries.Count} files; more than {MaxEntries} are not supported.");
            ZipArchiveEntry entry = Choose(archive, name, key);
            using Stream content = entry.Open();
            return NpyFile.Read(content, $"{name}[{KeyOf(entry)}]");
        }
        catch (InvalidDataException error)
        {
            throw new DataFormatException($"{name} is not a usable .npz file: it is truncated or not a zip archive.", error);
        }
    }

    private static ZipArchiveEntry Choose(ZipArchive archive, string name, string? key)
    {
        List<ZipArchiveEntry> arrays = [.. archive.Entries.Where(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal))];
        if (arrays.Find(entry => KeyOf(entry) == (key ?? "mel")) is { } named)
            return named;
        if (key is null && arrays.Count == 1)
            return arrays[0];
        string held = arrays.Count == 0 ? "no arrays" : string.Join(", ", arrays.Take(10).Select(KeyOf));
        throw new DataFormatException($"{name} holds {held}; expected {(key is null ? "one array, or one called 'mel'" : $"'{key}'")}.");
    }

    private static string KeyOf(ZipArchiveEntry entry) => entry.FullName[..^".npy".Length];
}
