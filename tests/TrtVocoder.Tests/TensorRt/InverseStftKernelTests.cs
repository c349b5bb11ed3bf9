using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>
/// The inverse STFT behind the network: the kernel's host build, which the simulated driver runs, against FFTW, alone and as part of a session.
/// </summary>
public class InverseStftKernelTests : SimulatedGpu
{
    private static readonly int[] FftLengths = [128, 150, 160, 192, 240, 250, 256, 400, 512, 600, 640, 800, 1024, 1200, 1280, 2048, 2916, 4096];

    private static IEnumerable<TestCaseData> Transforms =>
        from length in FftLengths
        from divisor in (int[])[2, 3, 4, 8]
        let hop = length / divisor / 2 * 2
        from padding in (StftPadding[])[StftPadding.Center, StftPadding.Same]
        select new TestCaseData(length, hop, padding);

    [TestCaseSource(nameof(Transforms))]
    public void The_kernel_makes_the_samples_that_FFTW_makes(int fftLength, int hop, StftPadding padding)
    {
        StftParameters stft = new(fftLength, hop, padding);
        Random random = new((fftLength * 31) + hop);
        foreach (SpectrumLayout layout in Enum.GetValues<SpectrumLayout>())
        {
            (int batch, int frames) = (random.Next(1, 4), random.Next(2, 40));
            float[] real = Values(random, batch * stft.BinCount * frames), imag = Values(random, real.Length);
            Assert.That(
                Decibels(RunKernel(stft, layout, SpectrumForm.RealImaginary, batch, frames, real, imag), RunFftw(stft, layout, batch, frames, real, imag)),
                Is.GreaterThan(120), $"{layout}, {batch} × {frames} frames");
        }
    }

    [TestCase(SpectrumLayout.BinsMajor)]
    [TestCase(SpectrumLayout.FrameMajor)]
    public void Magnitude_cosine_and_sine_make_the_samples_of_real_and_imaginary_parts(SpectrumLayout layout)
    {
        StftParameters stft = new(1024, 256, StftPadding.Center);
        Random random = new(1);
        const int Frames = 21;
        float[] magnitude = [.. Values(random, stft.BinCount * Frames).Select(MathF.Abs)], phase = Values(random, magnitude.Length);
        float[] cos = [.. phase.Select(MathF.Cos)], sin = [.. phase.Select(MathF.Sin)];
        float[] real = [.. magnitude.Zip(cos, (m, c) => m * c)], imag = [.. magnitude.Zip(sin, (m, s) => m * s)];
        float[] samples = RunKernel(stft, layout, SpectrumForm.MagnitudeCosineSine, 1, Frames, magnitude, cos, sin);
        Assert.That(Decibels(samples, RunFftw(stft, layout, 1, Frames, real, imag)), Is.GreaterThan(120));
    }

    [Test]
    public void Any_length_from_one_frame_on_is_made_like_by_FFTW([Values] StftPadding padding)
    {
        StftParameters stft = new(256, 64, padding);
        Random random = new(2);
        for (int frames = 1; frames < 20; frames++)
        {
            float[] real = Values(random, stft.BinCount * frames), imag = Values(random, real.Length);
            float[] expected = RunFftw(stft, SpectrumLayout.FrameMajor, 1, frames, real, imag);
            float[] actual = RunKernel(stft, SpectrumLayout.FrameMajor, SpectrumForm.RealImaginary, 1, frames, real, imag);
            Assert.That(actual, Has.Length.EqualTo(expected.Length));
            if (expected.Length > 0)
                Assert.That(Decibels(actual, expected), Is.GreaterThan(120), $"{frames} frames");
        }
    }

    [TestCase(1022, "n_fft of factors 2, 3 and 5")]
    [TestCase(8192, "from 128 to 4096")]
    [TestCase(64, "from 128 to 4096")]
    public void An_n_fft_that_the_kernel_does_not_take_is_named(int fftLength, string words)
    {
        StftParameters stft = new(fftLength, fftLength / 2, StftPadding.Center);
        Assert.That(InverseStftKernel.WhyNot(CudaDevice.Get(), stft, SpectrumForm.RealImaginary), Does.Contain(words));
    }

    [TestCase("tiny-center")]
    [TestCase("tiny-same")]
    public void A_session_makes_on_the_GPU_what_the_host_makes(string model)
    {
        string engine = TestEngines.Engine(model);
        foreach (int frames in (int[])[2, 27, 64, 200])
            Assert.That(
                Decibels(Decode(engine, frames, InverseStftPlace.Gpu), Decode(engine, frames, InverseStftPlace.Host)), Is.GreaterThan(120), $"{frames} frames");
    }

