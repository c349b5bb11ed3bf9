using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.Dsp;

public sealed class MelSpectrogramTests
{
    [TestCase("speech.wav", "speech.center.floor1e-7.mel.npy", StftPadding.Center, 1e-7f)]
    [TestCase("speech.wav", "speech.same.floor1e-7.mel.npy", StftPadding.Same, 1e-7f)]
    [TestCase("speech.wav", "speech.f5tts.floor1e-5.mel.npy", StftPadding.Center, 1e-5f)]
    [TestCase("short700.wav", "short700.center.floor1e-7.mel.npy", StftPadding.Center, 1e-7f)]
    public void Mel_equals_torchaudios(string wav, string golden, StftPadding padding, float floor)
    {
        float[] audio = TestWav.ReadPcm16(TestPaths.Data("golden", "features", wav));
        (int[] shape, float[] expected) = NpyVectors.Read(TestPaths.Data("golden", "features", golden));
        using MelSpectrogram extractor = new(new StftParameters(1024, 256, padding), 24000, 100, floor);

        int frames = extractor.GetFrameCount(audio.Length);
        Assert.That(shape, Is.EqualTo(new[] { 1, 100, frames }));
        float[] mel = new float[100 * frames];
        extractor.Compute(audio, mel);

        double error = 0;
        int compared = 0;
        for (int i = 0; i < mel.Length; i++)
        {
            if (expected[i] < MathF.Log(floor) + 1)
                continue;
            compared++;
            error = Math.Max(error, Math.Abs(mel[i] - expected[i]));
        }
        TestContext.Out.WriteLine($"Maximum error {error:G3} of {compared} values.");
        Assert.That(compared, Is.GreaterThan(mel.Length / 2));
        Assert.That(error, Is.LessThanOrEqualTo(1e-3), "Maximum error.");
        Assert.That(mel.Min(), Is.GreaterThanOrEqualTo(MathF.Log(floor) - 1e-5f));
    }

    /// <summary>tests/data/forms/make_vectors.py; librosa's filters are those of Slaney's scale and norm.</summary>
    [TestCase("slaney22", 22050, 1024, 256, 80, 0f, 8000f, true, true)]
    [TestCase("slaney44", 44100, 2048, 512, 80, 0f, 8000f, true, true)]
    [TestCase("slaneyscale", 16000, 512, 128, 40, 60f, 7600f, true, false)]
    [TestCase("htknorm", 24000, 1024, 256, 100, 20f, null, false, true)]
    public void Mels_of_other_bands_equal_torchaudios(
        string name, int sampleRate, int fftLength, int hopLength, int bands, float lowest, float? highest, bool scale, bool norm)
    {
        float[] audio = FormulaWeights.Values(1001, 4096, 0, 0.8);
        (int[] shape, float[] expected) = NpyVectors.Read(TestPaths.Data("forms", name + ".mel.npy"));
        using MelSpectrogram extractor = new(
            new StftParameters(fftLength, hopLength, StftPadding.Center), sampleRate, bands, 1e-5f, lowest, highest, scale, norm);
        float[] mel = new float[bands * extractor.GetFrameCount(audio.Length)];
        extractor.Compute(audio, mel);
        Assert.That(shape, Is.EqualTo(new[] { bands, mel.Length / bands }));
        Assert.That(expected.Count(value => value > MathF.Log(1e-5f) + 1), Is.GreaterThan(mel.Length * 9 / 10));
        Assert.That(mel, Is.EqualTo(expected).Within(1e-4f));
    }

    [Test]
    public void An_upper_frequency_below_the_lower_one_is_refused() =>
        Assert.That(
            () => new MelSpectrogram(new StftParameters(1024, 256, StftPadding.Center), 24000, 100, 1e-7f, 4000, 4000),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("maxFrequency"));

    [Test]
    public void Silence_is_the_logarithm_of_the_floor()
    {
        (int[] shape, float[] expected) = NpyVectors.Read(TestPaths.Data("golden", "features", "silence.floor1e-5.mel.npy"));
        using MelSpectrogram extractor = new(new StftParameters(1024, 256, StftPadding.Center), 24000, 100, 1e-5f);
        float[] audio = new float[(shape[^1] - 1) * 256];
        float[] mel = new float[100 * extractor.GetFrameCount(audio.Length)];
        extractor.Compute(audio, mel);
        Assert.That(mel, Is.EqualTo(expected).Within(2e-6f));
    }

    [TestCase(StftPadding.Center, 513, 3)]
    [TestCase(StftPadding.Same, 385, 1)]
    public void The_shortest_signal_that_can_be_reflected_is_analysed_and_a_shorter_one_refused(StftPadding padding, int samples, int frames)
    {
        using MelSpectrogram extractor = new(new StftParameters(1024, 256, padding), 24000, 100, 1e-7f);
        Assert.That(extractor.MinSampleCount, Is.EqualTo(samples));
        Assert.That(extractor.GetFrameCount(samples), Is.EqualTo(frames));
        float[] mel = new float[100 * frames];
        extractor.Compute(new float[samples], mel);
        DataFormatException? exception = Assert.Throws<DataFormatException>(() => extractor.Compute(new float[samples - 1], mel));
        Assert.That(exception!.Message, Does.Contain($"{samples - 1} samples").And.Contain($"at least {samples}"));
    }

    [Test]
    public void A_tone_peaks_in_the_band_whose_centre_is_nearest()
    {
        // 80 bands up to 8 kHz: HTK band centres are evenly spaced in mel.
        using MelSpectrogram extractor = new(new StftParameters(400, 160, StftPadding.Center), 16000, 80, 1e-7f);
        float[] audio = [.. Enumerable.Range(0, 8000).Select(n => MathF.Sin(2 * MathF.PI * 2000 * n / 16000))];
        int frames = extractor.GetFrameCount(audio.Length);
        float[] mel = new float[80 * frames];
        extractor.Compute(audio, mel);
        int loudest = Enumerable.Range(0, 80).MaxBy(band => mel[(band * frames) + (frames / 2)]);
        double centre = 2595 * Math.Log10(1 + (2000 / 700.0)) / (2595 * Math.Log10(1 + (8000 / 700.0))) * 81;
        Assert.That(loudest, Is.EqualTo((int)Math.Round(centre) - 1));
    }

    [Test]
    public void Nothing_is_allocated_after_the_first_call()
    {
        using MelSpectrogram extractor = new(new StftParameters(1024, 256, StftPadding.Center), 24000, 100, 1e-7f);
        float[] audio = new float[12000];
        float[] mel = new float[100 * extractor.GetFrameCount(audio.Length)];
        extractor.Compute(audio, mel);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            extractor.Compute(audio, mel);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }
}
