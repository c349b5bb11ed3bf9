using Microsoft.ML.OnnxRuntime;
using TrtVocoder.Decoding;
using TrtVocoder.OnnxRuntime;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>A sound network with metadata of any kind, loaded into ONNX Runtime: what that does with damaged networks is not ours.</summary>
internal sealed class OnnxMetadataTarget : FuzzTarget
{
    private readonly byte[] _spectrum = OnnxBytes.Make(OutputKind.Spectrum, hasMetadata: false);
    private readonly byte[] _streaming = OnnxBytes.Make(OutputKind.Spectrum, hasMetadata: false, isStreaming: true);
    private readonly byte[] _waveform = OnnxBytes.Make(OutputKind.Waveform, hasMetadata: false);

    // As little work as can be: the network is the same each time.
    private static readonly OnnxDecoderOptions Options = new() { IntraOpThreads = 1, GraphOptimization = GraphOptimizationLevel.ORT_DISABLE_ALL };

    public override string Name => "onnx-metadata";

    public override bool TakesAnyBytes => false;

    public override IReadOnlyList<byte[]> Seeds => field ??= [_spectrum, _streaming, _waveform];

    public override byte[] Mutate(Random random, byte[] seed) => OnnxBytes.AddMetadata(random, seed, seed == _waveform ? OutputKind.Waveform : OutputKind.Spectrum);

    public override void Run(byte[] input)
    {
        using OnnxDecoderModel model = OnnxDecoderModel.Load(input, "x.onnx", Options);
        ModelUse.Try(model.Info.Metadata);
    }
}
