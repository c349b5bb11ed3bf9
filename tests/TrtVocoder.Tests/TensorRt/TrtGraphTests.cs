using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>Shapes that are kept ready, graphs of whole runs, and what a profiler sees of both.</summary>
public class TrtGraphTests : SimulatedGpu
{
    private static readonly int[] Windows = [24, 40, 64];

    private static Vocoder LoadVocoder(string? engine = null, TrtDecoderOptions? options = null, WindowPolicy? windows = null, int inFlight = 0, InverseStftPlace place = InverseStftPlace.Auto) =>
        new(TrtDecoderModel.Load(engine ?? TestEngines.Engine(), options), new VocoderOptions { Windows = windows ?? WindowPolicy.Of(Windows), InverseStftThreads = 1, RunsInFlight = inFlight, InverseStft = place });

    private static VocoderSession CreateWarm(Vocoder vocoder, DecodeProfiler? profiler = null)
    {
        VocoderSession session = vocoder.CreateSession(profiler);
        session.WarmUp();
        return session;
    }

    private static float[] Decode(VocoderSession session, Vocoder vocoder, int frames)
    {
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(Mel(frames), frames, audio);
        return audio;
    }

    private static float[] Mel(int frames)
    {
        Random random = new(frames);
        return [.. Enumerable.Range(0, 100 * frames).Select(_ => (random.NextSingle() * 8) - 8)];
    }

