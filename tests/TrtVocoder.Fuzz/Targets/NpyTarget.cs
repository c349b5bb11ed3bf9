using System.Buffers.Binary;
using System.Text;
using TrtVocoder.Files;

namespace TrtVocoder.Fuzz.Targets;

/// <summary><see cref="NpyFile"/>: headers with shapes, types and orders that do not fit the values.</summary>
internal sealed class NpyTarget : FuzzTarget
{
    public override string Name => "npy";

    public override double Weight => 3;

    public override IReadOnlyList<byte[]> Seeds { get; } = [Make("<f4", "(3, 4)", false, new byte[48]), Make("<f2", "(5,)", true, new byte[10]), Make(">f8", "()", false, new byte[8])];

    public override byte[] Mutate(Random random, byte[] seed) => Array(random);

    public override void Run(byte[] input)
    {
        // By length, so that a replay takes the same entry.
        if (input.Length % 2 == 0)
            NpyFile.Read(new MemoryStream(input, writable: false), "x.npy");
        else
            NpyFile.ReadAsync(new MemoryStream(input, writable: false), "x.npy").GetAwaiter().GetResult();
    }

    /// <summary>An array whose header tells the truth, a little less or a lot more.</summary>
    public static byte[] Array(Random random)
    {
        string[] types = ["<f4", "<f2", "<f8", ">f4", ">f2", "=f8", "|O", "<i8", "\u001b[2J", "<c8", ""];
        string[] sizes = [.. Enumerable.Range(0, random.Next(10) == 0 ? ByteMutator.Count(random, 3000) : random.Next(5)).Select(_ => Size(random))];
        string shape = $"({string.Join(", ", sizes)}{(sizes.Length == 1 && random.Next(4) > 0 ? "," : "")})";
        byte[] values = new byte[random.Next(3) == 0 ? random.Next(40) : ByteMutator.Count(random, random.Next(8) == 0 ? 100_000 : 500)];
        random.NextBytes(values.AsSpan(0, Math.Min(values.Length, 1000)));
        byte[] file = Make(types[random.Next(random.Next(3) == 0 ? types.Length : 6)], shape, random.Next(2) == 0, values);
        if (random.Next(10) == 0)
            BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), (ushort)ByteMutator.Number(random));
        if (random.Next(20) == 0)
            file[6] = (byte)random.Next(5);
        return file;
    }

    public static byte[] Make(string type, string shape, bool isFortran, byte[] values)
    {
        string header = $"{{'descr': '{type}', 'fortran_order': {(isFortran ? "True" : "False")}, 'shape': {shape}, }}";
        byte[] text = Encoding.UTF8.GetBytes(header + '\n');
        byte[] head = [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8)];
        return [.. head, .. text, .. values];
    }

    private static string Size(Random random) => random.Next(4) switch
    {
        0 => ByteMutator.Number(random).ToString(System.Globalization.CultureInfo.InvariantCulture),
        1 => "0",
        2 => random.Next(1, 300).ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => ByteMutator.Count(random, 3_000_000).ToString(System.Globalization.CultureInfo.InvariantCulture) + (random.Next(5) == 0 ? "L" : ""),
    };
}
