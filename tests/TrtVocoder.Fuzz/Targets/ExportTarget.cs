using System.Runtime.InteropServices;
using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>The export of weights of any size and value, in every form.</summary>
internal sealed class ExportTarget : FuzzTarget
{
    public override string Name => "export";

    public override double Weight => 0.2;

    /// <summary>The matrix of an inverse STFT within the model takes up to 128 MiB, and is written a few times over.</summary>
    public override long GetMemoryBound(long inputBytes) => (640L << 20) + (32 * inputBytes);

    public override IReadOnlyList<byte[]> Seeds { get; } = [Make(RandomCheckpoint.Smallest, RandomCheckpoint.Create(RandomCheckpoint.Smallest))];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        VocosConfig config = CheckpointInput.RandomConfig(random);
        int parameters = VocosWeights.GetWeightShapes(config).Sum(pair => pair.Value.Aggregate(1, (product, size) => product * size));
        if (parameters > 1_000_000)
            config = config with { Dim = 3, IntermediateDim = 2 };
        // A long transform of a tiny network: its matrices are what is large.
        if (random.Next(10) == 0)
            config = config with { FftLength = 2 * ByteMutator.Count(random, ModelLimits.MaxFftLength / 2), HopLength = 1, Dim = 1, Padding = StftPadding.Center };
        VocosCheckpoint checkpoint = RandomCheckpoint.Create(config, random.Next(1000));
        byte[] file = Make(config, checkpoint);
        for (int edits = random.Next(4); edits > 0; edits--)
        {
            float[] odd = [float.NaN, float.PositiveInfinity, float.MaxValue, float.Epsilon, -0f, 70000, 1e-30f];
            int place = random.Next(file.Length / 2, file.Length - 4);
            MemoryMarshal.Write(file.AsSpan(place), odd[random.Next(odd.Length)]);
        }
        return file;
    }

    public override void Run(byte[] input)
    {
        Random random = new(input.Length);
        VocosCheckpoint checkpoint = CheckpointInput.Load(input, "model.safetensors");
        OutputKind signal = random.Next(2) == 0 ? OutputKind.Waveform : OutputKind.Spectrum;
        OnnxExportOptions options = new()
        {
            Precision = random.Next(2) == 0 ? OnnxPrecision.Fp16 : OnnxPrecision.Fp32,
            Form = Enum.GetValues<NetworkForm>()[random.Next(Enum.GetValues<NetworkForm>().Length)],
            Signal = signal,
            Streaming = signal == OutputKind.Spectrum && random.Next(2) == 0,
        };
        OnnxExporter.Build(checkpoint, options).WriteTo(Stream.Null);
    }

    private static byte[] Make(VocosConfig config, VocosCheckpoint checkpoint)
    {
        using MemoryStream file = new();
        SafetensorsFile.Write(file, checkpoint.Tensors);
        return CheckpointInput.Join(config, file.ToArray());
    }
}
