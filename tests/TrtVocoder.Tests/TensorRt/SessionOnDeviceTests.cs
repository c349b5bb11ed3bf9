using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.TensorRt;
using TrtVocoder.Tests.Vocoding;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>Decodes from and to the caller's GPU memory give what those from and to the host's do.</summary>
public class SessionOnDeviceTests : SimulatedGpu
{
    private const int MelCount = 100;
    private static readonly OnnxExportOptions Waveform = new() { Signal = OutputKind.Waveform };
    private static readonly int[] Lengths = [1, 27, 41, 65, 150];

    // Lengths below 10 frames are shorter than any run of this one.
    private static readonly TrtOptimizationProfile Long = new(1, 1, 3, 10, 27, 64);

    private static IEnumerable<TestCaseData> Engines() =>
    [
        new TestCaseData(() => TestEngines.Engine(profile: Long)).SetArgDisplayNames("spectrum"),
        new TestCaseData(() => TestEngines.Engine("tiny-same")).SetArgDisplayNames("same"),
        new TestCaseData(() => TestEngines.Engine("tiny-center", Waveform)).SetArgDisplayNames("waveform"),
        new TestCaseData(() => TestEngines.HalfEngine("tiny-center")).SetArgDisplayNames("FP16"),
        new TestCaseData(() => TestEngines.HalfEngine("tiny-center", Waveform)).SetArgDisplayNames("FP16 waveform"),
    ];

    [TestCaseSource(nameof(Engines))]
    public void Samples_are_those_of_a_decode_on_the_host_whatever_the_length(Func<string> engine)
    {
        string path = engine();
        foreach ((BufferMode buffers, bool isWarm) in ((BufferMode, bool)[])[(BufferMode.Pinned, false), (BufferMode.Pinned, true), (BufferMode.Mapped, true)])
        {
            using Vocoder vocoder = new(
                TrtDecoderModel.Load(path, new TrtDecoderOptions { Buffers = buffers }), new VocoderOptions { Windows = WindowPolicy.Of(40, 64), RunsInFlight = 1 });
            using VocoderSession session = vocoder.CreateSession();
            if (isWarm)
                session.WarmUp();
            using Caller caller = new(vocoder);
            foreach (int frames in Lengths)
            {
                float[] mel = Mels.Random(MelCount * frames, frames);
                if (((TrtDecoderModel)vocoder.Model).HasHalfMel)
                    foreach (ref float value in mel.AsSpan())
                        value = (float)(Half)value;
                float[] expected = new float[vocoder.GetSampleCount(frames)];
                session.Decode(mel, frames, expected);
                Assert.That(caller.Decode(session, mel, 1, frames), Is.EqualTo(expected), $"{frames} frames, {buffers}, warm {isWarm}");
            }
        }
    }

    [Test]
    public void Batches_larger_than_a_run_takes_and_unaligned_memory_are_decoded_too([Values(30, 100)] int frames, [Values(1, 5)] int batch, [Values(0, 4)] int offset)
    {
        using Vocoder vocoder = new(TrtDecoderModel.Load(TestEngines.Engine()));
        using VocoderSession session = vocoder.CreateSession();
        using Caller caller = new(vocoder, offset);
        float[] mel = Mels.Random(batch * MelCount * frames);
        float[] expected = new float[batch * vocoder.GetSampleCount(frames)];
        session.DecodeBatch(mel, batch, frames, expected);
        Assert.That(caller.Decode(session, mel, batch, frames), Is.EqualTo(expected));
    }

