using TrtVocoder.Decoding;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.TensorRt;
using TrtVocoder.Tests.Vocoding;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>Engines of other people's exports: the same network as our own, in other forms, without a word of metadata.</summary>
public class ForeignEngineTests : SimulatedGpu
{
    private const string Model = "tiny-center";
    private const double FullPrecisionDb = 100;
    private static readonly TrtOptimizationProfile Jetson = new(1, 1, 1, 64, 96, 128);
    private static readonly TrtOptimizationProfile Fixed = new(1, 1, 1, 96, 96, 96);

    // The profile of the engine that people gave TensorRT up for, in small: no mel below its least length, none above its largest.
    [Test]
    public void Any_length_decodes_on_a_bare_engine_with_no_option(
        [Values("real and imaginary", "magnitude, cosine, sine", "unnamed")] string form, [Values] bool isFixed,
        [Values(BufferMode.Pinned, BufferMode.Mapped)] BufferMode buffers)
    {
        string engine = TestEngines.Copy(TestEngines.ForeignEngine(Model, form, graph => Change(graph, form), isFixed ? Fixed : Jetson), withSidecar: false);
        using Vocoder foreign = Vocoder.Load(engine, new VocoderOptions { Engine = new TrtDecoderOptions { Buffers = buffers } });
        using VocoderSession session = foreign.CreateSession();

        foreach (int frames in (int[])[2, 30, 64, 96, 300])
        {
            double snr = Differences.SignalToNoise(DecodeOwn(frames), Decode(foreign, session, frames));
            Assert.That(frames == 2 || snr > FullPrecisionDb, $"{frames} frames: {snr:0.0} dB");
        }
        Assert.That(session.TakeNotes(), Has.Count.EqualTo(1).And.Some.Contains("too short to be exact"));
        Assert.That(foreign.Info.Notes, Has.Some.Contains("24000 Hz and a hop of"));
        Assert.That(foreign.Info.Notes, form == "unnamed" ? Has.Some.Contains("do not tell by their names") : Has.None.Contains("do not tell by their names"));
    }

    [Test]
    public void A_warm_session_of_a_bare_engine_has_windows_and_captured_shapes()
    {
        using Vocoder foreign = Vocoder.Load(TestEngines.ForeignEngine(Model, "polar", graph => Change(graph, "magnitude, cosine, sine"), Jetson));
        using VocoderSession session = foreign.CreateSession();
        session.WarmUp();

        Assert.That(foreign.WindowFrames, Is.Not.Empty);
        Assert.That(session.GetState().CapturedShapes, Is.GreaterThanOrEqualTo(foreign.WindowFrames.Count));
        Assert.That(Differences.SignalToNoise(DecodeOwn(500), Decode(foreign, session, 500)), Is.GreaterThan(FullPrecisionDb));
    }

    [Test]
    public void Runs_on_device_memory_refuse_planes_that_are_not_real_and_imaginary_parts()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(
            TestEngines.ForeignEngine(Model, "polar", graph => Change(graph, "magnitude, cosine, sine"), Jetson));
        using TrtDecoder decoder = model.CreateDecoder();

