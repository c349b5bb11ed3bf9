using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.TensorRt;

public class TrtDecoderTests : SimulatedGpu
{
    private static readonly OnnxExportOptions FrameMajor = new() { Layout = SpectrumLayout.FrameMajor };
    private static readonly OnnxExportOptions Waveform = new() { Signal = OutputKind.Waveform };

    private static float[] Vector(string model, string name) => NpyVectors.ReadValues(TestPaths.Data("golden", model, name + ".npy"));

    // [bins, frames] in C order, whatever the layout.
    private static float[] BinsMajor(ReadOnlySpan<float> values, Spectrum spectrum)
    {
        float[] result = values.ToArray();
        if (spectrum.Layout == SpectrumLayout.FrameMajor)
            for (int bin = 0; bin < spectrum.Bins; bin++)
                for (int frame = 0; frame < spectrum.FrameCount; frame++)
                    result[(bin * spectrum.FrameCount) + frame] = values[(frame * spectrum.Bins) + bin];
        return result;
    }

    private static void Decode(TrtDecoder decoder, string model, string vector, int batch, int frames)
    {
        float[] mel = Vector(model, vector + ".mel");
        mel.CopyTo(decoder.BeginInput(batch, frames));
        DecoderOutput output = decoder.Run();
        float[] re = Vector(model, vector + ".re");
        float[] im = Vector(model, vector + ".im");
        int size = re.Length / batch;
        double error = 0;
        for (int item = 0; item < batch; item++)
        {
            Spectrum spectrum = output.GetSpectrum(item);
            error = Math.Max(error, Differences.Largest(BinsMajor(spectrum.Real, spectrum), re.AsSpan(item * size, size)));
            error = Math.Max(error, Differences.Largest(BinsMajor(spectrum.Imag, spectrum), im.AsSpan(item * size, size)));
        }
        // Magnitudes reach the network's clip at 100: relative to the largest value there is.
        float peak = MathF.Max(re.Max(MathF.Abs), im.Max(MathF.Abs));
        Assert.That(error / peak, Is.LessThan(1e-5f), $"{model}/{vector}: max error {error} of {peak}");
    }

