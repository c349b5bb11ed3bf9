using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Export.Tests.Checkpoints;

public sealed class VocosCheckpointTests
{
    [TestCase("tiny-center", 1024, 256, 100, 24000, StftPadding.Center, 64, 192, 2)]
    [TestCase("tiny-same", 1024, 256, 100, 24000, StftPadding.Same, 64, 192, 3)]
    [TestCase("tiny-80mel", 512, 128, 80, 16000, StftPadding.Center, 48, 96, 2)]
    public void Sizes_come_from_the_config(
        string name, int fftLength, int hopLength, int melCount, int sampleRate, StftPadding padding, int dim, int intermediateDim, int layers)
    {
        VocosCheckpoint checkpoint = VocosCheckpoint.Load(TestPaths.Data("golden", name));

        Assert.That(checkpoint.Config, Is.EqualTo(new VocosConfig
        {
            SampleRate = sampleRate,
            FftLength = fftLength,
            HopLength = hopLength,
            MelCount = melCount,
            Padding = padding,
            Dim = dim,
            IntermediateDim = intermediateDim,
            LayerCount = layers,
        }));
        Assert.That(checkpoint.Tensors, Has.Count.EqualTo(8 + (layers * 9)));
        Assert.That(checkpoint.Tensors["head.out.weight"].Shape, Is.EqualTo(new[] { fftLength + 2, dim }));
        Assert.That(checkpoint.Buffers, Has.Count.EqualTo(3));
        Assert.That(checkpoint.Warnings, Is.Empty);
        Assert.That(checkpoint.ModelHash, Does.Match("^[0-9a-f]{64}$"));
    }
}
