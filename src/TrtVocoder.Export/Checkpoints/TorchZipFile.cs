using System.IO.Compression;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// The form that <c>torch.save</c> writes since PyTorch 1.6: a zip of NAME/data.pkl and NAME/data/KEY for each storage, all stored
/// uncompressed.
/// </summary>
internal static class TorchZipFile
{
    public static bool IsZip(ReadOnlySpan<byte> file) => file.StartsWith("PK\u0003\u0004"u8);

    public static object? Load(byte[] file, string source)
    {
        Dictionary<string, ZipArchiveEntry> entries = ReadDirectory(file, source);
        if (entries.Keys.Any(name => name.EndsWith("/constants.pkl", StringComparison.Ordinal)))
            throw new DataFormatException($"{source} is a TorchScript program, not weights; save the model's state_dict().");
        string[] pickles = [.. entries.Keys.Where(name => name.EndsWith("/data.pkl", StringComparison.Ordinal)).Take(2)];
        if (pickles is not [string pickle])
            throw new DataFormatException(
                $"{source} is a zip file, but not one that torch.save wrote: it must hold one data.pkl{FileContent.Describe(file)}.");
        string folder = pickle[..^"data.pkl".Length];
        if (entries.TryGetValue(folder + "byteorder", out ZipArchiveEntry? order)
            && !ReadEntry(order, source).AsSpan().SequenceEqual("little"u8))
            throw new DataFormatException($"{source} was saved on a big-endian machine; save it again on a little-endian one.");

        TorchObjects objects = new(source);
        object? root = new PickleReader(ReadEntry(entries[pickle], source), 0, objects, source).Load();
        foreach (TorchStorage storage in objects.Storages.Values)
        {
            // Only storages in use are read, each once; the archive's own streams are not for several threads.
            Lazy<ReadOnlyMemory<byte>> bytes = new(() => ReadStorage(entries, folder, storage, source));
            storage.Read = () => bytes.Value;
        }
        return root;
    }

    private static Dictionary<string, ZipArchiveEntry> ReadDirectory(byte[] file, string source)
    {
        Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);
        Guard(source, () =>
        {
            // Not disposed: the entries read from it later, and there is nothing behind it but memory.
            ZipArchive archive = new(new MemoryStream(file, writable: false), ZipArchiveMode.Read);
            long total = 0;
            foreach (ZipArchiveEntry entry in archive.Entries)
            {
                if (!entries.TryAdd(entry.FullName, entry))
                    throw new DataFormatException($"{source} is damaged: it holds two files of the same name.");
                // Entries that share their bytes would make gigabytes of a small file.
                total += entry.CompressedLength;
                if (total > file.Length)
                    throw new DataFormatException($"{source} is damaged: the files in it claim more bytes than it has.");
            }
            return true;
        });
        return entries;
    }

    private static ReadOnlyMemory<byte> ReadStorage(
        Dictionary<string, ZipArchiveEntry> entries, string folder, TorchStorage storage, string source)
    {
        long expected = storage.ElementCount * storage.Type.ElementSize;
        if (!entries.TryGetValue($"{folder}data/{storage.Key}", out ZipArchiveEntry? entry))
            throw new DataFormatException($"{source} is damaged: it lacks the values of a tensor (data/{storage.Key}).");
        if (entry.Length != expected)
            throw new DataFormatException($"{source} is damaged: data/{storage.Key} holds {entry.Length} bytes, expected {expected}.");
        return ReadEntry(entry, source);
    }

    private static byte[] ReadEntry(ZipArchiveEntry entry, string source)
    {
        // torch.save never compresses; a compressed entry could claim any size.
        if (entry.Length != entry.CompressedLength)
            throw new DataFormatException($"{source}: {entry.FullName} is compressed, which torch.save never does; save the file again.");
        return Guard(source, () =>
        {
            using Stream stream = entry.Open();
            byte[] bytes = new byte[entry.Length];
            stream.ReadExactly(bytes);
            return bytes;
        });
    }

    private static T Guard<T>(string source, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException or OverflowException or NotSupportedException)
        {
            throw new DataFormatException($"{source} is truncated or damaged: it is a zip file that cannot be read to its end.", e);
        }
    }
}
