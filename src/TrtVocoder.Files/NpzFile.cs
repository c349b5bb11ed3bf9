using System.IO.Compression;

namespace TrtVocoder.Files;

/// <summary>Reads NumPy's .npz files: a zip of .npy arrays. Safe for use by many threads. The bounds stand in docs/formats.md.</summary>
public static class NpzFile
{
    private const int MaxEntries = 10_000;
    private const int MaxListed = 1000;

    // What an array may take as float32: so much, and so many times the file's size. A compressed mel of noise is as large as its file, one
    // of silence a thousandth, which the first term allows for 7 minutes of it.
    private const long FreeBytes = 16 << 20;
    private const int MaxExpansion = 8;

    /// <summary>Reads one array.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Which array; null: the one called <c>mel</c>, or the only one.</param>
    /// <exception cref="DataFormatException">
    /// The file is damaged or foreign, the array is missing, or several are there and none is called <c>mel</c>.
    /// </exception>
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
    public static FloatTensor Read(Stream stream, string name, string? key = null) => Open(stream, name, (archive, length) =>
    {
        ZipArchiveEntry entry = Choose(archive, name, key);
        using Stream content = entry.Open();
        return NpyFile.Read(content, $"{name}[{PrintableText.Name(KeyOf(entry))}]", FreeBytes + (MaxExpansion * length));
    });

    /// <summary>Lists the arrays of a file, in its order and without their values; of many the first thousand.</summary>
    /// <param name="stream">Stands at the file's first byte; need not be seekable.</param>
    /// <param name="name">The file's name for error messages.</param>
    /// <exception cref="DataFormatException">The file is damaged or foreign.</exception>
    public static IReadOnlyList<NpzEntry> List(Stream stream, string name) => Open(stream, name, (archive, _) =>
    {
        List<NpzEntry> entries = [];
        foreach (ZipArchiveEntry entry in archive.Entries.Where(IsArray).Take(MaxListed))
        {
            using Stream content = entry.Open();
            entries.Add(Describe(content, KeyOf(entry)));
        }
        return entries;
    });

    /// <summary>Tells the names of the arrays in a file, in its order.</summary>
    /// <param name="stream">Stands at the file's first byte.</param>
    /// <param name="name">The file's name for error messages.</param>
    /// <exception cref="DataFormatException">The file is damaged or foreign.</exception>
    public static IReadOnlyList<string> ReadNames(Stream stream, string name) =>
        Open<IReadOnlyList<string>>(stream, name, (archive, _) => [.. archive.Entries.Where(IsArray).Select(KeyOf)]);

    private static NpzEntry Describe(Stream content, string key)
    {
        try
        {
            NpyHeader header = NpyFile.ReadHeader(content, key);
            return new NpzEntry(key, header.ElementType, [.. header.Shape]);
        }
        catch (DataFormatException)
        {
            // One array that cannot be read is no reason not to list the others.
            return new NpzEntry(key, "", []);
        }
    }

    private static T Open<T>(Stream stream, string name, Func<ZipArchive, long, T> read)
    {
        ArgumentNullException.ThrowIfNull(stream);
        try
        {
            using MemoryStream? copy = stream.CanSeek ? null : new MemoryStream();
            if (copy is not null)
                stream.CopyTo(copy);
            using ZipArchive archive = new(copy ?? stream, ZipArchiveMode.Read, leaveOpen: true);
            if (archive.Entries.Count > MaxEntries)
                throw new DataFormatException($"{name} holds {archive.Entries.Count} files; more than {MaxEntries} are not supported.");
            HashSet<string> names = new(StringComparer.Ordinal);
            foreach (ZipArchiveEntry entry in archive.Entries)
                if (!names.Add(entry.FullName))
                    throw new DataFormatException($"{name} is damaged: it holds '{PrintableText.Name(entry.FullName)}' twice.");
            return read(archive, (copy ?? stream).Length);
        }
        // What .NET throws for zip files that are damaged, encrypted, or packed by a method that it does not know.
        catch (Exception error) when (error is InvalidDataException or NotSupportedException or ArgumentException or OverflowException or EndOfStreamException)
        {
            throw new DataFormatException($"{name} is not a usable .npz file: it is truncated, encrypted or not a zip archive.", error);
        }
    }

    private static ZipArchiveEntry Choose(ZipArchive archive, string name, string? key)
    {
        List<ZipArchiveEntry> arrays = [.. archive.Entries.Where(IsArray)];
        if (arrays.Find(entry => KeyOf(entry) == (key ?? "mel")) is { } named)
            return named;
        if (key is null && arrays.Count == 1)
            return arrays[0];
        string held = arrays.Count == 0 ? "no arrays" : string.Join(
            ", ", arrays.Take(10).Select(entry => PrintableText.Name(KeyOf(entry))));
        throw arrays.Count == 0 && archive.Entries.Any(entry => entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal))
            ? new DataFormatException($"{name} is a file of torch.save, not of NumPy; save the mel by numpy.save('mel.npy', mel.numpy()).")
            : new DataFormatException(
                $"{name} holds {held}; expected {(key is null ? "one array, or one called 'mel'" : $"'{PrintableText.Name(key)}'")}.");
    }

    private static bool IsArray(ZipArchiveEntry entry) => entry.FullName.EndsWith(".npy", StringComparison.Ordinal);

    private static string KeyOf(ZipArchiveEntry entry) => entry.FullName[..^".npy".Length];
}
