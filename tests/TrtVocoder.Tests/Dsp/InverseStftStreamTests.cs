using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.Dsp;

public sealed class InverseStftStreamTests
{
    // Frames are transformed in pairs, and a piece that ends between two of them transforms one alone: its samples may differ in their last
    // bit. Where every piece is one frame all may, and a last bit of 24 is 20 log10(2^24) = 144.5 dB down (147.0 has been seen).
    private const double LeastDb = 144.5;

    [Test]
    public void Frames_in_any_pieces_give_the_samples_of_the_whole()
    {
        double worst = double.PositiveInfinity;
        Check.QuickThrowOnFailure(Prop.ForAll(StftCase.Arbitrary, test =>
        {
            TestSpectrum spectrum = TestSpectrum.Random(test.Parameters.BinCount, test.Frames, test.Seed);
            float[] whole = new float[test.Parameters.GetSampleCount(test.Frames)];
            using InverseStft inverse = new(test.Parameters);
            inverse.Inverse(spectrum.View(SpectrumLayout.FrameMajor), whole);
            using InverseStftStream stream = new(test.Parameters);
            Random random = new(test.Seed);
            for (int utterance = 0; utterance < 2; utterance++)
            {
                float[] audio = PushAll(stream, spectrum, random);
                Assert.That(audio, Has.Length.EqualTo(whole.Length), test.ToString());
                double decibels = Differences.SignalToNoiseDb(audio, whole);
                worst = Math.Min(worst, decibels);
                Assert.That(decibels, Is.GreaterThanOrEqualTo(LeastDb), test.ToString());
                stream.Reset();
            }
        }));
        TestContext.Out.WriteLine($"Least: {worst:F1} dB");
    }

    [TestCase(StftPadding.Center)]
    [TestCase(StftPadding.Same)]
    public void Even_pieces_give_the_samples_of_the_whole_bit_for_bit(StftPadding padding)
    {
        StftParameters parameters = new(1024, 256, padding);
        TestSpectrum spectrum = TestSpectrum.Random(parameters.BinCount, 301, 5);
        float[] whole = new float[parameters.GetSampleCount(301)];
        using InverseStft inverse = new(parameters);
        inverse.Inverse(spectrum.View(SpectrumLayout.FrameMajor), whole);
        using InverseStftStream stream = new(parameters);
        List<float> audio = [];
        for (int first = 0; first < 301; first += 50)
            Push(stream, spectrum.View(SpectrumLayout.BinsMajor).Slice(first, Math.Min(50, 301 - first)), audio);
        Complete(stream, audio);
        Assert.That(audio, Is.EqualTo(whole));
    }

    [TestCase(StftPadding.Center, 2, 0)]
    [TestCase(StftPadding.Center, 3, 256)]
    [TestCase(StftPadding.Same, 1, 0)]
    [TestCase(StftPadding.Same, 2, 128)]
    public void The_first_frames_finish_what_no_later_one_touches(StftPadding padding, int frames, int samples)
    {
        StftParameters parameters = new(1024, 256, padding);
        using InverseStftStream stream = new(parameters);
        List<float> audio = [];
        Push(stream, TestSpectrum.Random(parameters.BinCount, frames, 1).View(SpectrumLayout.FrameMajor), audio);
        Assert.That((audio.Count, stream.FrameCount), Is.EqualTo((samples, (long)frames)));
    }

    [Test]
    public void After_the_end_only_Reset_goes_on()
    {
        using InverseStftStream stream = new(new StftParameters(64, 16, StftPadding.Same));
        TestSpectrum spectrum = TestSpectrum.Random(33, 2, 1);
        List<float> audio = [];
        Push(stream, spectrum.View(SpectrumLayout.FrameMajor), audio);
        Complete(stream, audio);
        Assert.Multiple(() =>
        {
            Assert.That(stream.Complete([]), Is.Zero);
            Assert.Throws<InvalidOperationException>(() => stream.Push(spectrum.View(SpectrumLayout.FrameMajor), new float[100]));
        });
        stream.Reset();
        Assert.DoesNotThrow(() => stream.Push(spectrum.View(SpectrumLayout.FrameMajor), new float[100]));
    }

    [Test]
    public void Wrong_sizes_are_argument_errors_and_change_nothing()
    {
        using InverseStftStream stream = new(new StftParameters(64, 16, StftPadding.Center));
        TestSpectrum spectrum = TestSpectrum.Random(33, 9, 1);
        TestSpectrum other = TestSpectrum.Random(17, 9, 1);
        Assert.Multiple(() =>
        {
            Assert.Throws<ArgumentException>(() => stream.Push(other.View(SpectrumLayout.FrameMajor), new float[500]));
            Assert.Throws<ArgumentException>(() => stream.Push(spectrum.View(SpectrumLayout.FrameMajor), new float[stream.GetSampleCount(9) - 1]));
            Assert.That(stream.FrameCount, Is.Zero);
        });
        stream.Push(spectrum.View(SpectrumLayout.FrameMajor), new float[500]);
        Assert.Throws<ArgumentException>(() => stream.Complete(new float[stream.RemainingSamples - 1]));
        stream.Dispose();
        Assert.Throws<ObjectDisposedException>(() => stream.Complete(new float[500]));
    }

    [Test]
    public void Nothing_is_allocated_from_the_first_push_on()
    {
        StftParameters parameters = new(1024, 256, StftPadding.Center);
        TestSpectrum spectrum = TestSpectrum.Random(parameters.BinCount, 50, 1);
        float[] audio = new float[64 * 256];
        using InverseStftStream stream = new(parameters);
        stream.Push(spectrum.View(SpectrumLayout.BinsMajor), audio);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            stream.Push(spectrum.View(SpectrumLayout.BinsMajor).Slice(i, 7), audio);
        stream.Complete(audio);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static float[] PushAll(InverseStftStream stream, TestSpectrum spectrum, Random random)
    {
        List<float> audio = [];
        for (int first = 0; first < spectrum.Frames;)
        {
            int count = Math.Min(spectrum.Frames - first, random.Next(0, 80));
            SpectrumLayout layout = random.Next(2) == 0 ? SpectrumLayout.BinsMajor : SpectrumLayout.FrameMajor;
            Push(stream, spectrum.View(layout).Slice(first, count), audio);
            first += count;
        }
        Complete(stream, audio);
        return [.. audio];
    }

    private static void Push(InverseStftStream stream, in Spectrum frames, List<float> audio)
    {
        float[] samples = new float[stream.GetSampleCount(frames.FrameCount)];
        Assert.That(stream.Push(frames, samples), Is.EqualTo(samples.Length));
        audio.AddRange(samples);
    }

    private static void Complete(InverseStftStream stream, List<float> audio)
    {
        float[] samples = new float[stream.RemainingSamples];
        Assert.That(stream.Complete(samples), Is.EqualTo(samples.Length));
        audio.AddRange(samples);
    }
}
