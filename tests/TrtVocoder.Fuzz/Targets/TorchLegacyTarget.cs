using TrtVocoder.TestSupport;

namespace TrtVocoder.Fuzz.Targets;

/// <summary>Checkpoints in the form that <c>torch.save</c> wrote before PyTorch 1.6.</summary>
internal sealed class TorchLegacyTarget : TorchZipTarget
{
    public override string Name => "torch-legacy";

    protected override byte[] Write(TorchFileWriter writer) => writer.ToLegacy();

    protected override byte[] Finish(Random random, byte[] file) => random.Next(4) == 0 ? file[..^random.Next(Math.Min(file.Length, 5000))] : file;
}
