using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TensorRt;
using TrtVocoder.Tests.Vocoding;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>Streams through engines: with state on the GPU, and by windows decoded again.</summary>
public sealed class StreamingEngineTests : SimulatedGpu
{
    private const int MelCount = 100;

    [Test]
    public void Windows_decoded_again_give_the_samples_of_the_whole([Values] SpectrumLayout layout, [Values("tiny-center", "tiny-same")] string model)
    {
        string engine = TestEngines.Engine(model, new OnnxExportOptions { Layout = layout });
        using Vocoder vocoder = Load(engine);
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        foreach (int frames in new[] { 1, 2, 17, 40, 64 })
        {
            float[] mel = Mels.Random(MelCount * frames, frames);
            float[] whole = new float[vocoder.GetSampleCount(frames)];
            session.Decode(mel, frames, whole);
            float[] audio = PushAll(stream, mel, frames, new Random(frames));
            Assert.That(audio, Has.Length.EqualTo(whole.Length));
            Assert.That(Differences.SignalToNoiseDb(audio, whole), Is.GreaterThanOrEqualTo(150), $"{frames} frames");
            stream.Reset();
        }
    }

    [Test]
    public void State_stays_on_the_GPU_and_gives_the_spectra_of_the_whole_bit_for_bit([Values] bool isCaptured, [Values] BufferMode buffers)
    {
        OnnxExportOptions form = new() { Form = NetworkForm.Conv, Layout = SpectrumLayout.FrameMajor };
        using TrtDecoderModel wholeModel = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", form));
        using TrtDecoderModel model = TrtDecoderModel.Load(
            TestEngines.Engine("tiny-center", form with { Streaming = true }), new TrtDecoderOptions { Buffers = buffers });
        using TrtDecoder whole = wholeModel.CreateDecoder();
        using TrtDecoder decoder = model.CreateDecoder();
        (int lag, int bins) = (model.Info.Metadata.ReceptiveFieldFrames!.Value, model.Info.Metadata.Stft.BinCount);
        if (isCaptured)
            decoder.PrepareShape(1, 7);
        foreach (int frames in new[] { 30, 3, 50 })
        {
            float[] mel = Mels.Random(MelCount * frames, frames);
            mel.CopyTo(whole.BeginInput(1, frames));
            float[] expected = whole.Run().GetSpectrum(0).Real.ToArray();
            List<float> real = [];
            for (int position = 0; position < frames + lag; position += 7)
            {
                Span<float> input = decoder.BeginInput(7, position, position + 7 > frames ? frames : null);
                for (int band = 0; band < MelCount; band++)
                    for (int row = 0; row < 7; row++)
                        input[(band * 7) + row] = position + row < frames ? mel[(band * frames) + position + row] : 0;
                DecoderOutput output = decoder.Run();
                real.AddRange(output.GetSpectrum(0).Real);
            }
            Assert.That(real.Skip(lag * bins).Take(frames * bins), Is.EqualTo(expected));
        }
        Assert.That(decoder.State.CapturedShapes, Is.EqualTo(isCaptured ? 1 : 0));
        Assert.That(decoder.State.CaptureRefusal, Is.Null);
    }

    [Test]
    public void A_warm_stream_launches_captured_runs_only_and_allocates_nothing([Values] NetworkForm form)
    {
        using Vocoder vocoder = Load(TestEngines.Engine(
            "tiny-center", new OnnxExportOptions { Form = form, Streaming = true, Layout = SpectrumLayout.FrameMajor }));
        using Vocoder wholeVocoder = LoadWhole(TestEngines.Engine("tiny-center", new OnnxExportOptions { Form = form, Layout = SpectrumLayout.FrameMajor }));
        using VocoderSession session = vocoder.CreateSession();
        using VocoderSession wholeSession = wholeVocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        stream.WarmUp(10);
        float[] mel = Mels.Random(MelCount * 63, 5);
        float[] whole = new float[wholeVocoder.GetSampleCount(63)];
        wholeSession.Decode(mel, 63, whole);
        long changes = Simulator.Count("shape_changes");
        for (int utterance = 0; utterance < 2; utterance++)
        {
            (long launches, long enqueued) = (Simulator.Calls("cuGraphLaunch"), Simulator.Calls("IExecutionContext::enqueueV3"));
            float[] audio = PushAll(stream, mel, 63, new Random(utterance));
            Assert.That(Differences.SignalToNoiseDb(audio, whole), Is.GreaterThanOrEqualTo(form == NetworkForm.Conv ? 150 : 110));
            // 63 frames and the receptive field, in runs of 10.
            Assert.That(Simulator.Calls("cuGraphLaunch") - launches, Is.EqualTo((63 + vocoder.Metadata.ReceptiveFieldFrames!.Value + 9) / 10));
            Assert.That(Simulator.Calls("IExecutionContext::enqueueV3"), Is.EqualTo(enqueued));
            stream.Reset();
        }
        Assert.That(Simulator.Count("shape_changes"), Is.EqualTo(changes));

        float[] piece = mel[..(10 * MelCount)];
        float[] room = new float[1 << 16];
        Push(stream, piece, room);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5; i++)
            Push(stream, piece, room);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Whole_mels_go_through_an_engine_with_state_too()
    {
        OnnxExportOptions form = new() { Form = NetworkForm.Conv };
        using Vocoder vocoder = Load(TestEngines.Engine("tiny-same", form with { Streaming = true }));
        using Vocoder wholeVocoder = LoadWhole(TestEngines.Engine("tiny-same", form));
        using VocoderSession session = vocoder.CreateSession();
        using VocoderSession wholeSession = wholeVocoder.CreateSession();
        session.WarmUp(30);
        float[] mel = Mels.Random(2 * MelCount * 50, 5);
        float[] audio = new float[2 * vocoder.GetSampleCount(50)];
        float[] whole = new float[audio.Length];
        session.DecodeBatch(mel, 2, 50, audio);
        wholeSession.DecodeBatch(mel, 2, 50, whole);
        Assert.That(Differences.SignalToNoiseDb(audio, whole), Is.GreaterThanOrEqualTo(150));
    }

