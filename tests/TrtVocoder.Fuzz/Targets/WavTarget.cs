using System.Buffers.Binary;
using TrtVocoder.Files;

namespace TrtVocoder.Fuzz.Targets;

/// <summary><see cref="WavFile"/>: chunks in any order, sizes that are wrong, formats at the edge.</summary>
internal sealed class WavTarget : FuzzTarget
{
    private static readonly string[] Chunks = ["data", "fmt ", "LIST", "ds64", "fact", "JUNK", "\u001b[2J", "data"];

    public override string Name => "wav";

    public override double Weight => 3;

    public override IReadOnlyList<byte[]> Seeds { get; } = [Make(new Random(1), true), Make(new Random(2), true), Make(new Random(3), true)];

    public override byte[] Mutate(Random random, byte[] seed) => Make(random, false);

    public override void Run(byte[] input)
    {
        // Pipes cannot seek; both ways must hold the bound.
        using MemoryStream bytes = new(input, writable: false);
        using Stream stream = input.Length % 2 == 0 ? bytes : new BufferedStream(new OneWay(bytes));
        _ = WavFile.Read(stream, "x.wav").ToMono().Length;
    }

    private static byte[] Make(Random random, bool isHonest)
    {
        using MemoryStream file = new();
        bool is64 = random.Next(4) == 0;
        file.Write(is64 ? "RF64"u8 : "RIFF"u8);
        Write(file, isHonest || random.Next(3) > 0 ? 1000 : (uint)ByteMutator.Number(random));
        file.Write("WAVE"u8);
        if (is64)
            Chunk(file, random, isHonest, "ds64", Sizes(random));
        Chunk(file, random, isHonest, "fmt ", Format(random, isHonest));
        for (int chunks = isHonest ? 0 : random.Next(4); chunks > 0; chunks--)
            Chunk(file, random, isHonest, Chunks[random.Next(Chunks.Length)], new byte[random.Next(100)]);
        byte[] samples = new byte[ByteMutator.Count(random, 50_000)];
        random.NextBytes(samples.AsSpan(0, random.Next(samples.Length)));
        Chunk(file, random, isHonest, "data", samples);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, Random random, bool isHonest, string name, byte[] content)
    {
        file.Write(System.Text.Encoding.Latin1.GetBytes(name));
        Write(file, isHonest || random.Next(6) > 0 ? (uint)content.Length : (uint)(random.Next(2) == 0 ? content.Length + random.Next(-50, 50) : ByteMutator.Number(random)));
        file.Write(content);
        if (content.Length % 2 == 1 && random.Next(3) > 0)
            file.WriteByte(0);
    }

    private static byte[] Format(Random random, bool isHonest)
    {
        byte[] format = new byte[random.Next(3) == 0 ? 40 : 16];
        int channels = random.Next(1, 4);
        int bits = 8 * random.Next(1, 5);
        bool isFloat = bits == 32 && random.Next(2) == 0;
        int container = random.Next(4) == 0 ? 4 : bits / 8;
        Set(0, format.Length == 40 ? 0xFFFE : isFloat ? 3 : 1);
        Set(2, isHonest || random.Next(6) > 0 ? channels : (int)ByteMutator.Number(random));
        BinaryPrimitives.WriteUInt32LittleEndian(format.AsSpan(4), isHonest || random.Next(6) > 0 ? 24000 : (uint)ByteMutator.Number(random));
        Set(12, isHonest || random.Next(6) > 0 ? channels * container : (int)ByteMutator.Number(random));
        Set(14, isHonest || random.Next(6) > 0 ? bits : (int)ByteMutator.Number(random));
        if (format.Length == 40)
        {
            Set(16, 22);
            Set(18, bits);
            Set(24, isFloat ? 3 : 1);
            ((ReadOnlySpan<byte>)[0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]).CopyTo(format.AsSpan(26));
        }
        return format;

        void Set(int offset, int value) => BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(offset), (ushort)value);
    }

    private static byte[] Sizes(Random random)
    {
        byte[] sizes = new byte[28];
        BinaryPrimitives.WriteInt64LittleEndian(sizes.AsSpan(8), ByteMutator.Number(random));
        return sizes;
    }

    private static void Write(MemoryStream file, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        file.Write(bytes);
    }

    private sealed class OneWay(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