    [Test]
    public void Spectra_are_those_of_the_golden_vectors([Values] BufferMode buffers, [Values] bool frameMajor)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(
            TestEngines.Engine("tiny-center", frameMajor ? FrameMajor : null), new TrtDecoderOptions { Buffers = buffers });
        using TrtDecoder decoder = model.CreateDecoder();
        Assert.That(model.Info.Metadata.Layout, Is.EqualTo(frameMajor ? SpectrumLayout.FrameMajor : SpectrumLayout.BinsMajor));
        Decode(decoder, "tiny-center", "T001", 1, 1);
        Decode(decoder, "tiny-center", "T027", 1, 27);
        Decode(decoder, "tiny-center", "T002", 1, 2);
        int frames = Vector("tiny-center", "batch3.mel").Length / 3 / model.Info.Metadata.MelCount;
        if (frames <= model.Info.MaxFrames)
            Decode(decoder, "tiny-center", "batch3", 3, frames);
        Assert.That(Simulator.Count("pageable_copies"), Is.Zero);
    }

    [Test]
    public void Samples_are_those_of_the_golden_vectors([Values("tiny-center", "tiny-same")] string name, [Values(BufferMode.Pinned, BufferMode.Mapped)] BufferMode buffers)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine(name, Waveform), new TrtDecoderOptions { Buffers = buffers });
        using TrtDecoder decoder = model.CreateDecoder();
        Vector(name, "T002.mel").CopyTo(decoder.BeginInput(1, 2));
        double error = Differences.Largest(decoder.Run().GetAudio(0), Vector(name, "T002.audio"));
        Assert.That(error, Is.LessThan(1e-4f), $"max error {error}");
    }

    [Test]
    public void A_GPU_that_shares_the_hosts_memory_copies_nothing_and_gives_the_same_samples([Values] InverseStftPlace place)
    {
        string engine = TestEngines.Engine("tiny-center");
        float[] mel = Vector("tiny-center", "T027.mel"), copied = Decode(isIntegrated: false), shared = Decode(isIntegrated: true);
        Assert.That(shared, Is.EqualTo(copied));

        float[] Decode(bool isIntegrated)
        {
            Simulator.Set("integrated", isIntegrated ? "1" : "0");
            using Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { InverseStft = place });
            using VocoderSession session = vocoder.CreateSession();
            float[] audio = new float[vocoder.Metadata.GetSampleCount(27)];
            session.Decode(mel, 27, audio);
            long before = Copies();
            session.Decode(mel, 27, audio);
            Assert.That(Copies() - before, isIntegrated ? Is.Zero : Is.Positive);
            return audio;
        }

        static long Copies() => Simulator.Calls("cuMemcpyHtoDAsync_v2") + Simulator.Calls("cuMemcpyDtoHAsync_v2");
    }

    [Test]
    public void Info_tells_limits_and_backend()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using (Assert.EnterMultipleScope())
        {
            Assert.That((model.Info.MaxBatch, model.Info.MinFrames, model.Info.MaxFrames), Is.EqualTo((3, 1, 64)));
            Assert.That(model.Info.Backend, Is.EqualTo("TensorRT 10.3.0.26 (Simulated GPU)"));
            Assert.That(model.Profile, Is.EqualTo(TestEngines.Profile));
            Assert.That(model.Engine.DescribeLayers(), Is.Not.Empty);
        }
    }

    [TestCase(1, 65)]
    [TestCase(1, 0)]
    [TestCase(4, 8)]
    [TestCase(0, 8)]
    public void A_shape_outside_the_profile_names_the_limits_in_one_line(int batch, int frames)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        string limits = frames is > 0 and < 65 ? $"1 to 3 items, not {batch}" : $"1 to 64 frames, not {frames}";
        foreach (Action call in (Action[])[() => decoder.BeginInput(batch, frames), () => decoder.PrepareShape(batch, frames), () => decoder.GetOutputLength(batch, frames)])
            Assert.That(call, Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains(limits).And.Message.Not.Contains("\n"));
    }

    [Test]
    public void Run_without_Prepare_is_refused()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        Assert.That(() => decoder.Run(), Throws.InvalidOperationException);
    }

    [Test]
    public void A_shape_is_set_only_when_it_changes()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        decoder.PrepareShape(1, 5);
        long before = Simulator.Calls("IExecutionContext::setInputShape");
        for (int i = 0; i < 5; i++)
        {
            decoder.BeginInput(1, 5);
            decoder.Run();
        }
        Assert.That(Simulator.Calls("IExecutionContext::setInputShape"), Is.EqualTo(before));
        decoder.BeginInput(1, 6);
        Assert.That(Simulator.Calls("IExecutionContext::setInputShape"), Is.EqualTo(before + 1));
    }

    [Test]
    public void A_decode_allocates_nothing_managed([Values(BufferMode.Pinned, BufferMode.Mapped)] BufferMode buffers)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine(), new TrtDecoderOptions { Buffers = buffers });
        using TrtDecoder decoder = model.CreateDecoder();
        for (int i = 0; i < 3; i++)
        {
            decoder.BeginInput(1, 5).Clear();
            decoder.Run();
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
        {
            decoder.BeginInput(1, 5).Clear();
            decoder.Run();
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void A_thousand_decodes_leave_memory_as_it_was()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        // A shape that comes back is kept ready from then on.
        for (int i = 0; i < 16; i++)
        {
            decoder.BeginInput(1, 1 + (i % 8)).Clear();
            decoder.Run();
        }
        string before = Simulator.Live;
        for (int i = 0; i < 1000; i++)
        {
            decoder.BeginInput(1, 1 + (i % 8));
            decoder.Run();
        }
        AssertNothingNew(before, "after 1000 decodes");
    }

    [Test]
    public void Decoders_outlive_their_model_in_any_order([Range(0, 5)] int order)
    {
        TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        TrtDecoder first = model.CreateDecoder();
        TrtDecoder second = model.CreateDecoder();
        List<IDisposable> all = [model, first, second];
        while (all.Count > 0)
        {
            foreach (TrtDecoder alive in all.OfType<TrtDecoder>())
                Decode(alive, "tiny-center", "T003", 1, 3);
            int next = order % all.Count;
            order /= all.Count;
            all[next].Dispose();
            all[next].Dispose();
            all.RemoveAt(next);
        }
        Assert.That(() => first.BeginInput(1, 1), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => first.Run(), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => model.CreateDecoder(), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Runtime_engine_and_context_may_be_disposed_of_in_any_order([Range(0, 23)] int order)
    {
        TensorRtLibrary library = TensorRtLibrary.Load();
        TrtRuntime runtime = TrtRuntime.Create(library);
        TrtEngine engine = runtime.Load(TestEngines.Engine());
        using CudaStream stream = CudaStream.Create(runtime.Context);
        TrtExecutionContext context = engine.CreateContext(0, stream);
        List<IDisposable> all = [library, runtime, engine, context];
        while (all.Count > 0)
        {
            int next = order % all.Count;
            order /= all.Count;
            all[next].Dispose();
            all.RemoveAt(next);
        }
        // That nothing is left and no rule was broken the fixture asserts after each test.
        Assert.That(() => engine.CreateContext(0, stream), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void A_library_that_is_disposed_of_says_so()
    {
        TensorRtLibrary library = TensorRtLibrary.Load();
        library.LoadParser();
        Assert.That(library.Path, Does.EndWith("libnvinfer.so.10"));
        Assert.That(library.ParserPath, Does.EndWith("libnvonnxparser.so.10"));
        library.Dispose();
        Assert.That(() => library.Path, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => library.ParserPath, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(library.LoadParser, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Many_threads_decode_on_one_engine()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        Exception?[] failures = new Exception?[4];
        Thread[] threads = [.. Enumerable.Range(0, failures.Length).Select(i => new Thread(() =>
        {
            try
            {
                using TrtDecoder decoder = model.CreateDecoder();
                for (int round = 0; round < 5; round++)
                    Decode(decoder, "tiny-center", i % 2 == 0 ? "T003" : "T002", 1, i % 2 == 0 ? 3 : 2);
            }
            catch (Exception failure)
            {
                failures[i] = failure;
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.That(failures, Is.All.Null);
    }

    [Test]
    public void A_decoder_in_use_refuses_another_thread_and_disposes_when_left()
    {
        Simulator.Set("enqueue_us", "300000");
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        TrtDecoder decoder = model.CreateDecoder();
        decoder.BeginInput(1, 3).Clear();
        Thread running = new(() => decoder.Run());
        long before = Simulator.Calls("cuStreamSynchronize");
        running.Start();
        while (Simulator.Calls("cuStreamSynchronize") == before)
            Thread.Yield();
        Assert.That(() => decoder.BeginInput(1, 3), Throws.InvalidOperationException.With.Message.Contains("another thread"));
        decoder.Dispose();
        running.Join();
        Assert.That(() => decoder.BeginInput(1, 3), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void The_caller_brings_device_memory_and_a_stream([Values] bool isSpectrum)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", isSpectrum ? new OnnxExportOptions() : Waveform));
        if (isSpectrum)
            Assert.That(model.PrepareInverseStft(), Is.Null);
        using TrtDecoder decoder = isSpectrum ? model.CreateSampleDecoder() : model.CreateDecoder();
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        using CudaStream stream = CudaStream.Create(context);
        float[] mel = Vector("tiny-center", "T027.mel");
        float[] expected = Vector("tiny-center", "T027.audio");
        Assert.That(decoder.GetOutputLength(1, 27), Is.EqualTo(expected.Length));
        using PinnedBuffer<float> host = new(context, Math.Max(mel.Length, expected.Length));
        using DeviceBuffer<float> input = new(context, mel.Length);
        using DeviceBuffer<float> output = new(context, expected.Length);
        mel.CopyTo(host.Span);
        stream.Copy(host, input, mel.Length);
        decoder.RunOnDevice(input.Address, 1, 27, output.Address, 0, stream.Handle);
        stream.Copy(output, host, expected.Length);
        stream.Synchronize();
        double error = Differences.Largest(host.Span[..expected.Length], expected);
        Assert.That(error, Is.LessThan(1e-4f), $"max error {error}");
        Assert.That(() => decoder.Run(), Throws.InvalidOperationException, "the shape was the caller's");
        Assert.That(() => decoder.RunOnDevice(input.Address + 4, 1, 27, output.Address, 0, stream.Handle), Throws.ArgumentException.With.Message.Contains("256 bytes"));
        Assert.That(() => decoder.RunOnDevice(input.Address, 1, 27, 0, 0, stream.Handle), Throws.ArgumentException);
        Assert.That(() => decoder.RunOnDevice(input.Address, 1, 27, output.Address, output.Address, stream.Handle), Throws.ArgumentException.With.Message.Contains("imaginary"));

        mel.CopyTo(decoder.BeginInput(1, 27));
        Assert.That(Differences.Largest(decoder.Run().GetAudio(0), expected), Is.LessThan(1e-4f), "own memory again");
    }

    /// <summary>A caller's memory and streams for runs of 27 frames of a waveform engine.</summary>
    private sealed class DeviceCaller : IDisposable
    {
        public const int Frames = 27;
        private readonly CudaContext _context = CudaContext.Retain(CudaDevice.Get());
        private readonly PinnedBuffer<float> _host;
        private readonly DeviceBuffer<float> _mel;
        private readonly DeviceBuffer<float> _audio;

        public DeviceCaller()
        {
            float[] mel = Vector("tiny-center", "T027.mel");
            Expected = Vector("tiny-center", "T027.audio");
            (First, Second) = (CudaStream.Create(_context), CudaStream.Create(_context));
            (_host, _mel, _audio) = (new(_context, Math.Max(mel.Length, Expected.Length)), new(_context, mel.Length), new(_context, Expected.Length));
            mel.CopyTo(_host.Span);
            First.Copy(_host, _mel, mel.Length);
            First.Synchronize();
        }

        public float[] Expected { get; }

        public CudaStream First { get; }

        public CudaStream Second { get; }

        public void Run(TrtDecoder decoder, CudaStream stream) => decoder.RunOnDevice(_mel.Address, 1, Frames, _audio.Address, 0, stream.Handle);

        public double ReadError()
        {
            First.Synchronize();
            Second.Synchronize();
            First.Copy(_audio, _host, Expected.Length);
            First.Synchronize();
            return Differences.Largest(_host.Span[..Expected.Length], Expected);
        }

        public void Dispose()
        {
            foreach (IDisposable each in (IDisposable[])[First, Second, _host, _mel, _audio, _context])
                each.Dispose();
        }
    }

    [TestCase(2, TestName = "A_run_of_a_new_shape_waits_for_the_one_on_the_callers_stream")]
    [TestCase(3, TestName = "A_run_of_a_kept_shape_waits_for_the_one_on_the_callers_stream")]
    public void Runs_wait_for_the_one_on_the_callers_stream(int frames)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", Waveform));
        using TrtDecoder decoder = model.CreateDecoder();
        using DeviceCaller caller = new();
        decoder.PrepareShape(1, 3);
        Simulator.Set("enqueue_us", "50000");
        string name = $"T00{frames}";
        for (int round = 0; round < 2; round++)
        {
            caller.Run(decoder, caller.First);
            Vector("tiny-center", name + ".mel").CopyTo(decoder.BeginInput(1, frames));
            Assert.That(Differences.Largest(decoder.Run().GetAudio(0), Vector("tiny-center", name + ".audio")), Is.LessThan(1e-4f));
            Assert.That(caller.ReadError(), Is.LessThan(1e-4f));
        }
    }

    [Test]
    public void Making_a_shape_ready_waits_for_the_run_on_the_callers_stream()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", Waveform));
        using TrtDecoder decoder = model.CreateDecoder();
        using DeviceCaller caller = new();
        Simulator.Set("enqueue_us", "50000");
        caller.Run(decoder, caller.First);
        decoder.PrepareShape(1, 3);
        Assert.That(caller.ReadError(), Is.LessThan(1e-4f));
    }

    [Test]
    public void Runs_on_two_streams_of_the_caller_come_one_after_the_other()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", Waveform));
        using TrtDecoder decoder = model.CreateDecoder();
        using DeviceCaller caller = new();
        Simulator.Set("enqueue_us", "50000");
        long waits = Simulator.Calls("cuStreamSynchronize") + Simulator.Calls("cuEventSynchronize");
        for (int round = 0; round < 2; round++)
        {
            caller.Run(decoder, caller.First);
            caller.Run(decoder, caller.Second);
        }
        Assert.That(Simulator.Calls("cuStreamSynchronize") + Simulator.Calls("cuEventSynchronize"), Is.EqualTo(waits), "the host waits for nothing");
        Assert.That(caller.ReadError(), Is.LessThan(1e-4f));
    }

    [Test]
    public void Disposal_waits_for_the_run_on_the_callers_stream()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", Waveform));
        using DeviceCaller caller = new();
        using (TrtDecoder decoder = model.CreateDecoder())
        {
            Simulator.Set("enqueue_us", "50000");
            caller.Run(decoder, caller.First);
        }
        Assert.That(caller.First.IsIdle);
        Assert.That(Simulator.Calls("cuEventSynchronize"), Is.EqualTo(1), "not by freeing memory, which waits for all work only as drivers do it today");
        Assert.That(caller.ReadError(), Is.LessThan(1e-4f));
    }

    [TestCase("cuStreamIsCapturing")]
    [TestCase("cuEventCreate")]
    [TestCase("cuEventRecord")]
    [TestCase("cuStreamWaitEvent")]
    [TestCase("cuEventSynchronize")]
    [TestCase("cuCtxPushCurrent_v2")]
    [TestCase("IExecutionContext::enqueueV3")]
    public void A_failure_of_any_call_leaves_runs_on_the_callers_streams_in_order(string function)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", Waveform));
        using DeviceCaller caller = new();
        model.CreateDecoder().Dispose();
        string before = Simulator.Live;
        Simulator.Reset();
        RunAll();
        long calls = Simulator.Calls(function);
        Assert.That(calls, Is.Positive, $"{function} is never called");
        for (long call = 1; call <= calls; call++)
        {
            Simulator.Reset();
            Simulator.Set("enqueue_us", "2000");
            Simulator.Fault($"{function}@{call}=2");
            RunAll();
            Assert.That(Simulator.LastViolation, Is.Empty, $"call {call}");
            AssertNothingNew(before, $"call {call}");
        }

        void RunAll()
        {
            TrtDecoder? decoder = null;
            Action[] runs = [() => decoder = model.CreateDecoder(), First, Second, Own, First, () => decoder?.PrepareShape(1, 3), Second, () => decoder?.Dispose()];
            foreach (Action run in runs)
            {
                try
                {
                    run();
                }
                catch (TrtVocoderException failure)
                {
                    Assert.That(failure.Message, Has.Length.GreaterThan(20).And.EndsWith("."));
                }
            }

            void First() => RunOn(caller.First);
            void Second() => RunOn(caller.Second);
            void Own()
            {
                decoder?.BeginInput(1, 2).Clear();
                if (decoder is not null)
                    decoder.Run();
            }
            void RunOn(CudaStream stream)
            {
                if (decoder is not null)
                    caller.Run(decoder, stream);
            }
        }
    }

    [Test]
    public void The_caller_may_capture_a_run_into_a_graph_of_its_own()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", Waveform));
        using TrtDecoder decoder = model.CreateDecoder();
        using DeviceCaller caller = new();
        caller.Run(decoder, caller.First);
        caller.First.Synchronize();
        using CudaGraph graph = CudaGraph.Capture(caller.First, () => caller.Run(decoder, caller.First));
        graph.Launch(caller.First);
        Assert.That(caller.ReadError(), Is.LessThan(1e-4f));
        decoder.BeginInput(1, 3).Clear();
        decoder.Run();
    }

    [Test]
    public void A_thread_finds_its_own_context_current_after_every_call([Values(0, 1)] int device)
    {
        string engine = TestEngines.Engine();
        Simulator.Set("devices", "2");
        using CudaContext foreign = CudaContext.Retain(CudaDevice.Get(1 - device));
        using (foreign.Enter())
        {
            nint bound = GetCurrent();
            Assert.That(bound, Is.Not.Zero);
            using (Vocoder vocoder = new(TrtDecoderModel.Load(engine, new TrtDecoderOptions { Device = device }), new VocoderOptions { Windows = WindowPolicy.Of(24, 40) }))
            {
                Assert.That(GetCurrent(), Is.EqualTo(bound), "loading");
                using VocoderSession session = vocoder.CreateSession(new DecodeProfiler(collectsLayers: true));
                Assert.That(GetCurrent(), Is.EqualTo(bound), "making a session");
                session.WarmUp();
                Assert.That(GetCurrent(), Is.EqualTo(bound), "warming up");
                float[] audio = new float[vocoder.GetSampleCount(27)];
                session.Decode(Vector("tiny-center", "T027.mel"), 27, audio);
                Assert.That(Differences.Largest(audio, Vector("tiny-center", "T027.audio")), Is.LessThan(1e-4f));
                Assert.That(GetCurrent(), Is.EqualTo(bound), "decoding");
                Simulator.Fault("cuGraphLaunch@1=2");
                Assert.That(() => session.Decode(Vector("tiny-center", "T027.mel"), 27, audio), Throws.TypeOf<CudaException>());
                Assert.That(GetCurrent(), Is.EqualTo(bound), "failing");
            }
            Assert.That(GetCurrent(), Is.EqualTo(bound), "disposing");
        }
        Assert.That(GetCurrent() == 0);

        static unsafe nint GetCurrent()
        {
            nint current;
            Assert.That(CudaDriver.cuCtxGetCurrent(&current), Is.EqualTo(CUresult.CUDA_SUCCESS));
            return current;
        }
    }

    [Test]
    public void All_of_a_vocoder_is_in_the_hosts_own_context_where_it_has_one([Values(0, 1)] int device)
    {
        string engine = TestEngines.Engine();
        Simulator.Set("devices", "2");
        nint own = Simulator.CreateContext(device);
        Assert.That(Simulator.Count("context_references"), Is.EqualTo(1));
        float[] mel = Vector("tiny-center", "T027.mel"), expected = Vector("tiny-center", "T027.audio"), audio = new float[expected.Length];
        using (Vocoder vocoder = new(TrtDecoderModel.Load(engine, new TrtDecoderOptions { Context = own }), new VocoderOptions { Windows = WindowPolicy.Of(24, 40) }))
        {
            using VocoderSession session = vocoder.CreateSession(new DecodeProfiler(collectsLayers: true));
            session.WarmUp();
            session.Decode(mel, 27, audio);
            Assert.That(Differences.Largest(audio, expected), Is.LessThan(1e-4f));
            using CudaContext attached = CudaContext.Attach(own);
            Assert.That(attached.Device.Ordinal, Is.EqualTo(device));
            using CudaStream stream = CudaStream.Create(attached);
            using PinnedBuffer<float> host = new(attached, Math.Max(mel.Length, expected.Length));
            using DeviceBuffer<float> input = new(attached, mel.Length), output = new(attached, expected.Length);
            mel.CopyTo(host.Span);
            stream.Copy(host, input, mel.Length);
            session.DecodeOnDevice(input.Address, 1, 27, output.Address, stream.Handle);
            stream.Copy(output, host, expected.Length);
            stream.Synchronize();
            Assert.That(host.Span[..expected.Length].ToArray(), Is.EqualTo(audio));
            Thread other = new(() => session.Decode(mel, 27, audio));
            other.Start();
            other.Join();
            Assert.That(Simulator.Count("context_references"), Is.EqualTo(1), "no primary context was retained");
            Assert.That(vocoder.IsContextLost, Is.False);
        }
        Simulator.DestroyContext(own);
        Assert.That(
            () => TrtDecoderModel.Load(engine, new TrtDecoderOptions { Context = own }),
            Throws.TypeOf<CudaException>().With.Property("ErrorName").EqualTo("CUDA_ERROR_CONTEXT_IS_DESTROYED"));
        Simulator.Set("devices", "1");
    }

    [Test]
    public void State_and_times_are_refused_while_another_thread_decodes()
    {
        Simulator.Set("enqueue_us", "300000");
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        decoder.BeginInput(1, 3).Clear();
        Thread running = new(() => decoder.Run());
        long before = Simulator.Calls("cuStreamSynchronize");
        running.Start();
        while (Simulator.Calls("cuStreamSynchronize") == before)
            Thread.Yield();
        Assert.That(() => decoder.State, Throws.InvalidOperationException.With.Message.Contains("another thread"));
        Assert.That(() => decoder.Times, Throws.InvalidOperationException.With.Message.Contains("another thread"));
        running.Join();
        Assert.That(decoder.Times, Is.Default);
    }

    [Test]
    public void What_is_forgotten_leaves_nothing()
    {
        string engine = TestEngines.Engine();
        string before = Simulator.Live;
        Forget();
        for (int i = 0; i < 20 && Simulator.Live != before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        AssertNothingNew(before, "after a model and its decoders were forgotten");

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        void Forget()
        {
            TrtDecoderModel model = TrtDecoderModel.Load(engine);
            foreach (DecodeProfiler? profiler in (DecodeProfiler?[])[null, new DecodeProfiler(collectsLayers: true)])
            {
                TrtDecoder decoder = model.CreateDecoder(profiler);
                decoder.PrepareShape(1, 3);
                decoder.BeginInput(1, 3).Clear();
                decoder.Run();
                decoder.BeginInput(1, 5).Clear();
                decoder.Run();
            }
        }
    }

    [Test]
    public void Loading_reads_the_header_once_and_holds_no_plan_in_the_managed_heap()
    {
        string engine = TestEngines.Engine();
        using (TrtDecoderModel warm = TrtDecoderModel.Load(engine))
        {
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(new FileInfo(engine).Length));
    }

    [Test]
    public void An_engine_without_sidecar_is_read_by_names_shapes_and_hints()
    {
        string engine = TestEngines.Copy(TestEngines.Engine(), withSidecar: false);
        using TrtDecoderModel model = TrtDecoderModel.Load(engine, hints: new ModelHints { SampleRate = 16000, RealOutput = "real", ImagOutput = "imag" });
        using TrtDecoder decoder = model.CreateDecoder();
        Assert.That(model.Info.Metadata.SampleRate, Is.EqualTo(16000));
        Decode(decoder, "tiny-center", "T003", 1, 3);
        Assert.That(
            () => TrtDecoderModel.Load(engine, hints: new ModelHints { RealOutput = "re", ImagOutput = "im" }),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("no output 're'"));
    }

    [Test]
    public void Vocoder_loads_an_engine()
    {
        using Vocoder vocoder = Vocoder.Load(TestEngines.Engine());
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(27)];
        session.Decode(Vector("tiny-center", "T027.mel"), 27, audio);
        double error = Differences.Largest(audio, Vector("tiny-center", "T027.audio"));
        Assert.That(error, Is.LessThan(1e-4f), $"max error {error}");
    }
}