    [Test]
    public void An_engine_with_state_runs_on_no_memory_of_the_callers()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", new OnnxExportOptions { Streaming = true }));
        using TrtDecoder decoder = model.CreateDecoder();
        Assert.Throws<NotSupportedException>(() => decoder.RunOnDevice(256, 1, 10, 256, 256, 1));
        using TrtDecoderModel other = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder stateless = other.CreateDecoder();
        Assert.Throws<NotSupportedException>(() => stateless.BeginInput(10, 0, null));
    }

    [Test]
    public void After_a_failure_of_the_GPU_Reset_begins_anew()
    {
        const string Call = "IExecutionContext::enqueueV3";
        OnnxExportOptions form = new() { Form = NetworkForm.Conv };
        using Vocoder vocoder = Load(TestEngines.Engine("tiny-center", form with { Streaming = true }));
        using Vocoder wholeVocoder = LoadWhole(TestEngines.Engine("tiny-center", form));
        using VocoderSession session = vocoder.CreateSession();
        using VocoderSession wholeSession = wholeVocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        float[] mel = Mels.Random(MelCount * 40, 5);
        float[] whole = new float[vocoder.GetSampleCount(40)];
        wholeSession.Decode(mel, 40, whole);
        stream.Push(mel.AsSpan(0, 20 * MelCount), 20);
        Simulator.Fault($"{Call}@1=null");
        Assert.That(() => stream.Push(mel.AsSpan(0, 20 * MelCount), 20), Throws.InstanceOf<TrtVocoderException>());
        Assert.Throws<InvalidOperationException>(() => stream.Push(mel.AsSpan(0, 20 * MelCount), 20));
        stream.Reset();
        Assert.That(Differences.SignalToNoiseDb(PushAll(stream, mel, 40, new Random(1)), whole), Is.GreaterThanOrEqualTo(150));
    }

    [TestCase("cuMemAlloc_v2", "2")]
    [TestCase("cuGraphLaunch", "2")]
    [TestCase("cuStreamEndCapture", "2")]
    [TestCase("kernel", "700")]
    [TestCase("IExecutionContext::setTensorAddress", "null")]
    [TestCase("IExecutionContext::enqueueV3", "throw")]
    public void A_failure_of_any_call_of_a_stream_is_a_sentence_and_leaks_nothing(string function, string action)
    {
        string engine = TestEngines.Engine("tiny-center", new OnnxExportOptions { Streaming = true });
        Simulator.Reset();
        Speak(engine);
        long calls = Simulator.Calls(function);
        Assert.That(calls, Is.Positive, $"{function} is never called");
        string before = Simulator.Live;
        for (long call = 1; call <= calls; call++)
        {
            Simulator.Reset();
            Simulator.Fault($"{function}@{call}={action}");
            try
            {
                Speak(engine);
            }
            catch (TrtVocoderException failure)
            {
                Assert.That(failure.Message, Has.Length.GreaterThan(20).And.EndsWith("."), $"call {call}");
            }
            AssertNothingNew(before, $"call {call} of {calls}");
        }

        static void Speak(string engine)
        {
            using Vocoder vocoder = Load(engine);
            using VocoderSession session = vocoder.CreateSession();
            using VocoderStream stream = session.CreateStream();
            float[] mel = Mels.Random(MelCount * 10, 5);
            stream.Push(mel, 10);
            stream.WarmUp(10);
            stream.Push(mel, 10);
            stream.Complete();
        }
    }

    private static Vocoder Load(string engine) => Load(engine, InverseStftPlace.Auto);

    /// <summary>What a network with state is compared with: its spectra are the host's to turn into samples, always.</summary>
    private static Vocoder LoadWhole(string engine) => Load(engine, InverseStftPlace.Host);

    private static Vocoder Load(string engine, InverseStftPlace place) =>
        new(TrtDecoderModel.Load(engine), new VocoderOptions { Windows = WindowPolicy.Off, InverseStftThreads = 1, InverseStft = place });

    private static void Push(VocoderStream stream, float[] mel, float[] room)
    {
        stream.Push(mel, mel.Length / MelCount);
        stream.Read(room);
    }

    private static float[] PushAll(VocoderStream stream, float[] mel, int frames, Random random)
    {
        for (int first = 0; first < frames;)
        {
            int count = Math.Min(frames - first, random.Next(0, 21));
            float[] piece = new float[MelCount * count];
            for (int band = 0; band < MelCount; band++)
                mel.AsSpan((band * frames) + first, count).CopyTo(piece.AsSpan(band * count));
            stream.Push(piece, count);
            first += count;
        }
        stream.Complete();
        float[] audio = new float[stream.AvailableSamples];
        stream.Read(audio);
        return audio;
    }
}
