namespace TrtVocoder.Files.Tests;

public class ResamplerTests
{
    private static float[] Sine(double hertz, int rate, int length) =>
        [.. Enumerable.Range(0, length).Select(i => (float)(0.5 * Math.Sin(2 * Math.PI * hertz * i / rate)))];

    [TestCase(44100, 24000)]
    [TestCase(48000, 24000)]
    [TestCase(16000, 24000)]
    [TestCase(8000, 24000)]
    [TestCase(22050, 24000)]
    [TestCase(96000, 44100)]
    public void A_sine_keeps_its_frequency_phase_and_level(int from, int to)
    {
        float[] resampled = Resampler.Resample(Sine(1000, from, from), from, to);
        float[] expected = Sine(1000, to, to);
        Assert.That(resampled, Has.Length.EqualTo(to));
        // The filter rings where the sine begins and ends abruptly.
        float worst = Enumerable.Range(to / 10, to * 8 / 10).Max(i => Math.Abs(resampled[i] - expected[i]));
        Assert.That(worst, Is.LessThan(2e-5f), $"max error {worst}");
    }

    [Test]
    public void What_the_lower_rate_cannot_hold_is_removed()
    {
        float[] resampled = Resampler.Resample(Sine(15000, 48000, 48000), 48000, 24000);
        float worst = resampled.Skip(2400).Take(19200).Max(Math.Abs);
        Assert.That(worst, Is.LessThan(1e-5f), $"largest alias {worst}");
    }

    [Test]
    public void Equal_rates_need_no_library_and_copy_nothing()
    {
        float[] samples = [1, 2, 3];
        Assert.That(Resampler.Resample(samples, 24000, 24000), Is.SameAs(samples));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(1001)]
    public void The_length_is_rounded_up(int length) =>
        Assert.That(Resampler.Resample(new float[length], 44100, 24000), Has.Length.EqualTo((int)Math.Ceiling(length * 24000 / 44100.0)));
}
