using System.Buffers.Binary;

namespace TrtVocoder.Fuzz;

/// <summary>Blind edits of bytes, as fuzzers do them: they find what depends on single bytes, and by themselves little else.</summary>
internal static class ByteMutator
{
    private static readonly long[] Interesting =
    [
        0, 1, -1, 2, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 1 << 20, 1 << 24, 1 << 30, int.MaxValue, 1L << 31, 0x7FFF_F000, uint.MaxValue, 1L << 32,
        1L << 40, long.MaxValue, long.MinValue,
    ];

    /// <summary>One of the numbers that readers stumble over, or one near it.</summary>
    public static long Number(Random random) => Interesting[random.Next(Interesting.Length)] + (random.Next(4) == 0 ? random.Next(-2, 3) : 0);

    /// <summary>A count between 1 and <paramref name="most"/>, as often small as large.</summary>
    public static int Count(Random random, int most) => (int)Math.Max(1, Math.Exp(random.NextDouble() * Math.Log(most)));

    public static byte[] Mutate(Random random, byte[] input, IReadOnlyList<byte[]> seeds)
    {
        List<byte> bytes = [.. input];
        for (int edits = Count(random, 16); edits > 0; edits--)
            Edit(random, bytes, seeds);
        return [.. bytes];
    }

    private static void Edit(Random random, List<byte> bytes, IReadOnlyList<byte[]> seeds)
    {
        int position = random.Next(bytes.Count + 1);
        int rest = bytes.Count - position;
        int length = rest == 0 ? 0 : Math.Min(rest, Count(random, 64));
        switch (random.Next(8))
        {
            case 0 when rest > 0:
                bytes[position] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when rest > 0:
                bytes[position] = (byte)random.Next(256);
                break;
            case 2 when bytes.Count > 1:
                bytes.RemoveRange(position, length);
                break;
            case 3:
                bytes.InsertRange(position, Enumerable.Repeat((byte)random.Next(256), Count(random, 100)));
                break;
            case 4 when rest > 0:
                byte[] part = [.. bytes.GetRange(position, length)];
                for (int copies = Count(random, 30); copies > 0; copies--)
                    bytes.InsertRange(position, part);
                break;
            case 5:
                bytes.RemoveRange(position, random.Next(4) == 0 ? rest : 0);
                break;
            case 6:
                byte[] number = new byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(number, Number(random));
                int size = 1 << random.Next(4);
                for (int i = 0; i < Math.Min(size, rest); i++)
                    bytes[position + i] = number[i];
                break;
            case 7:
                byte[] other = seeds[random.Next(seeds.Count)];
                if (other.Length > 0)
                    bytes.InsertRange(position, other.Skip(random.Next(other.Length)).Take(Count(random, 200)));
                break;
        }
    }
}