    [Test]
    public void Samples_are_written_to_the_host_and_nothing_is_copied([Values] bool isProfiled)
    {
        using Vocoder vocoder = Load(TestEngines.Engine(), InverseStftPlace.Auto, WindowPolicy.Off);
        DecodeProfiler? profiler = isProfiled ? new DecodeProfiler() : null;
        using VocoderSession session = vocoder.CreateSession(profiler);
        session.WarmUp(40);
        (long launches, long kernels, long copies) = (Simulator.Calls("cuGraphLaunch"), Simulator.Calls("cuLaunchKernel"), Simulator.Count("device_to_host_bytes"));
        float[] audio = new float[vocoder.GetSampleCount(40)];
        session.Decode(Mel(40, 1), 40, audio);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(vocoder.Info.Signal, Is.EqualTo(OutputKind.Waveform));
            Assert.That(vocoder.Metadata.Signal, Is.EqualTo(OutputKind.Spectrum));
            Assert.That(Simulator.Calls("cuGraphLaunch"), Is.EqualTo(launches + 1), "one graph: copies, network and inverse STFT");
            Assert.That(Simulator.Calls("cuLaunchKernel"), Is.EqualTo(kernels), "the kernel stands in the graph");
            Assert.That(Simulator.Count("device_to_host_bytes"), Is.EqualTo(copies), "the kernel writes to the host's memory");
            if (profiler is not null)
                Assert.That((profiler.Last.Network.InverseStftMs > 0, profiler.Last.InverseStftMs > 0), Is.EqualTo((true, true)));
        }
    }

    [Test]
    public void Windows_equal_the_whole_decode()
    {
        string engine = TestEngines.Engine();
        using Vocoder vocoder = Load(engine, InverseStftPlace.Gpu, WindowPolicy.Of(40, 56, 64));
        using VocoderSession session = vocoder.CreateSession();
        session.WarmUp();
        using InverseStft inverse = new(vocoder.Metadata.Stft);
        using IDecoder whole = vocoder.Model.CreateDecoder();
        for (int frames = 41; frames <= 64; frames++)
        {
            float[] mel = Mel(frames, 1), audio = new float[vocoder.GetSampleCount(frames)], expected = new float[audio.Length];
            session.Decode(mel, frames, audio);
            mel.CopyTo(whole.BeginInput(1, frames));
            inverse.Inverse(whole.Run().GetSpectrum(0), expected);
            Assert.That(Decibels(audio, expected), Is.GreaterThan(120), $"{frames} frames");
        }
    }

    [Test]
    public void A_batch_is_each_of_its_items([Values] BufferMode buffers)
    {
        using Vocoder vocoder = new(TrtDecoderModel.Load(TestEngines.Engine(), new TrtDecoderOptions { Buffers = buffers }));
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mel(30, 3), all = new float[3 * vocoder.GetSampleCount(30)], one = new float[vocoder.GetSampleCount(30)];
        session.DecodeBatch(mel, 3, 30, all);
        for (int item = 0; item < 3; item++)
        {
            session.Decode(mel.AsSpan(item * 3000, 3000), 30, one);
            Assert.That(Decibels(all.AsSpan(item * one.Length, one.Length), one), Is.GreaterThan(110), $"item {item}");
        }
    }

    [Test]
    public void An_engine_of_FP16_spectra_is_read_by_the_kernel()
    {
        string engine = TestEngines.HalfEngine("tiny-center");
        Assert.That(Decibels(Decode(engine, 50, InverseStftPlace.Gpu), Decode(engine, 50, InverseStftPlace.Host)), Is.GreaterThan(120));
    }

    [Test]
    public void Planes_of_several_types_are_left_to_the_host()
    {
        string engine = TestEngines.HalfEngine("tiny-center", halfOutputs: 1);
        using Vocoder vocoder = Load(engine, InverseStftPlace.Auto, WindowPolicy.Off);
        Assert.That((vocoder.Info.Signal, vocoder.InverseStftNote), Is.EqualTo((OutputKind.Spectrum, "the kernel takes planes of one type, and this engine's are of several")));
        Assert.That(Decibels(Decode(engine, 50, InverseStftPlace.Auto), Decode(TestEngines.Engine(), 50, InverseStftPlace.Host)), Is.GreaterThan(50));
    }

    [Test]
    public void A_decode_allocates_nothing([Values] InverseStftPlace place, [Values(30, 60)] int frames)
    {
        using Vocoder vocoder = Load(TestEngines.Engine(), place, WindowPolicy.Of(40));
        using VocoderSession session = vocoder.CreateSession();
        session.WarmUp();
        float[] mel = Mel(frames, 1), audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(mel, frames, audio);
        long before = GC.GetAllocatedBytesForCurrentThread();
        session.Decode(mel, frames, audio);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void In_place_the_samples_of_one_run_stay_where_the_GPU_wrote_them([Values(1, 3)] int batch)
    {
        using Vocoder vocoder = Load(TestEngines.Engine(), InverseStftPlace.Gpu, WindowPolicy.Off);
        using VocoderSession session = vocoder.CreateSession();
        session.WarmUp(40, batch);
        float[] mel = Mel(40, batch), audio = new float[batch * vocoder.GetSampleCount(40)];
        session.DecodeBatch(mel, batch, 40, audio);

        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<float> inPlace = session.DecodeBatch(mel, batch, 40);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        Assert.That(inPlace.SequenceEqual(audio));
        Assert.That(IsPinned(inPlace));
        Assert.That(IsPinned(audio), Is.False);
    }

    [Test]
    public void Disposing_during_a_decode_to_PCM_lets_it_finish()
    {
        using Vocoder vocoder = Load(TestEngines.Engine(), InverseStftPlace.Gpu, WindowPolicy.Off);
        VocoderSession session = vocoder.CreateSession();
        session.WarmUp(40);
        float[] mel = Mel(40, 1);
        short[] expected = new short[vocoder.GetSampleCount(40)], actual = new short[expected.Length];
        session.DecodePcm16(mel, 40, expected);
        Simulator.Set("enqueue_us", "300000");
        long before = Simulator.Calls("cuGraphLaunch");
        Thread decoding = new(() => session.DecodePcm16(mel, 40, actual));
        decoding.Start();
        while (Simulator.Calls("cuGraphLaunch") == before)
            Thread.Yield();
        session.Dispose();
        decoding.Join();
        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(actual, Has.Some.Not.Zero);
    }

    private static unsafe bool IsPinned(ReadOnlySpan<float> values)
    {
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        using BoundLease current = context.Enter();
        ulong device;
        fixed (float* first = values)
            return CudaDriver.cuMemHostGetDevicePointer_v2(&device, first, 0) == CUresult.CUDA_SUCCESS;
    }

    [Test]
    public void A_sample_that_is_not_finite_is_found_by_the_kernel_and_named()
    {
        using Vocoder vocoder = Load(TestEngines.Engine(), InverseStftPlace.Gpu, WindowPolicy.Off);
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = Mel(30, 1), audio = new float[vocoder.GetSampleCount(30)];
        // The network's exponential clips at 100, so only a value that is no number gets through it.
        Array.Fill(mel, float.MaxValue);
        TrtVocoderException failure = Assert.Throws<TrtVocoderException>(() => session.Decode(mel, 30, audio))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Kind, Is.EqualTo(FailureKind.NonFiniteOutput));
            Assert.That(failure.Message, Does.Contain("item 0, sample "));
        }
    }

    [Test]
    public void An_older_GPU_leaves_it_to_the_host_and_says_why()
    {
        Simulator.Set("compute_capability", "7.5");
        string engine = Path.Combine(TestContext.CurrentContext.WorkDirectory, "compute-capability-7.5.engine");
        TrtBuilder.Build(TestEngines.Onnx("tiny-center"), engine, new TrtBuildOptions { Profile = TestEngines.Profile });
        using (Vocoder vocoder = Load(engine, InverseStftPlace.Auto, WindowPolicy.Off))
        {
            Assert.That(vocoder.Info.Signal, Is.EqualTo(OutputKind.Spectrum));
            Assert.That(vocoder.InverseStftNote, Does.Contain("compute capability 7.5"));
        }
        TrtVocoderException refusal = Assert.Throws<TrtVocoderException>(() => Load(engine, InverseStftPlace.Gpu, WindowPolicy.Off))!;
        Assert.That((refusal.Kind, refusal.Message), Is.EqualTo((FailureKind.OptionsDoNotFit, $"The inverse STFT was asked for on the GPU, but {CudaDevice.Get().Name} has compute capability 7.5, and the kernel needs 8.0.")));
    }

    [TestCase(221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND")]
    [TestCase(222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION")]
    [TestCase(223, "CUDA_ERROR_JIT_COMPILATION_DISABLED")]
    public void A_driver_without_a_compiler_leaves_it_to_the_host_and_says_why(int code, string name)
    {
        string engine = TestEngines.Engine();
        Simulator.Fault($"cuModuleLoadData@1={code}");
        using Vocoder vocoder = Load(engine, InverseStftPlace.Auto, WindowPolicy.Off);
        Assert.That(vocoder.InverseStftNote, Does.Contain(name));
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(30)];
        session.Decode(Mel(30, 1), 30, audio);
        Assert.That(Decibels(audio, Decode(engine, 30, InverseStftPlace.Host)), Is.GreaterThan(300));
    }

    [Test]
    public void Decoders_of_samples_outlive_their_model()
    {
        TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        Assert.That(() => model.CreateSampleDecoder(), Throws.InvalidOperationException);
        Assert.That(model.PrepareInverseStft(), Is.Null);
        using TrtDecoder decoder = model.CreateSampleDecoder();
        model.Dispose();
        Mel(20, 1).CopyTo(decoder.BeginInput(1, 20));
        Assert.That(decoder.Run().GetAudio(0).Length, Is.EqualTo(19 * 256));
        Assert.That(() => model.CreateSampleDecoder(), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void A_session_needs_nobody_to_hold_its_vocoder([Values] InverseStftPlace place)
    {
        string engine = TestEngines.Engine();
        float[] expected = Decode(engine, 30, place);
        // What earlier tests left to the collector must not count.
        Collect();
        string before = Simulator.Live;
        DecodeAlone();
        for (int i = 0; i < 20 && Simulator.Live != before; i++)
            Collect();
        AssertNothingNew(before, "after the vocoder was forgotten and the session disposed of");

        [MethodImpl(MethodImplOptions.NoInlining)]
        void DecodeAlone()
        {
            using VocoderSession session = MakeAlone();
            for (int round = 0; round < 5; round++)
            {
                Collect();
                session.Decode(Mel(30 + round, 1), 30 + round);
            }
            Assert.That(session.Decode(Mel(30, 1), 30).SequenceEqual(expected));
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        VocoderSession MakeAlone()
        {
            VocoderSession session = Load(engine, place, WindowPolicy.Off).CreateSession();
            session.WarmUp(30);
            return session;
        }

        static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static Vocoder Load(string engine, InverseStftPlace place, WindowPolicy windows) =>
        Vocoder.Load(engine, new VocoderOptions { InverseStft = place, Windows = windows, InverseStftThreads = 1 });

    private static float[] Decode(string engine, int frames, InverseStftPlace place)
    {
        using Vocoder vocoder = Load(engine, place, WindowPolicy.Off);
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(Mel(frames, 1), frames, audio);
        return audio;
    }

    private static float[] Mel(int frames, int batch) => [.. Values(new Random(frames), 100 * frames * batch).Select(value => (4 * value) - 4)];

    private static float[] Values(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextSingle()) - 1)];

    private static float[] RunFftw(StftParameters stft, SpectrumLayout layout, int batch, int frames, float[] real, float[] imag)
    {
        using InverseStft inverse = new(stft);
        (int samples, int size) = (stft.GetSampleCount(frames), stft.BinCount * frames);
        float[] audio = new float[batch * samples];
        for (int item = 0; item < batch; item++)
            inverse.Inverse(new Spectrum(real.AsSpan(item * size, size), imag.AsSpan(item * size, size), layout, stft.BinCount, frames), audio.AsSpan(item * samples, samples));
        return audio;
    }

    private static float[] RunKernel(StftParameters stft, SpectrumLayout layout, SpectrumForm form, int batch, int frames, params float[][] planes)
    {
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        InverseStftKernel kernel = InverseStftKernel.Load(context, stft, form, layout);
        try
        {
            using CudaStream stream = CudaStream.Create(context);
            using DeviceBuffer<float> first = Upload(context, stream, planes[0]), second = Upload(context, stream, planes[1]), third = Upload(context, stream, planes[^1]);
            int samples = batch * stft.GetSampleCount(frames), reports = batch * kernel.GetReportCount(batch, frames);
            using DeviceBuffer<float> results = new(context, Math.Max(1, samples)), report = new(context, Math.Max(1, reports));
            using PinnedBuffer<float> host = new(context, Math.Max(1, Math.Max(samples, reports)));
            kernel.Launch(stream, batch, frames, (first.Address, second.Address, third.Address), isHalf: false, results.Address, report.Address);
            stream.Copy(report, host, reports);
            stream.Synchronize();
            Assert.That(MemoryMarshal.Cast<float, int>(host.Span)[..reports].ContainsAnyExcept(int.MaxValue), Is.False, "all samples are finite");
            stream.Copy(results, host, samples);
            stream.Synchronize();
            return host.Span[..samples].ToArray();
        }
        finally
        {
            kernel.Leave();
        }
    }

    private static DeviceBuffer<float> Upload(CudaContext context, CudaStream stream, float[] values)
    {
        using PinnedBuffer<float> staging = new(context, values.Length);
        values.CopyTo(staging.Span);
        DeviceBuffer<float> buffer = new(context, values.Length);
        stream.Copy(staging, buffer, values.Length);
        stream.Synchronize();
        return buffer;
    }

    private static double Decibels(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.That(actual.Length, Is.EqualTo(expected.Length));
        Assert.That(expected.ContainsAnyExcept(0f), Is.True, "silence shows nothing");
        return Differences.SignalToNoise(expected, actual);
    }
}