    [Test]
    public void A_network_of_frames_by_bands_takes_the_mel_so()
    {
        string engine = TestEngines.ForeignEngine("tiny-center", "frames-by-bands", PutFramesFirst, TestEngines.Profile);
        using Vocoder vocoder = new(TrtDecoderModel.Load(engine, hints: new ModelHints { SampleRate = 24000, FftLength = 1024, HopLength = 256, Padding = StftPadding.Center }));
        using VocoderSession session = vocoder.CreateSession();
        using Caller caller = new(vocoder);
        foreach (int frames in Lengths)
        {
            float[] mel = Mels.Random(MelCount * frames), turned = new float[mel.Length];
            for (int i = 0; i < mel.Length; i++)
                turned[(i % frames * MelCount) + (i / frames)] = mel[i];
            float[] expected = new float[vocoder.GetSampleCount(frames)];
            session.Decode(mel, frames, expected);
            Assert.That(caller.Decode(session, turned, 1, frames), Is.EqualTo(expected), $"{frames} frames");
        }

        static void PutFramesFirst(GraphProto graph)
        {
            ValueInfoProto input = graph.Input[0];
            foreach (NodeProto node in graph.Node)
                for (int i = 0; i < node.Input.Count; i++)
                    if (node.Input[i] == input.Name)
                        node.Input[i] = "turned";
            (input.Type.TensorType.Shape.Dim[1], input.Type.TensorType.Shape.Dim[2]) = (input.Type.TensorType.Shape.Dim[2], input.Type.TensorType.Shape.Dim[1]);
            NodeProto turn = new() { OpType = "Transpose", Name = "turn", Input = { input.Name }, Output = { "turned" } };
            turn.Attribute.Add(new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 0, 2, 1 } });
            graph.Node.Insert(0, turn);
        }
    }

    [Test]
    public void Warm_windows_are_launches_of_graphs_and_allocate_nothing()
    {
        using Vocoder vocoder = new(TrtDecoderModel.Load(TestEngines.Engine()), new VocoderOptions { Windows = WindowPolicy.Of(40, 64), RunsInFlight = 1 });
        using VocoderSession session = vocoder.CreateSession();
        session.WarmUp();
        using Caller caller = new(vocoder);
        caller.Send(Mels.Random(MelCount * 150));
        for (int i = 0; i < 3; i++)
            caller.Enqueue(session, 1, 150);
        caller.Stream.Synchronize();
        (long enqueued, long launched) = (Simulator.Calls("IExecutionContext::enqueueV3"), Simulator.Calls("cuGraphLaunch"));

        Assert.That(Allocations.OfAllThreads(() => caller.Enqueue(session, 1, 150)), Is.Zero);

        caller.Stream.Synchronize();
        Assert.That(Simulator.Calls("IExecutionContext::enqueueV3"), Is.EqualTo(enqueued));
        Assert.That(Simulator.Calls("cuGraphLaunch"), Is.GreaterThan(launched + 2));
    }

    [Test]
    public void Decodes_wait_for_each_other_on_the_GPU_whatever_stream_they_are_on([Values] bool isWarm, [Values(BufferMode.Pinned, BufferMode.Mapped)] BufferMode buffers)
    {
        using Vocoder vocoder = new(
            TrtDecoderModel.Load(TestEngines.Engine(), new TrtDecoderOptions { Buffers = buffers }), new VocoderOptions { Windows = WindowPolicy.Of(40, 64), RunsInFlight = 1 });
        using VocoderSession session = vocoder.CreateSession();
        if (isWarm)
            session.WarmUp();
        using Caller one = new(vocoder), two = new(vocoder);
        float[][] mels = [Mels.Random(MelCount * 64, 1), Mels.Random(MelCount * 64, 2), Mels.Random(MelCount * 64, 3)];
        float[][] expected = [.. mels.Select(mel => Decode(session, mel))];
        one.Send(mels[0]);
        two.Send(mels[1]);
        for (int round = 0; round < 5; round++)
        {
            one.Enqueue(session, 1, 64);
            two.Enqueue(session, 1, 64);
            Assert.That(Decode(session, mels[2]), Is.EqualTo(expected[2]));
            Assert.That(one.Receive(expected[0].Length), Is.EqualTo(expected[0]));
            Assert.That(two.Receive(expected[1].Length), Is.EqualTo(expected[1]));
        }

        float[] Decode(VocoderSession session, float[] mel)
        {
            float[] audio = new float[vocoder.GetSampleCount(64)];
            session.Decode(mel, 64, audio);
            return audio;
        }
    }

    [Test]
    public void A_shape_makes_room_for_another_only_when_its_run_in_the_callers_stream_is_done()
    {
        using Vocoder vocoder = new(TrtDecoderModel.Load(TestEngines.Engine()), new VocoderOptions { Windows = WindowPolicy.Off, RunsInFlight = 1 });
        using VocoderSession session = vocoder.CreateSession();
        // One frame has no samples, and would not be run.
        int[] lengths = [.. Enumerable.Range(2, PreparedRuns.MaxShapes)];
        foreach (int frames in lengths)
            session.WarmUp(frames);
        using Caller one = new(vocoder), others = new(vocoder);
        float[] expected = one.Decode(session, Mels.Random(MelCount * 20), 1, 20);
        // Their graphs are recorded, so that nothing below takes long.
        EnqueueOthers();
        others.Stream.Synchronize();
        one.Forget();
        Simulator.Set("enqueue_us", "300000");
        long before = Simulator.Calls("kernel");
        one.Enqueue(session, 1, 20);
        while (Simulator.Calls("kernel") == before)
            Thread.Yield();
        // It becomes the one used longest ago, while it is at work.
        EnqueueOthers();
        Simulator.Set("enqueue_us", "0");

        session.WarmUp(lengths[^1] + 1);

        Assert.That(session.GetState().EvictedShapes, Is.EqualTo(1));
        Assert.That(one.Receive(expected.Length), Is.EqualTo(expected));
        others.Stream.Synchronize();
        Assert.That(Simulator.LastViolation, Is.Empty);

        void EnqueueOthers()
        {
            foreach (int frames in lengths.Where(frames => frames != 20))
                others.Enqueue(session, 1, frames);
        }
    }

    [Test]
    public void A_captured_stream_replays_the_decode([Values] bool isWarm)
    {
        using Vocoder vocoder = new(TrtDecoderModel.Load(TestEngines.Engine()), new VocoderOptions { Windows = WindowPolicy.Of(40, 64), RunsInFlight = 1 });
        using VocoderSession session = vocoder.CreateSession();
        if (isWarm)
            session.WarmUp();
        using Caller caller = new(vocoder);
        float[] mel = Mels.Random(MelCount * 150);
        float[] expected = caller.Decode(session, mel, 1, 150);
        using CudaGraph graph = CudaGraph.Capture(caller.Stream, () => caller.Enqueue(session, 1, 150));
        caller.Forget();
        graph.Launch(caller.Stream);
        Assert.That(caller.Receive(expected.Length), Is.EqualTo(expected));
    }

    [Test]
    public void What_cannot_be_decoded_so_is_one_sentence()
    {
        using Vocoder vocoder = new(TrtDecoderModel.Load(TestEngines.Engine()));
        using Vocoder onHost = new(TrtDecoderModel.Load(TestEngines.Engine()), new VocoderOptions { InverseStft = InverseStftPlace.Host });
        using Vocoder onCpu = new(new FakeDecoderModel());
        using VocoderSession session = vocoder.CreateSession(), host = onHost.CreateSession(), cpu = onCpu.CreateSession();
        using Caller caller = new(vocoder);
        nint stream = caller.Stream.Handle;
        Assert.That(() => cpu.DecodeOnDevice(256, 1, 10, 256, stream), Throws.TypeOf<NotSupportedException>().With.Message.Contains("runs on the CPU"));
        Assert.That(() => host.DecodeOnDevice(256, 1, 10, 256, stream), Throws.TypeOf<NotSupportedException>().With.Message.Contains("VocoderOptions.InverseStft leaves them to the host"));
        Assert.That(() => session.DecodeOnDevice(0, 1, 10, 256, stream), Throws.ArgumentException.With.Message.StartsWith("The mel is at 0x0, but needs"));
        Assert.That(() => session.DecodeOnDevice(256, 1, 10, 258, stream), Throws.ArgumentException.With.Message.Contains("a multiple of 4 bytes"));
        Assert.That(() => session.DecodeOnDevice(256, -1, 10, 256, stream), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => session.DecodeOnDevice(1 << 20, 1, 300, 1 << 20, stream), Throws.TypeOf<CudaException>().With.Message.Contains("a pointer, stream or context"));
        Assert.That(() => session.DecodeOnDevice(256, 1, 10, 256, 0x1234), Throws.TypeOf<CudaException>());
        // By a graph it would run.
        session.WarmUp(10);
        Assert.That(() => session.DecodeOnDevice(256, 1, 10, 256, 0), Throws.ArgumentException.With.Message.StartsWith("The stream is 0, the default one"));
        Assert.That(session.DecodeOnDevice(0, 1, 0, 0, stream), Is.Zero);
        session.Dispose();
        Assert.That(() => session.DecodeOnDevice(256, 1, 10, 256, stream), Throws.TypeOf<ObjectDisposedException>());
    }

    [TestCase("cuMemcpy2DAsync_v2", "1")]
    [TestCase("cuGraphLaunch", "1")]
    [TestCase("cuStreamEndCapture", "1")]
    [TestCase("cuLaunchKernel", "1")]
    [TestCase("IExecutionContext::enqueueV3", "null")]
    [TestCase("IExecutionContext::setInputShape", "throw")]
    public void A_failed_call_is_a_sentence_and_the_next_decode_works(string function, string action)
    {
        using Vocoder vocoder = new(TrtDecoderModel.Load(TestEngines.Engine()), new VocoderOptions { Windows = WindowPolicy.Of(40, 64), RunsInFlight = 1 });
        using Caller caller = new(vocoder);
        float[] mel = Mels.Random(MelCount * 150);
        caller.Send(mel);
        int failures = 0;
        for (int call = 1; call <= 1; call++)
        {
            using VocoderSession session = vocoder.CreateSession();
            session.WarmUp();
            Simulator.Reset();
            Simulator.Fault($"{function}@{call}={action}");
            foreach (int frames in (int[])[150, 20, 30])
            {
                try
                {
                    caller.Enqueue(session, 1, frames);
                }
                catch (TrtVocoderException failure)
                {
                    failures++;
                    Assert.That(failure.Message, Has.Length.GreaterThan(20).And.EndsWith("."), $"call {call}");
                }
            }
            caller.Stream.Synchronize();
            Simulator.Reset();
            float[] expected = new float[vocoder.GetSampleCount(150)];
            session.Decode(mel, 150, expected);
            Assert.That(caller.Decode(session, mel, 1, 150), Is.EqualTo(expected), $"call {call}");
        }
        Assert.That(failures, Is.Positive);
    }

    /// <summary>Memory and a stream of a caller's.</summary>
    private sealed class Caller : IDisposable
    {
        private readonly CudaContext _context = CudaContext.Retain(CudaDevice.Get());
        private readonly bool _hasHalfMel;
        private readonly bool _hasHalfSamples;
        private readonly int _offset;
        private readonly PinnedBuffer<byte> _host;
        private readonly DeviceBuffer<byte> _mel;
        private readonly DeviceBuffer<byte> _audio;

        /// <param name="vocoder">Whose types the memory has.</param>
        /// <param name="offset">Bytes from the memory's start to mel and samples.</param>
        public Caller(Vocoder vocoder, int offset = 0)
        {
            TrtDecoderModel model = (TrtDecoderModel)vocoder.Model;
            (_hasHalfMel, _hasHalfSamples, _offset) = (model.HasHalfMel, model.HasHalfSamples, offset);
            const int Bytes = 1 << 20;
            Stream = CudaStream.Create(_context);
            (_host, _mel, _audio) = (new(_context, Bytes), new(_context, Bytes), new(_context, Bytes));
        }

        public CudaStream Stream { get; }

        public float[] Decode(VocoderSession session, float[] mel, int batch, int frames)
        {
            Send(mel);
            return Receive(batch * Enqueue(session, batch, frames));
        }

        public int Enqueue(VocoderSession session, int batch, int frames) =>
            session.DecodeOnDevice(_mel.Address + _offset, batch, frames, _audio.Address + _offset, Stream.Handle);

        public void Send(float[] mel)
        {
            for (int i = 0; i < mel.Length; i++)
            {
                if (_hasHalfMel)
                    BitConverter.TryWriteBytes(_host.Span[(_offset + (2 * i))..], (Half)mel[i]);
                else
                    BitConverter.TryWriteBytes(_host.Span[(_offset + (4 * i))..], mel[i]);
            }
            Stream.Copy(_host, _mel, _host.Length);
            Stream.Synchronize();
        }

        public void Forget()
        {
            _host.Span.Clear();
            Stream.Copy(_host, _audio, _host.Length);
            Stream.Synchronize();
        }

        public float[] Receive(int samples)
        {
            Stream.Copy(_audio, _host, _host.Length);
            Stream.Synchronize();
            float[] values = new float[samples];
            for (int i = 0; i < samples; i++)
                values[i] = _hasHalfSamples ? (float)BitConverter.ToHalf(_host.Span[(_offset + (2 * i))..]) : BitConverter.ToSingle(_host.Span[(_offset + (4 * i))..]);
            return values;
        }

        public void Dispose()
        {
            foreach (IDisposable each in (IDisposable[])[Stream, _host, _mel, _audio, _context])
                each.Dispose();
        }
    }
}
