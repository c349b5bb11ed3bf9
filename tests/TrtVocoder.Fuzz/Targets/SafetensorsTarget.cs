using System.Buffers.Binary;
using System.Text;
using TrtVocoder.Files;

namespace TrtVocoder.Fuzz.Targets;

/// <summary><see cref="SafetensorsFile"/>: headers that are still JSON but say something else, and sizes of the header itself.</summary>
internal sealed class SafetensorsTarget : FuzzTarget
{
    public override string Name => "safetensors";

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        Join("""{"mel":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"len":{"dtype":"I64","shape":[1],"data_offsets":[24,32]},"__metadata__":{"format":"pt"}}""", new byte[32]),
        Join("""{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1,0],"data_offsets":[4,4]},"c":{"dtype":"F64","shape":[],"data_offsets":[4,12]}}""", new byte[12]),
    ];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(seed);
        string header = JsonMutator.Mutate(random, Encoding.UTF8.GetString(seed, 8, length));
        if (random.Next(40) == 0)
            header = Many(ByteMutator.Count(random, 20_000));
        if (random.Next(40) == 0)
            header = header.Replace("[2", "[" + string.Concat(Enumerable.Repeat("1,", ByteMutator.Count(random, 100_000))) + "2", StringComparison.Ordinal);
        byte[] file = Join(header, seed[(8 + length)..]);
        if (random.Next(12) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(file, ByteMutator.Number(random));
        return file;
    }

    public override void Run(byte[] input)
    {
        SafetensorsFile file = SafetensorsFile.Read(input, "x.safetensors");
        _ = string.Join(", ", file.Skipped);
    }

    private static string Many(int count) =>
        $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"t{i}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}"))}}}";

    private static byte[] Join(string header, byte[] values)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. values];
    }
}
