using TrtVocoder.Dsp;

namespace TrtVocoder.Tests.Dsp;

public sealed class MelRangeTests
{
    [TestCase(new[] { -80f, -40, 0 }, "decibels")]
    [TestCase(new[] { -20f, 3, 40 }, "decibels")]
    [TestCase(new[] { 0f, 0.3f, 0.98f }, "normalised to 0 … 1")]
    [TestCase(new[] { 0f, 3, 9 }, "linear amplitudes")]
    [TestCase(new[] { 0f, 300, 9000 }, "linear amplitudes or powers")]
    [TestCase(new[] { -1f, 0.2f, 1 }, "normalised to −1 … 1")]
    [TestCase(new[] { -5f, -5, -2.5f, 1.2f }, "base of 10")]
    public void Mels_of_another_scale_are_told(float[] mel, string expected) => Assert.That(MelRange.Describe(mel), Does.Contain(expected));

    [TestCase(new float[0])]
    [TestCase(new[] { -11.5129f, -11.5129f, -4, 2.1f })]
    [TestCase(new[] { -16.118f, -7, 3.9f })]
    [TestCase(new[] { -5.2f, -3, 4 })]
    [TestCase(new[] { -16.118f, -16.118f })]
    public void Natural_logarithms_are_not(float[] mel) => Assert.That(MelRange.Describe(mel), Is.Null);

    [Test]
    public void Nor_are_those_that_this_library_makes()
    {
        using MelSpectrogram spectrogram = new(new StftParameters(1024, 256, StftPadding.Center), 24000, 100, 1e-5f);
        float[] samples = [.. Enumerable.Range(0, 24000).Select(i => i < 12000 ? 0 : MathF.Sin(0.06f * i))];
        float[] mel = new float[100 * spectrogram.GetFrameCount(samples.Length)];
        spectrogram.Compute(samples, mel);
        Assert.That(MelRange.Describe(mel), Is.Null);
    }
}
