using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.OnnxRuntime;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Export.Tests.Onnx;

/// <summary>The network with state, run by ONNX Runtime, against the whole one.</summary>
public sealed class StreamingNetworkTests
{
    private const double LeastDb = 110;

    private static IEnumerable<TestCaseData> Networks =>
        from checkpoint in new[] { "tiny-center", "tiny-same", "tiny-80mel" }
        from form in Enum.GetValues<NetworkForm>()
        from layout in Enum.GetValues<SpectrumLayout>()
        select new TestCaseData(checkpoint, form, layout);

    [TestCaseSource(nameof(Networks))]
    public void Any_length_in_pieces_of_any_size_gives_the_samples_of_the_whole(string checkpoint, NetworkForm form, SpectrumLayout layout)
    {
        VocosCheckpoint weights = OnnxVariants.Tiny(checkpoint);
        using Vocoder whole = Load(weights, new OnnxExportOptions { Form = form, Layout = layout });
        using Vocoder streaming = Load(weights, new OnnxExportOptions { Form = form, Layout = layout, Streaming = true });
        using VocoderSession reference = whole.CreateSession();
        using VocoderSession session = streaming.CreateSession();
        using VocoderStream stream = session.CreateStream();
        Random random = new(form.GetHashCode() + (2 * (int)layout));
        int[] lengths = [0, 1, 2, 3, 4, 5, 30, 31, .. Enumerable.Range(0, 5).Select(_ => random.Next(1, 102)), random.Next(1000, 2001)];
        double worst = double.PositiveInfinity;
        foreach (int frames in lengths)
            foreach (int most in new[] { 1, 7, 10, 64, 3000 })
            {
                float[] mel = RandomMel(weights.Config.MelCount * frames, random);
                float[] expected = new float[whole.GetSampleCount(frames)];
                reference.Decode(mel, frames, expected);
                float[] audio = PushAll(stream, mel, weights.Config.MelCount, frames, () => random.Next(frames > 200 ? most : 0, most + 1));
                Assert.That(audio, Has.Length.EqualTo(expected.Length));
                worst = Math.Min(worst, Differences.SignalToNoiseDb(audio, expected));
                Assert.That(worst, Is.GreaterThanOrEqualTo(LeastDb), $"{frames} frames, pieces of up to {most}");
                // A whole mel through the network with state is decoded alike.
                session.Decode(mel, frames, audio);
                Assert.That(Differences.SignalToNoiseDb(audio, expected), Is.GreaterThanOrEqualTo(LeastDb), $"{frames} frames at once");
                stream.Reset();
            }
        TestContext.Out.WriteLine($"Least: {worst:F1} dB");
    }

    [Test]
    public void A_trunk_in_FP16_keeps_its_state_without_loss()
    {
        VocosCheckpoint weights = OnnxVariants.Tiny("tiny-center");
        using Vocoder whole = Load(weights, new OnnxExportOptions { Precision = OnnxPrecision.Fp16 });
        using Vocoder streaming = Load(weights, new OnnxExportOptions { Precision = OnnxPrecision.Fp16, Streaming = true });
        using VocoderSession reference = whole.CreateSession();
        using VocoderSession session = streaming.CreateSession();
        using VocoderStream stream = session.CreateStream();
        Random random = new(3);
        float[] mel = RandomMel(weights.Config.MelCount * 90, random);
        float[] expected = new float[whole.GetSampleCount(90)];
        reference.Decode(mel, 90, expected);
        float[] audio = PushAll(stream, mel, weights.Config.MelCount, 90, () => 10);
        TestContext.Out.WriteLine($"{Differences.SignalToNoiseDb(audio, expected):F1} dB");
        Assert.That(Differences.SignalToNoiseDb(audio, expected), Is.GreaterThan(60));
    }

