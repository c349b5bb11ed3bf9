using System.Globalization;
using System.IO.Compression;
using TrtVocoder.Files;

namespace TrtVocoder.Fuzz.Targets;

/// <summary><see cref="NpzFile"/>: many arrays, names twice, and zeros that unpack to a thousand times the file.</summary>
internal sealed class NpzTarget : FuzzTarget
{
    private static readonly string[] Names = ["mel", "audio", "a/b", "", "\u001b[2J", "mel"];

    public override string Name => "npz";

    public override IReadOnlyList<byte[]> Seeds { get; } = [Make(new Random(1), 1), Make(new Random(2), 3)];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        if (random.Next(100) > 0)
            return Make(random, random.Next(60) == 0 ? ByteMutator.Count(random, 2000) : random.Next(4));
        // A mel of zeros: at first of minutes, which is still taken, then of an hour.
        int frames = 20_000 + ByteMutator.Count(random, 380_000);
        byte[] zeros = NpyTarget.Make("<f4", string.Create(CultureInfo.InvariantCulture, $"(100, {frames})"), random.Next(2) == 0, new byte[400 * frames]);
        using MemoryStream file = new();
        using (ZipArchive archive = new(file, ZipArchiveMode.Create, leaveOpen: true))
            Add(archive, "mel.npy", zeros, CompressionLevel.Fastest);
        return file.ToArray();
    }

    public override void Run(byte[] input)
    {
        try
        {
            NpzFile.List(new MemoryStream(input, writable: false), "x.npz");
        }
        finally
        {
            NpzFile.Read(new MemoryStream(input, writable: false), "x.npz");
        }
    }

    private static byte[] Make(Random random, int count)
    {
        using MemoryStream file = new();
        using (ZipArchive archive = new(file, ZipArchiveMode.Create, leaveOpen: true))
            for (int i = 0; i < count; i++)
            {
                string name = count < 5 ? Names[random.Next(Names.Length)] : $"array{i}";
                Add(archive, name + (random.Next(8) == 0 ? ".txt" : ".npy"), NpyTarget.Array(random), random.Next(2) == 0 ? CompressionLevel.NoCompression : CompressionLevel.Fastest);
            }
        return file.ToArray();
    }

    private static void Add(ZipArchive archive, string name, byte[] content, CompressionLevel level)
    {
        using Stream stream = archive.CreateEntry(name, level).Open();
        stream.Write(content);
    }
}
