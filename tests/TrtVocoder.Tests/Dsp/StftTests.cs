using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.Dsp;

public sealed class StftTests
{
    [Test]
    public void The_inverse_restores_the_signal() => Check.QuickThrowOnFailure(Prop.ForAll(StftCase.Arbitrary, test =>
    {
        using Stft stft = new(test.Parameters);
        using InverseStft inverse = new(test.Parameters);
        Random random = new(test.Seed);
        float[] audio = [.. Enumerable.Range(0, stft.MinSampleCount + (test.Frames * test.Parameters.HopLength)).Select(_ => (random.NextSingle() * 2) - 1)];
        int frames = stft.GetFrameCount(audio.Length);
        float[] real = new float[frames * test.Parameters.BinCount];
        float[] imag = new float[real.Length];
        stft.Transform(audio, real, imag);

        float[] restored = new float[test.Parameters.GetSampleCount(frames)];
        inverse.Inverse(new Spectrum(real, imag, SpectrumLayout.FrameMajor, test.Parameters.BinCount, frames), restored);

        Assert.That(restored, Has.Length.LessThanOrEqualTo(audio.Length).And.Length.GreaterThan(audio.Length - test.Parameters.HopLength));
        Assert.That(Differences.Largest(restored, audio.AsSpan(0, restored.Length)), Is.LessThanOrEqualTo(Tolerance(test.Parameters)), test.ToString());
    }));

    [Test]
    public void A_cosine_lies_in_its_bin()
    {
        StftParameters parameters = new(64, 16, StftPadding.Center);
        using Stft stft = new(parameters);
        float[] audio = [.. Enumerable.Range(0, 320).Select(n => MathF.Cos(2 * MathF.PI * 8 * n / 64))];
        int frames = stft.GetFrameCount(audio.Length);
        float[] real = new float[frames * 33];
        float[] imag = new float[real.Length];
        stft.Transform(audio, real, imag);

        // Frame 10 starts at sample 128, a whole number of periods in: the Hann window's sum is 32, half of it in a cosine's bin.
        Assert.That(frames, Is.EqualTo(21));
        Assert.That(real[(10 * 33) + 8], Is.EqualTo(16).Within(1e-4));
        Assert.That(real[(10 * 33) + 7], Is.EqualTo(-8).Within(1e-4));
        Assert.That(imag[(10 * 33) + 8], Is.Zero.Within(1e-4));
    }

    // Near the ends of a `same` decode the envelope is small where windows barely overlap, and rounding grows with its reciprocal's root.
    private static double Tolerance(StftParameters parameters)
    {
        double edge = Math.Sin(Math.PI * Math.Max(1, parameters.TrimLength) / parameters.FftLength);
        return 2e-6 / Math.Min(1, edge * edge);
    }
}