    private static float[] DecodePlainly(int frames)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine(), new TrtDecoderOptions { CudaGraphs = false });
        using TrtDecoder decoder = model.CreateDecoder();
        using InverseStft inverse = new(model.Info.Metadata.Stft);
        Mel(frames).CopyTo(decoder.BeginInput(1, frames));
        float[] audio = new float[model.Info.Metadata.Stft.GetSampleCount(frames)];
        inverse.Inverse(decoder.Run().GetSpectrum(0), audio);
        return audio;
    }

    [Test]
    public void A_captured_run_gives_the_samples_of_a_plain_one([Values] BufferMode buffers, [Values] bool isProfiled)
    {
        using Vocoder vocoder = LoadVocoder(options: new TrtDecoderOptions { Buffers = buffers }, windows: WindowPolicy.Of(40), inFlight: 1, place: InverseStftPlace.Host);
        using VocoderSession session = CreateWarm(vocoder, isProfiled ? new DecodeProfiler() : null);
        Assert.That(Decode(session, vocoder, 40), Is.EqualTo(DecodePlainly(40)));
        Assert.That(Decode(session, vocoder, 40), Is.EqualTo(DecodePlainly(40)));
        long launches = Simulator.Calls("cuGraphLaunch");
        Assert.That(Decode(session, vocoder, 40), Is.EqualTo(DecodePlainly(40)));
        Assert.That(session.GetState().CapturedShapes, Is.EqualTo(1));
        Assert.That(Simulator.Calls("cuGraphLaunch"), Is.EqualTo(launches + 1));
        Assert.That(Simulator.Count("pageable_copies"), Is.Zero);
    }

    [Test]
    public void Windows_on_a_GPU_give_the_whole_decode_and_no_shape_is_set_after_warm_up()
    {
        using Vocoder vocoder = LoadVocoder();
        using VocoderSession session = CreateWarm(vocoder);
        (long changes, long set) = (Simulator.Count("shape_changes"), Simulator.Calls("IExecutionContext::setInputShape"));
        for (int frames = 24; frames <= 64; frames++)
        {
            float[] audio = Decode(session, vocoder, frames);
            Assert.That(Simulator.Count("shape_changes"), Is.EqualTo(changes));
            Assert.That(Simulator.Calls("IExecutionContext::setInputShape"), Is.EqualTo(set));
            float[] plain = DecodePlainly(frames);
            double error = Differences.Largest(audio, plain) / plain.Max(MathF.Abs);
            Assert.That(error, Is.LessThan(1e-5f), $"{frames} frames");
            (changes, set) = (Simulator.Count("shape_changes"), Simulator.Calls("IExecutionContext::setInputShape"));
        }
    }

    [Test]
    public void Inputs_longer_than_the_profile_are_covered_too()
    {
        using Vocoder vocoder = LoadVocoder();
        using VocoderSession session = CreateWarm(vocoder);
        Assert.That(Decode(session, vocoder, 500).All(float.IsFinite));
        Assert.That(session.GetState().KeptShapes, Is.GreaterThan(1), "both decoders hold the longest window");
    }

    [TestCase("cuStreamBeginCapture_v2")]
    [TestCase("cuStreamEndCapture")]
    [TestCase("cuGraphInstantiateWithFlags")]
    [TestCase("cuGraphUpload")]
    public void An_engine_that_cannot_be_captured_runs_plainly_and_says_why(string call)
    {
        Simulator.Fault($"{call}@1=901");
        using Vocoder vocoder = LoadVocoder(windows: WindowPolicy.Of(40), inFlight: 1, place: InverseStftPlace.Host);
        DecodeProfiler profiler = new();
        using VocoderSession session = CreateWarm(vocoder, profiler);
        Assert.That(Decode(session, vocoder, 40), Is.EqualTo(DecodePlainly(40)));
        DecoderState state = session.GetState();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((state.KeptShapes, state.CapturedShapes), Is.EqualTo((1, 0)));
            Assert.That(state.CaptureRefusal, Does.Contain(call));
            Assert.That(profiler.Last.UsedGraph, Is.False);
        }
        Assert.That(Simulator.Calls("cuGraphLaunch"), Is.Zero);
    }

    [Test]
    public void Graphs_can_be_turned_off()
    {
        using Vocoder vocoder = LoadVocoder(options: new TrtDecoderOptions { CudaGraphs = false }, windows: WindowPolicy.Of(40), inFlight: 1);
        using VocoderSession session = CreateWarm(vocoder);
        Decode(session, vocoder, 40);
        DecoderState state = session.GetState();
        Assert.That((state.KeptShapes, state.CapturedShapes, state.CaptureRefusal), Is.EqualTo((1, 0, (string?)null)));
    }

    [Test]
    public void Before_warm_up_an_input_runs_in_its_own_length_and_nothing_is_kept()
    {
        using Vocoder vocoder = LoadVocoder();
        DecodeProfiler profiler = new();
        using VocoderSession session = vocoder.CreateSession(profiler);
        foreach (int frames in (int[])[50, 50, 51])
            Decode(session, vocoder, frames);
        Assert.That(profiler.GetDecodes().Select(decode => (decode.Windows, decode.ChangedShape, decode.UsedGraph)), Is.EqualTo(new[] { (1, true, false), (1, false, false), (1, true, false) }));
        Assert.That(session.GetState().KeptShapes, Is.Zero);
    }

    [Test]
    public void The_shape_used_longest_ago_makes_room()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        for (int frames = 1; frames <= PreparedRuns.MaxShapes + 3; frames++)
            decoder.PrepareShape(1, frames);
        Assert.That(decoder.State.KeptShapes, Is.EqualTo(PreparedRuns.MaxShapes));
        long before = Simulator.Calls("ICudaEngine::createExecutionContext");
        decoder.PrepareShape(1, PreparedRuns.MaxShapes);
        Assert.That(Simulator.Calls("ICudaEngine::createExecutionContext"), Is.EqualTo(before), "a late one is still there");
        decoder.PrepareShape(1, 1);
        Assert.That(Simulator.Calls("ICudaEngine::createExecutionContext"), Is.EqualTo(before + 1), "the first one is gone");
        Assert.That(decoder.State.EvictedShapes, Is.EqualTo(4), "what had to go is told");
    }

    [Test]
    public void Windows_of_a_warm_session_stay_however_many_shapes_are_made_ready_later()
    {
        using Vocoder vocoder = LoadVocoder(inFlight: 1);
        DecodeProfiler profiler = new();
        using VocoderSession session = CreateWarm(vocoder, profiler);
        TrtOptimizationProfile profile = TestEngines.Profile;
        // Windows of two and three items, and more lengths than are kept.
        for (int batch = 1; batch <= profile.MaxBatch; batch++)
            for (int frames = 1; frames < Windows[0]; frames++)
                session.WarmUp(frames, batch);
        foreach (int window in Windows)
        {
            Decode(session, vocoder, window);
            Assert.That(profiler.Last.UsedGraph, $"a window of {window}");
        }
        DecoderState state = session.GetState();
        Assert.That((state.KeptShapes, state.EvictedShapes), Is.EqualTo((PreparedRuns.MaxShapes + Windows.Length, (3 * 23) - PreparedRuns.MaxShapes)));
    }

    [Test]
    public void A_shape_made_ready_after_input_was_begun_leaves_no_run_to_start()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        decoder.PrepareShape(1, 1);
        decoder.BeginInput(1, 1).Clear();
        for (int frames = 2; frames <= PreparedRuns.MaxShapes + 1; frames++)
            decoder.PrepareShape(1, frames);
        Assert.That(decoder.Start, Throws.InvalidOperationException.With.Message.Contains("BeginInput"), "its run may be gone");
    }

    [Test]
    public void Memory_is_told_and_scratch_is_shared()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        decoder.PrepareShape(1, 40);
        long one = Simulator.Count("device_bytes");
        DecoderState first = decoder.State;
        decoder.PrepareShape(1, 41);
        DecoderState second = decoder.State;
        long values = 41 * (100 + 513 + 513) * sizeof(float);
        // Three tensors in one block, each at a multiple of 256 bytes.
        using (Assert.EnterMultipleScope())
        {
            Assert.That(second.DeviceBytes - first.DeviceBytes, Is.InRange(values, values + (3 * 255)), "no scratch memory of its own");
            Assert.That(second.HostBytes - first.HostBytes, Is.InRange(values, values + (2 * 255)));
            Assert.That(Simulator.Count("device_bytes") - one, Is.EqualTo(values).Within(3 * 256));
            Assert.That(first.DeviceBytes, Is.GreaterThan(model.Engine.GetScratchBytes(0)));
        }
    }

    [Test]
    public void A_decoder_has_its_scratch_memory_once()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        long scratch = model.Engine.GetScratchBytes(0);
        long loaded = Simulator.Count("device_bytes");
        using TrtDecoder decoder = model.CreateDecoder();
        decoder.PrepareShape(1, 1);
        long kept = Simulator.Count("device_bytes");
        Assert.That(kept - loaded, Is.GreaterThanOrEqualTo(scratch), "for shapes that are kept");
        decoder.BeginInput(1, 2).Clear();
        decoder.Run();
        Assert.That(Simulator.Count("device_bytes") - kept, Is.LessThan(scratch), "and for all others the same");
    }

    [Test]
    public void The_context_by_which_an_engine_was_checked_serves_the_first_decoder([Values] bool isProfiled)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        long contexts = Simulator.Count("IExecutionContext");
        using TrtDecoder decoder = model.CreateDecoder(isProfiled ? new DecodeProfiler(collectsLayers: true) : null);
        decoder.BeginInput(1, 5).Clear();
        decoder.Run();
        Assert.That((contexts, Simulator.Count("IExecutionContext")), Is.EqualTo((1, 1)));
    }

    [Test]
    public void The_first_run_of_the_shape_by_which_an_engine_was_checked_counts_as_a_change()
    {
        DecodeProfiler profiler = new();
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder(profiler);
        bool[] changes = [.. Enumerable.Range(0, 2).Select(_ => Run())];
        Assert.That(changes, Is.EqualTo(new[] { true, false }));

        bool Run()
        {
            decoder.BeginInput(TestEngines.Profile.OptBatch, TestEngines.Profile.OptFrames).Clear();
            decoder.Run();
            return decoder.Times.ChangedShape;
        }
    }

    [Test]
    public void Times_have_trtexecs_meaning([Values(BufferMode.Pinned, BufferMode.Mapped)] BufferMode buffers, [Values] bool graphs)
    {
        using Vocoder vocoder = LoadVocoder(options: new TrtDecoderOptions { Buffers = buffers, CudaGraphs = graphs });
        DecodeProfiler profiler = new();
        using VocoderSession session = CreateWarm(vocoder, profiler);
        Decode(session, vocoder, 40);
        Simulator.Set("enqueue_us", "20000");
        Decode(session, vocoder, 40);
        DecodeTimes times = profiler.Last;
        NetworkTimes network = times.Network;
        bool copies = buffers == BufferMode.Pinned;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(times.ChangedShape, Is.False);
            Assert.That(times.UsedGraph, Is.EqualTo(graphs));
            Assert.That(network.ComputeMs, Is.GreaterThanOrEqualTo(19), "20 ms on the stream");
            Assert.That(network.EnqueueMs, Is.InRange(0.0001, 15), "the host does not wait for them");
            Assert.That(network.HostToDeviceMs, copies ? Is.GreaterThan(0) : Is.Zero);
            Assert.That(network.DeviceToHostMs, copies ? Is.GreaterThan(0) : Is.Zero);
            Assert.That(times[DecodePart.Latency], Is.EqualTo(network.HostToDeviceMs + network.ComputeMs + network.InverseStftMs + network.DeviceToHostMs));
            Assert.That(times.EndToEndMs, Is.GreaterThan(times[DecodePart.Latency]));
            Assert.That(network.ComputeStartMs, Is.GreaterThanOrEqualTo(network.HostToDeviceStartMs));
            Assert.That(network.ComputeEndMs - network.ComputeStartMs, Is.EqualTo(network.ComputeMs + network.InverseStftMs).Within(0.01));
            Assert.That(network.HostToDeviceStartMs, Is.GreaterThan(times.StartMs - 1).And.LessThan(times.StartMs + times.EndToEndMs), "on the host's clock");
        }
    }

    [Test]
    public void Moments_stay_on_the_hosts_clock_however_long_the_session_lives()
    {
        using CudaContext cuda = CudaContext.Retain(CudaDevice.Get());
        using CudaStream stream = CudaStream.Create(cuda);
        DecodeProfiler profiler = new();
        using RunInstruments instruments = new(stream, null, profiler, maxOriginAgeMs: 20);
        // As if the GPU's clock had run for ten hours more than the host's: what single precision loses shows at once.
        Simulator.Set("clock_ms", "36000000");
        Thread.Sleep(30);
        double before = profiler.NowMs;
        instruments.BeginRun(stream);
        foreach (RunInstruments.Moment moment in Enum.GetValues<RunInstruments.Moment>())
            instruments.Mark(moment, stream, isRecording: false);
        stream.Synchronize();
        NetworkTimes times = instruments.Read(copies: true, hasInverseStft: false);
        Assert.That(times.HostToDeviceStartMs, Is.InRange(before - 1, profiler.NowMs + 1));
        Assert.That(times.DeviceToHostEndMs, Is.InRange(times.HostToDeviceStartMs, profiler.NowMs + 1));
    }

    [Test]
    public void A_new_shape_is_a_series_of_its_own()
    {
        using Vocoder vocoder = LoadVocoder(windows: WindowPolicy.Off);
        DecodeProfiler profiler = new();
        using VocoderSession session = vocoder.CreateSession(profiler);
        Simulator.Set("shape_change_ms", "30");
        session.WarmUp(30);
        foreach (int frames in (int[])[30, 30, 31, 30])
            Decode(session, vocoder, frames);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(profiler.GetStatistics(DecodePart.EndToEnd, afterShapeChange: true).Count, Is.EqualTo(1));
            Assert.That(profiler.GetStatistics(DecodePart.EndToEnd, afterShapeChange: true).Min, Is.GreaterThan(29));
            Assert.That(profiler.GetStatistics(DecodePart.EndToEnd).Count, Is.EqualTo(3));
        }
    }

    [Test]
    public void Layers_are_timed_in_plain_and_in_captured_runs([Values] bool graphs)
    {
        using Vocoder vocoder = LoadVocoder(options: new TrtDecoderOptions { CudaGraphs = graphs });
        DecodeProfiler profiler = new(collectsLayers: true);
        using VocoderSession session = CreateWarm(vocoder, profiler);
        const int Decodes = 3;
        for (int i = 0; i < Decodes; i++)
            Decode(session, vocoder, 40);
        IReadOnlyList<LayerTimes> layers = profiler.GetLayers();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(layers, Is.Not.Empty);
            Assert.That(layers.All(layer => layer.Times.Count == Decodes));
            Assert.That(layers.Sum(layer => layer.Percentage), Is.EqualTo(100).Within(1e-6));
            Assert.That(profiler.Last.UsedGraph, Is.EqualTo(graphs));
        }
    }

    [Test]
    public void Without_a_profiler_no_event_is_made_or_recorded()
    {
        using Vocoder vocoder = LoadVocoder();
        using VocoderSession session = CreateWarm(vocoder);
        Decode(session, vocoder, 100);
        Assert.That(Simulator.Calls("cuEventCreate") + Simulator.Calls("cuEventRecord") + Simulator.Calls("cuEventRecordWithFlags"), Is.Zero);
    }

    [Test]
    public void Windowed_captured_decodes_allocate_nothing([Values] bool isProfiled)
    {
        using Vocoder vocoder = LoadVocoder();
        using VocoderSession session = CreateWarm(vocoder, isProfiled ? new DecodeProfiler() : null);
        float[][] mels = [.. Enumerable.Range(0, 30).Select(i => Mel(30 + (7 * i)))];
        float[] audio = new float[vocoder.GetSampleCount(300)];
        DecodeAll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        DecodeAll();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void DecodeAll()
        {
            foreach (float[] mel in mels)
                session.Decode(mel, mel.Length / 100, audio);
        }
    }

    [Test]
    public void A_decoder_that_is_at_work_takes_no_other_call()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        decoder.BeginInput(1, 8).Clear();
        Assert.That(() => decoder.Finish(), Throws.InvalidOperationException.With.Message.Contains("Start"));
        decoder.Start();
        Assert.That(() => decoder.BeginInput(1, 8), Throws.InvalidOperationException.With.Message.Contains("Finish"));
        Assert.That(decoder.Start, Throws.InvalidOperationException.With.Message.Contains("Finish"));
        Assert.That(() => decoder.PrepareShape(1, 9), Throws.InvalidOperationException.With.Message.Contains("Finish"));
        decoder.Finish();
    }
}
