using System.Buffers.Binary;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>The first bytes of an engine.</summary>
internal sealed class PlanHeaderTarget : FuzzTarget
{
    public override string Name => "plan-header";

    public override double Weight => 3;

    public override IReadOnlyList<byte[]> Seeds { get; } = [Make("ftrt"u8, 100), Make("vtrt"u8, 28)];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        byte[] file = [.. seed[..random.Next(seed.Length + 1)], .. new byte[random.Next(40)]];
        if (file.Length >= 24)
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(16), ByteMutator.Number(random));
        return file;
    }

    public override void Run(byte[] input)
    {
        _ = EnginePlanHeader.TryParse(input)?.Maker;
        _ = EnginePlanHeader.Check("x.engine", input, input.Length).Maker;
    }

    private static byte[] Make(ReadOnlySpan<byte> magic, int length)
    {
        byte[] file = new byte[length];
        magic.CopyTo(file);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(16), length);
        file[24] = 10;
        return file;
    }
}
