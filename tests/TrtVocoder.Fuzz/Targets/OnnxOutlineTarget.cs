using TrtVocoder.Decoding;

namespace TrtVocoder.Fuzz.Targets;

/// <summary><see cref="OnnxOutline"/> and what follows from it, on files that are damaged anywhere: no runtime is asked.</summary>
internal sealed class OnnxOutlineTarget : FuzzTarget
{
    private readonly byte[] _bare = OnnxBytes.Make(OutputKind.Spectrum, hasMetadata: false);

    public override string Name => "onnx-outline";

    public override IReadOnlyList<byte[]> Seeds => field ??= [OnnxBytes.Make(OutputKind.Spectrum, true), OnnxBytes.Make(OutputKind.Waveform, true), _bare];

    public override byte[] Mutate(Random random, byte[] seed) => OnnxBytes.AddMetadata(random, _bare, OutputKind.Spectrum);

    public override void Run(byte[] input)
    {
        OnnxOutline outline = OnnxOutline.Read(input, "x.onnx");
        outline.RequireExternalFiles("/nowhere/x.onnx");
        VocoderMetadata? metadata = VocoderMetadata.TryFromProperties(outline.Metadata, "x.onnx");
        ModelHints hints = new ModelHints().With(outline.Metadata, "x.onnx");
        // Shapes come from the file, too: here as the input's length has it.
        long bins = metadata is null ? ByteMutator.Number(new Random(input.Length)) : (metadata.FftLength / 2) + 1;
        TensorShape mel = new("mel", [-1, metadata?.MelCount ?? 80, -1]);
        ModelUse.Try(ModelSignature.Resolve("x.onnx", [mel], [new("re", [-1, bins, -1]), new("im", [-1, bins, -1])], metadata, hints).Metadata);
    }
}
