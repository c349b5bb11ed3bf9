using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using TrtVocoder.Benchmarking.Serving;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>A server's answer with binary tensors; the first eight bytes stand for the HTTP header that tells where they begin.</summary>
internal sealed class ServedAnswerTarget : FuzzTarget
{
    private const int HeaderBytes = sizeof(long);

    private static readonly ServedModel Model = new("vocos", new("mel", "FP32", [-1, 100, -1]), new("waveform", "FP32", [-1, -1]), 100);

    public override string Name => "served-answer";

    public override double Weight => 1;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        Make("""
            {"model_name": "vocos", "model_version": "1", "outputs": [{"name": "x", "datatype": "INT64", "shape": [1], "parameters": {"binary_data_size": 8}},
            {"name": "waveform", "datatype": "FP32", "shape": [2, 5], "parameters": {"binary_data_size": 40}}]}
            """u8, 48),
    ];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(seed);
        byte[] answer = Make(
            Encoding.UTF8.GetBytes(JsonMutator.Mutate(random, Encoding.UTF8.GetString(seed, HeaderBytes, length))), seed.Length - HeaderBytes - length);
        if (random.Next(3) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(answer, ByteMutator.Number(random));
        return answer;
    }

    public override void Run(byte[] input)
    {
        if (input.Length < HeaderBytes)
            return;
        ReadOnlyMemory<byte> samples = ServedAnswer.Parse(input.AsMemory(HeaderBytes), BinaryPrimitives.ReadInt64LittleEndian(input), Model);
        _ = MemoryMarshal.Cast<byte, float>(samples.Span)[^1];
    }

    private static byte[] Make(ReadOnlySpan<byte> json, int tensorBytes)
    {
        byte[] answer = [.. new byte[HeaderBytes], .. json, .. new byte[tensorBytes]];
        BinaryPrimitives.WriteInt64LittleEndian(answer, json.Length);
        return answer;
    }
}