    [TestCase(NetworkForm.Shift, 1)]
    [TestCase(NetworkForm.Shift, 10)]
    [TestCase(NetworkForm.Conv, 10)]
    [TestCase(NetworkForm.Conv, 64)]
    public void Each_layer_computes_each_frame_once(NetworkForm form, int frames)
    {
        VocosCheckpoint weights = OnnxVariants.Tiny("tiny-center");
        ModelProto model = OnnxExporter.Build(weights, new OnnxExportOptions { Form = form, Streaming = true, Layout = SpectrumLayout.FrameMajor });
        string[] computing = ["MatMul", "Conv", "LayerNormalization", "Gelu", "Exp", "Cos", "Sin"];
        NodeProto[] nodes = [.. model.Graph.Node.Where(node => computing.Contains(node.OpType))];
        foreach (NodeProto node in nodes)
            model.Graph.Output.Add(new ValueInfoProto
            {
                Name = node.Output[0],
                Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float } },
            });
        VocosConfig config = weights.Config;
        Dictionary<string, (int[] Shape, float[] Values)> results = OnnxRun.Run(
            model.ToByteArray(),
            ("mel", [1, config.MelCount, frames], RandomMel(config.MelCount * frames, new Random(1))),
            ("position", [1], [100f]),
            ("length", [1], [1e6f]),
            ("mel_state", [1, 6, config.MelCount], new float[6 * config.MelCount]),
            ("block_state", [config.LayerCount, 6, config.Dim], new float[config.LayerCount * 6 * config.Dim]));

        // Two products and a LayerNorm a block, two more norms, embedding and head; every one of as many rows as frames went in.
        Assert.That(nodes.Count(node => node.OpType is "MatMul" or "Conv"), Is.EqualTo((form == NetworkForm.Shift ? 2 : 3) * config.LayerCount + 2));
        foreach (NodeProto node in nodes)
        {
            int[] shape = results[node.Output[0]].Shape;
            int axis = node.OpType == "Conv" ? 2 : 1;
            Assert.That(shape[axis], Is.EqualTo(frames), $"{node.Name} computes [{string.Join(", ", shape)}]");
        }
        Assert.That(results["real"].Shape, Is.EqualTo(new[] { 1, frames, config.BinCount }));
    }

    [TestCase(NetworkForm.Shift)]
    [TestCase(NetworkForm.Conv)]
    public void A_push_allocates_nothing(NetworkForm form)
    {
        VocosCheckpoint weights = OnnxVariants.Tiny("tiny-center");
        using Vocoder vocoder = Load(weights, new OnnxExportOptions { Form = form, Streaming = true });
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        stream.WarmUp(10);
        float[] mel = RandomMel(weights.Config.MelCount * 10, new Random(1));
        float[] audio = new float[1 << 16];
        Utterance();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 3; i++)
            Utterance();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void Utterance()
        {
            stream.Reset();
            for (int i = 0; i < 12; i++)
            {
                stream.Push(mel, 10, i % 2 == 0 ? MelLayout.BandsMajor : MelLayout.FrameMajor);
                stream.Read(audio);
            }
            stream.Push(mel.AsSpan(0, 3 * weights.Config.MelCount), 3);
            stream.Complete();
            stream.Read(audio);
        }
    }

    [Test]
    public void A_push_through_a_whole_network_allocates_nothing()
    {
        VocosCheckpoint weights = OnnxVariants.Tiny("tiny-center");
        using Vocoder vocoder = Load(weights, new OnnxExportOptions());
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        stream.WarmUp(10);
        float[] mel = RandomMel(weights.Config.MelCount * 10, new Random(1));
        float[] audio = new float[1 << 16];
        long before = 0;
        for (int i = 0; i < 40; i++)
        {
            if (i == 10)
                before = GC.GetAllocatedBytesForCurrentThread();
            stream.Push(mel, 10);
            stream.Read(audio);
            if (i % 9 != 8)
                continue;
            stream.Complete();
            stream.Read(audio);
            stream.Reset();
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void The_published_shape_speaks_after_30_frames()
    {
        VocosConfig config = OnnxVariants.Tiny("tiny-center").Config;
        using Vocoder vocoder = Load(OnnxVariants.Tiny("tiny-center"), new OnnxExportOptions { Streaming = true });
        using VocoderSession session = vocoder.CreateSession();
        using VocoderStream stream = session.CreateStream();
        int pushed = 0;
        while (stream.AvailableSamples == 0)
            stream.Push(new float[config.MelCount], ++pushed > 0 ? 1 : 0);
        // The receptive field, half a window, and the frame whose samples they are.
        Assert.That(pushed, Is.EqualTo(config.ReceptiveFieldFrames + (config.FftLength / 2 / config.HopLength) + 1).And.EqualTo(stream.FirstSampleFrames));
    }

    [Test]
    public void The_metadata_say_that_it_streams_and_a_waveform_cannot()
    {
        VocosCheckpoint weights = OnnxVariants.Tiny("tiny-center");
        using Vocoder vocoder = Load(weights, new OnnxExportOptions { Streaming = true });
        Assert.That((vocoder.Metadata.IsStreaming, vocoder.Info.MaxBatch), Is.EqualTo((true, 1)));
        Assert.That(
            Assert.Throws<TrtVocoderException>(() => OnnxExporter.Export(weights, new OnnxExportOptions { Streaming = true, Signal = OutputKind.Waveform }))!.Message,
            Does.Contain("streaming"));
    }

    [Test]
    public void A_model_that_lacks_its_state_is_refused_by_the_tensors_name()
    {
        ModelProto model = OnnxExporter.Build(OnnxVariants.Tiny("tiny-center"), new OnnxExportOptions());
        model.MetadataProps.Add(new StringStringEntryProto { Key = "trtvocoder.streaming", Value = "true" });
        DataFormatException? refusal = Assert.Throws<DataFormatException>(() => OnnxDecoderModel.Load(model.ToByteArray(), "some.onnx").Dispose());
        Assert.That(refusal!.Message, Does.StartWith("some.onnx").And.Contain("'position'"));
    }

    private static Vocoder Load(VocosCheckpoint checkpoint, OnnxExportOptions options) => new(
        OnnxDecoderModel.Load(OnnxExporter.Export(checkpoint, options), "the model", new OnnxDecoderOptions { IntraOpThreads = 1 }),
        new VocoderOptions { MaxWindowFrames = 3000 });

    private static float[] RandomMel(int count, Random random) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 8) - 7)];

    private static float[] PushAll(VocoderStream stream, float[] mel, int melCount, int frames, Func<int> next)
    {
        List<float> audio = [];
        for (int first = 0; first < frames;)
        {
            int count = Math.Min(frames - first, next());
            float[] piece = new float[melCount * count];
            for (int band = 0; band < melCount; band++)
                mel.AsSpan((band * frames) + first, count).CopyTo(piece.AsSpan(band * count));
            stream.Push(piece, count);
            first += count;
        }
        stream.Complete();
        float[] rest = new float[stream.AvailableSamples];
        stream.Read(rest);
        audio.AddRange(rest);
        return [.. audio];
    }
}