        Assert.That(() => decoder.GetOutputLength(1, 64), Throws.TypeOf<NotSupportedException>().With.Message.Contains("real and imaginary parts"));
        Assert.That(() => decoder.RunOnDevice(256, 1, 64, 256, 256, 1), Throws.TypeOf<NotSupportedException>());
    }

    [Test]
    public void Decoding_of_three_planes_allocates_nothing_after_warm_up()
    {
        using Vocoder foreign = Vocoder.Load(TestEngines.ForeignEngine(Model, "polar", graph => Change(graph, "magnitude, cosine, sine"), Jetson));
        using VocoderSession session = foreign.CreateSession();
        float[] mel = Mels.Random(100 * 80);
        float[] audio = new float[foreign.GetSampleCount(80)];
        for (int round = 0; round < 3; round++)
            session.Decode(mel, 80, audio);
        long before = GC.GetAllocatedBytesForCurrentThread();
        session.Decode(mel, 80, audio);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void A_mel_of_frames_and_bands_and_its_lengths_are_fed([Values(BufferMode.Pinned, BufferMode.Mapped)] BufferMode buffers)
    {
        string engine = TestEngines.ForeignEngine(Model, "btc", graph =>
        {
            Change(graph, "magnitude, cosine, sine");
            ValueInfoProto mel = graph.Input[0];
            TensorShapeProto shape = mel.Type.TensorType.Shape;
            (shape.Dim[1], shape.Dim[2]) = (shape.Dim[2], shape.Dim[1]);
            graph.Node.Insert(0, new NodeProto
            {
                OpType = "Transpose",
                Name = "turn",
                Input = { "mel_btc" },
                Output = { mel.Name },
                Attribute = { new AttributeProto { Name = "perm", Ints = { 0, 2, 1 }, Type = AttributeProto.Types.AttributeType.Ints } },
            });
            mel.Name = "mel_btc";
            ValueInfoProto lengths = mel.Clone();
            lengths.Name = "mel_lengths";
            lengths.Type.TensorType.ElemType = 7;
            lengths.Type.TensorType.Shape.Dim.RemoveAt(2);
            lengths.Type.TensorType.Shape.Dim.RemoveAt(1);
            graph.Input.Add(lengths);
        }, Jetson);
        using Vocoder foreign = Vocoder.Load(engine, new VocoderOptions { Engine = new TrtDecoderOptions { Buffers = buffers } });
        using VocoderSession session = foreign.CreateSession();

        Assert.That(foreign.Info.Form, Does.StartWith("mel 'mel_btc' [batch, frames, n_mels], lengths 'mel_lengths' to magnitude 'mag'"));
        foreach (int frames in (int[])[64, 70, 300])
            Assert.That(Differences.SignalToNoise(DecodeOwn(frames), Decode(foreign, session, frames)), Is.GreaterThan(FullPrecisionDb), $"{frames} frames");
    }

    [Test]
    public void Answers_in_the_sidecar_serve_the_engine_that_gave_them_alone()
    {
        string engine = TestEngines.Copy(TestEngines.ForeignEngine(Model, "parts", _ => { }, Jetson), withSidecar: false);
        NetworkAnswers answers;
        using (Vocoder asked = Vocoder.Load(engine))
        {
            answers = asked.Ask();
            EngineSidecar.WriteAnswers(engine, answers, Jetson);
        }
        Assert.That(answers.ReceptiveField, Is.Not.Null);
        using (Vocoder again = Vocoder.Load(engine))
            Assert.That(again.Info.Answers.ReceptiveField, Is.EqualTo(answers.ReceptiveField));

        EngineSidecar.TryRead(engine)!.Write(engine);
        Assert.That(EngineSidecar.TryRead(engine)!.GetAnswers(engine), Is.Not.Null, "they outlive a rewriting");
        string other = TestEngines.ForeignEngine(Model, "polar", graph => Change(graph, "magnitude, cosine, sine"), Jetson);
        Assert.That(EngineSidecar.TryRead(engine)!.GetAnswers(other), Is.Null);
    }

    [Test]
    public void A_failing_question_leaves_nothing_behind([Values("cuMemAlloc_v2", "IExecutionContext::enqueueV3")] string call, [Values(1, 2, 3, 5)] int at)
    {
        string engine = TestEngines.ForeignEngine(Model, "polar", graph => Change(graph, "magnitude, cosine, sine"), Jetson);
        string before = Simulator.Live;
        Simulator.Fault($"{call}@{at}={(call == "cuMemAlloc_v2" ? "2" : "null")}");
        try
        {
            using Vocoder foreign = Vocoder.Load(engine);
            using VocoderSession session = foreign.CreateSession();
            Decode(foreign, session, 300);
        }
        catch (TrtVocoderException error)
        {
            Assert.That(error.Message, Does.Not.Contain("\n"));
        }
        AssertNothingNew(before, $"after {call} failed");
    }

    private static void Change(GraphProto graph, string form)
    {
        if (form == "unnamed")
            TestEngines.PutOutPolar(graph, "97", "98", "99");
        else if (form == "magnitude, cosine, sine")
            TestEngines.PutOutPolar(graph, "mag", "x", "y");
    }

    private static float[] MelOf(int frames) => Mels.Random(100 * frames, frames);

    private static float[] Decode(Vocoder vocoder, VocoderSession session, int frames)
    {
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(MelOf(frames), frames, audio);
        return audio;
    }

    // The whole decode by the engine that our own exporter's model makes.
    private static float[] DecodeOwn(int frames)
    {
        using Vocoder own = Vocoder.Load(TestEngines.Engine(Model, profile: new TrtOptimizationProfile(1, 1, 1, 1, 96, 512)));
        using VocoderSession session = own.CreateSession();
        return Decode(own, session, frames);
    }
}
