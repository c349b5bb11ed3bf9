using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.Dsp;

public sealed class InverseStftTests
{
    // Other threads of the test host allocate now and then; one allocation in each call would be more.
    private const long AllocationNoise = 1000;

    private static IEnumerable<TestCaseData> GoldenVectors() =>
        from path in Directory.EnumerateFiles(TestPaths.Data("golden", "istft"), "*.re.npy")
        let name = Path.GetFileName(path)[..^".re.npy".Length]
        from padding in new[] { StftPadding.Center, StftPadding.Same }
        where File.Exists(GoldenAudio(name, padding))
        from layout in Enum.GetValues<SpectrumLayout>()
        orderby name, padding, layout
        select new TestCaseData(name, padding, layout);

    [TestCaseSource(nameof(GoldenVectors))]
    public void Samples_equal_upstreams(string name, StftPadding padding, SpectrumLayout layout)
    {
        int[] sizes = [.. name[1..].Split('h', 'T').Select(int.Parse)];
        StftParameters parameters = new(sizes[0], sizes[1], padding);
        TestSpectrum spectrum = TestSpectrum.FromBinsMajor(
            NpyVectors.ReadValues(TestPaths.Data("golden", "istft", name + ".re.npy")),
            NpyVectors.ReadValues(TestPaths.Data("golden", "istft", name + ".im.npy")),
            parameters.BinCount);
        float[] expected = NpyVectors.ReadValues(GoldenAudio(name, padding));

        float[] audio = Inverse(parameters, spectrum, layout);

        Assert.That(audio, Has.Length.EqualTo(expected.Length));
        float fullScale = expected.Max(MathF.Abs);
        TestContext.Out.WriteLine($"Maximum error {Differences.Largest(audio, expected) / fullScale:E2} of full scale.");
        Assert.That(Differences.Largest(audio, expected), Is.LessThanOrEqualTo(2e-6 * fullScale), "Maximum error.");
    }

    [Test]
    public void Golden_vectors_are_there() => Assert.That(GoldenVectors().Count(), Is.GreaterThanOrEqualTo(24));

    [Test]
    public void A_decode_in_pieces_equals_the_whole() => Check.QuickThrowOnFailure(Prop.ForAll(Cases, test =>
    {
        TestSpectrum spectrum = TestSpectrum.Random(test.Parameters.BinCount, test.Frames, test.Seed);
        float[] whole = Inverse(test.Parameters, spectrum, SpectrumLayout.FrameMajor);

        // What is in the span before must not matter.
        float[] pieces = new float[whole.Length];
        Array.Fill(pieces, float.NaN);
        Random random = new(test.Seed);
        using InverseStft stft = new(test.Parameters);
        for (int first = 0; first < test.Frames;)
        {
            int count = Math.Min(test.Frames - first, random.Next(0, 40));
            SpectrumLayout layout = random.Next(2) == 0 ? SpectrumLayout.BinsMajor : SpectrumLayout.FrameMajor;
            stft.Accumulate(spectrum.View(layout).Slice(first, count), first, test.Frames, pieces);
            first += count;
            AssertFinishedSamplesAreFinal(test.Parameters, first, test.Frames, pieces, whole);
        }
        Assert.That(Differences.Largest(pieces, whole), Is.LessThanOrEqualTo(1e-6 * Peak(whole)), test.ToString());
    }));

    [Test]
    public void Both_layouts_give_the_same_samples() => Check.QuickThrowOnFailure(Prop.ForAll(Cases, test =>
    {
        TestSpectrum spectrum = TestSpectrum.Random(test.Parameters.BinCount, test.Frames, test.Seed);
        Assert.That(
            Inverse(test.Parameters, spectrum, SpectrumLayout.BinsMajor),
            Is.EqualTo(Inverse(test.Parameters, spectrum, SpectrumLayout.FrameMajor)),
            test.ToString());
    }));

    [Test]
    public void Samples_equal_the_definition() => Check.QuickThrowOnFailure(Prop.ForAll(Cases, test =>
    {
        TestSpectrum spectrum = TestSpectrum.Random(test.Parameters.BinCount, test.Frames, test.Seed);
        double[] expected = Definition(test.Parameters, spectrum);
        float[] audio = Inverse(test.Parameters, spectrum, SpectrumLayout.BinsMajor);
        Assert.That(Differences.Largest(audio, expected), Is.LessThanOrEqualTo(2e-6 * expected.Select(Math.Abs).DefaultIfEmpty().Max()), test.ToString());
    }));

