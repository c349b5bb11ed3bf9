using TrtVocoder.Internal;

namespace TrtVocoder.Tests.Internal;

/// <summary>Samples of 16 bits are rounded and clipped.</summary>
public class Pcm16Tests
{
    [TestCase(0f, 0)]
    [TestCase(1f, 32767)]
    [TestCase(-1f, -32768)]
    [TestCase(1e30f, 32767)]
    [TestCase(-7f, -32768)]
    [TestCase(0.5f / 32768, 0)]
    [TestCase(1.5f / 32768, 2)]
    [TestCase(-1.5f / 32768, -2)]
    [TestCase(0.25f, 8192)]
    public void A_sample_is_rounded_to_even_and_clipped_at_every_place(float sample, int expected)
    {
        for (int length = 1; length < 20; length++)
        {
            short[] pcm = new short[length + 1];
            Pcm16.Convert([.. Enumerable.Repeat(sample, length)], pcm);
            Assert.That(pcm, Is.EqualTo(Enumerable.Repeat((short)expected, length).Append((short)0)));
        }
    }

    [Test]
    public void Many_samples_are_what_each_is_alone()
    {
        Random random = new(1);
        float[] samples = [.. Enumerable.Range(0, 4099).Select(_ => (float)((random.NextDouble() * 2.4) - 1.2))];
        short[] pcm = new short[samples.Length];
        Pcm16.Convert(samples, pcm);
        Assert.That(pcm, Is.EqualTo(samples.Select(Round)));
    }

    /// <summary>The definition.</summary>
    internal static short Round(float sample) => (short)Math.Clamp(Math.Round(sample * 32768.0), short.MinValue, short.MaxValue);
}