    [TestCase(StftPadding.Center, 0, 0)]
    [TestCase(StftPadding.Center, 1, 0)]
    [TestCase(StftPadding.Center, 2, 256)]
    [TestCase(StftPadding.Same, 0, 0)]
    [TestCase(StftPadding.Same, 1, 256)]
    public void Few_frames_give_the_samples_that_the_padding_leaves(StftPadding padding, int frames, int samples)
    {
        StftParameters parameters = new(1024, 256, padding);
        float[] audio = Inverse(parameters, TestSpectrum.Random(parameters.BinCount, frames, 1), SpectrumLayout.FrameMajor);
        Assert.That(audio, Has.Length.EqualTo(samples));
        Assert.That(audio, Has.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void Windows_that_leave_samples_uncovered_are_refused_by_name()
    {
        DataFormatException? exception = Assert.Throws<DataFormatException>(() => new InverseStft(new StftParameters(512, 512, StftPadding.Center)).Dispose());
        Assert.That(exception!.Message, Does.Contain("n_fft 512").And.Contain("hop 512"));
    }

    [Test]
    public void Wrong_sizes_are_argument_errors()
    {
        using InverseStft stft = new(new StftParameters(64, 16, StftPadding.Center));
        float[] values = new float[33 * 4];
        float[] audio = new float[3 * 16];
        Assert.Multiple(() =>
        {
            Assert.Throws<ArgumentException>(() => stft.Inverse(new Spectrum(values.AsSpan(0, 32 * 4), values.AsSpan(0, 32 * 4), SpectrumLayout.FrameMajor, 32, 4), audio));
            Assert.Throws<ArgumentException>(() => stft.Inverse(new Spectrum(values, values, SpectrumLayout.FrameMajor, 33, 4), audio.AsSpan(1)));
            Assert.Throws<ArgumentOutOfRangeException>(() => stft.Accumulate(new Spectrum(values, values, SpectrumLayout.FrameMajor, 33, 4), 1, 4, audio));
        });
        stft.Dispose();
        Assert.Throws<ObjectDisposedException>(() => stft.Inverse(new Spectrum(values, values, SpectrumLayout.FrameMajor, 33, 4), audio));
    }

    [TestCase(SpectrumLayout.FrameMajor)]
    [TestCase(SpectrumLayout.BinsMajor)]
    public void Nothing_is_allocated_after_the_first_call(SpectrumLayout layout)
    {
        StftParameters parameters = new(1024, 256, StftPadding.Center);
        TestSpectrum spectrum = TestSpectrum.Random(parameters.BinCount, 50, 1);
        float[] audio = new float[parameters.GetSampleCount(50)];
        using InverseStft stft = new(parameters);
        stft.Inverse(spectrum.View(layout), audio);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            stft.Inverse(spectrum.View(layout), audio);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [TestCase(2, 0)]
    [TestCase(3, 0)]
    [TestCase(2, 301)]
    [TestCase(4, 17)]
    public void Several_threads_give_the_samples_of_one_and_allocate_nothing(int threads, int firstPiece)
    {
        const int Frames = 1025;
        StftParameters parameters = new(64, 12, StftPadding.Same);
        TestSpectrum spectrum = TestSpectrum.Random(parameters.BinCount, Frames, 1);
        using InverseStft one = new(parameters);
        using InverseStft many = new(parameters, threads);
        float[] expected = new float[parameters.GetSampleCount(Frames)];
        float[] actual = new float[expected.Length];
        Decode(one, expected);
        Decode(many, actual);
        Assert.That(actual, Is.EqualTo(expected));

        Decode(many, actual);
        long allocated = Allocations.OfAllThreads(() =>
        {
            for (int i = 0; i < 100; i++)
                Decode(many, actual);
        });
        Assert.That(allocated, Is.LessThan(AllocationNoise), "Bytes allocated by all threads.");
        Assert.That(actual, Is.EqualTo(expected));

        void Decode(InverseStft stft, float[] audio)
        {
            Spectrum view = spectrum.View(SpectrumLayout.BinsMajor);
            stft.Accumulate(view.Slice(0, firstPiece), 0, Frames, audio);
            stft.Accumulate(view.Slice(firstPiece, Frames - firstPiece), firstPiece, Frames, audio);
        }
    }

    [Test]
    public void Threads_that_get_no_core_make_no_difference()
    {
        // Far more threads than cores: some helpers have not begun when their callers are done, and lose their ranges to them.
        const int Frames = 30_001;
        StftParameters parameters = new(64, 16, StftPadding.Center);
        TestSpectrum spectrum = TestSpectrum.Random(parameters.BinCount, Frames, 1);
        float[] expected = Inverse(parameters, spectrum, SpectrumLayout.FrameMajor);
        Thread[] callers = new Thread[8];
        int wrong = 0;
        for (int i = 0; i < callers.Length; i++)
        {
            callers[i] = new Thread(() =>
            {
                using InverseStft stft = new(parameters, maxThreads: 3);
                float[] audio = new float[expected.Length];
                for (int round = 0; round < 50; round++)
                {
                    Array.Fill(audio, float.NaN);
                    stft.Inverse(spectrum.View(SpectrumLayout.FrameMajor), audio);
                    if (!audio.AsSpan().SequenceEqual(expected))
                        Interlocked.Increment(ref wrong);
                }
            });
            callers[i].Start();
        }
        foreach (Thread caller in callers)
            caller.Join();

        Assert.That(wrong, Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_call_that_was_expected_gives_the_same_samples_and_one_that_never_comes_costs_nothing_for_long(bool comes)
    {
        const int Frames = 200;
        StftParameters parameters = new(64, 16, StftPadding.Center);
        TestSpectrum spectrum = TestSpectrum.Random(parameters.BinCount, Frames, 1);
        float[] expected = Inverse(parameters, spectrum, SpectrumLayout.BinsMajor);
        float[] actual = new float[expected.Length];
        SpinBudget budget = new(2);
        using InverseStft stft = new(parameters, maxThreads: 3) { HasCoresToSpare = true, Threads = new HelperThreads(budget) };
        for (int round = 0; round < 200; round++)
        {
            stft.Expect(Frames);
            if (!comes)
                continue;
            Array.Fill(actual, float.NaN);
            stft.Inverse(spectrum.View(SpectrumLayout.BinsMajor), actual);
            Assert.That(actual, Is.EqualTo(expected), $"round {round}");
        }
        Assert.That(() => budget.Awake, Is.Zero.After(10_000, 1), "threads that are awake for nothing");
    }

    [Test]
    public void Many_threads_may_plan_at_once()
    {
        // Sizes that no other test plans, each by two threads.
        TestSpectrum[] spectra = [.. Enumerable.Range(0, 8).Select(i => TestSpectrum.Random(((640 + (2 * i)) / 2) + 1, 9, i))];
        float[][] results = new float[32][];
        Parallel.For(0, results.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            results[i] = Inverse(new StftParameters(640 + (2 * (i % 8)), 160, StftPadding.Center), spectra[i % 8], SpectrumLayout.FrameMajor));
        for (int i = 8; i < results.Length; i++)
            Assert.That(results[i], Is.EqualTo(results[i % 8]));
    }

    private static Arbitrary<StftCase> Cases => StftCase.Arbitrary;

    private static string GoldenAudio(string name, StftPadding padding) =>
#pragma warning disable CA1308 // The files' names are in lower case.
        TestPaths.Data("golden", "istft", $"{name}.{padding.ToString().ToLowerInvariant()}.npy");
#pragma warning restore CA1308

    private static float[] Inverse(StftParameters parameters, TestSpectrum spectrum, SpectrumLayout layout)
    {
        float[] audio = new float[parameters.GetSampleCount(spectrum.Frames)];
        Array.Fill(audio, float.NaN);
        using InverseStft stft = new(parameters);
        stft.Inverse(spectrum.View(layout), audio);
        return audio;
    }

    private static void AssertFinishedSamplesAreFinal(StftParameters parameters, int frames, int totalFrames, float[] pieces, float[] whole)
    {
        int finished = frames == totalFrames ? whole.Length : Math.Clamp((frames * parameters.HopLength) - parameters.TrimLength, 0, whole.Length);
        Assert.That(Differences.Largest(pieces.AsSpan(0, finished), whole.AsSpan(0, finished)), Is.LessThanOrEqualTo(1e-6 * Peak(whole)), $"After {frames} of {totalFrames} frames.");
    }

    private static double[] Definition(StftParameters parameters, TestSpectrum spectrum)
    {
        (int length, int hop) = (parameters.FftLength, parameters.HopLength);
        double[] window = [.. Enumerable.Range(0, length).Select(n => 0.5 - (0.5 * Math.Cos(2 * Math.PI * n / length)))];
        double[] sum = new double[(Math.Max(0, spectrum.Frames - 1) * hop) + length];
        double[] envelope = new double[sum.Length];
        for (int frame = 0; frame < spectrum.Frames; frame++)
        {
            for (int n = 0; n < length; n++)
            {
                double y = 0;
                for (int k = 0; k <= length / 2; k++)
                {
                    (float re, float im) = spectrum[frame, k];
                    bool edge = k == 0 || k == length / 2;
                    double angle = 2 * Math.PI * ((long)k * n % length) / length;
                    y += (edge ? 1 : 2) * ((re * Math.Cos(angle)) - (edge ? 0 : im * Math.Sin(angle)));
                }
                sum[(frame * hop) + n] += window[n] * y / length;
                envelope[(frame * hop) + n] += window[n] * window[n];
            }
        }
        return [.. Enumerable.Range(parameters.TrimLength, parameters.GetSampleCount(spectrum.Frames)).Select(p => sum[p] / envelope[p])];
    }

    private static float Peak(float[] values) => values.Length == 0 ? 0 : values.Max(MathF.Abs);
}
