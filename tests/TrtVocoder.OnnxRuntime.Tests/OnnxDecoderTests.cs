using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.OnnxRuntime.Tests;

public class OnnxDecoderTests
{
    private const float Tolerance = 1e-5f;

    // Values up to about 8 have a float16 spacing of 2^-8.
    private const float HalfTolerance = 0.02f;

    [TestCase("real", "imag", SpectrumLayout.BinsMajor, TinyOnnx.Float)]
    [TestCase("re", "im", SpectrumLayout.FrameMajor, TinyOnnx.Float)]
    [TestCase("out_a", "out_b", SpectrumLayout.BinsMajor, TinyOnnx.Float)]
    [TestCase("real", "imag", SpectrumLayout.BinsMajor, TinyOnnx.Float16)]
    [TestCase("real", "imag", SpectrumLayout.FrameMajor, TinyOnnx.Float16)]
    public void Foreign_spectrum_models_run(string real, string imag, SpectrumLayout layout, int type)
    {
        using OnnxDecoderModel model = OnnxDecoderModel.Load(TinyModels.Spectrum(real, imag, layout, type).ToBytes(), "tiny.onnx");
        using IDecoder decoder = model.CreateDecoder();

        Assert.That(model.Info.Metadata, Is.EqualTo(TinyModels.Metadata with { SampleRate = 24000, Layout = layout, ReceptiveFieldFrames = null }));
        foreach ((int batch, int frames) in new[] { (1, 1), (3, 17), (2, 40), (1, 1), (3, 17) })
            Assert.That(SpectrumError(decoder, batch, frames), Is.LessThan(type == TinyOnnx.Float ? Tolerance : HalfTolerance), $"batch {batch}, frames {frames}");
    }

    [Test]
    public void More_shapes_than_are_remembered_run_right()
    {
        using OnnxDecoderModel model = OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "tiny.onnx");
        using IDecoder decoder = model.CreateDecoder();
        for (int round = 0; round < 3; round++)
            for (int frames = 1; frames < 25; frames++)
                Assert.That(SpectrumError(decoder, 1 + (frames % 3), frames), Is.LessThan(Tolerance), $"round {round}, frames {frames}");
    }

    [Test]
    public void A_decoder_in_use_refuses_another_thread_and_disposes_when_left()
    {
        using OnnxDecoderModel model = OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "tiny.onnx");
        IDecoder decoder = model.CreateDecoder();
        bool hasEnded = false;
        Thread running = new(() =>
        {
            while (!hasEnded)
            {
                try
                {
                    decoder.BeginInput(1, 2000).Clear();
                    decoder.Run();
                }
                catch (InvalidOperationException refusal)
                {
                    // The other thread may be inside too; after disposal it is an ObjectDisposedException, which is one of these.
                    hasEnded = refusal is ObjectDisposedException;
                }
            }
        });
        running.Start();
        Assert.That(() => decoder.Times, Throws.InvalidOperationException.With.Message.Contains("another thread").After(20000, 1));
        decoder.Dispose();
        running.Join();
        Assert.That(() => decoder.Times, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void A_shape_more_than_are_remembered_costs_the_earliest_used_only()
    {
        using OnnxDecoderModel model = OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "tiny.onnx");
        using IDecoder decoder = model.CreateDecoder();
        // The longest first, so that no memory moves afterwards. The first is used again before the ninth comes: the second is the earliest then.
        int[] lengths = [40, 1, 2, 3, 4, 5, 6, 7, 40, 8];
        int[] kept = [40, 2, 3, 4, 5, 6, 7, 8];
        foreach (int frames in lengths)
            RunSilence(decoder, frames);
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (int frames in kept)
            RunSilence(decoder, frames);
        long again = GC.GetAllocatedBytesForCurrentThread();
        RunSilence(decoder, 1);
        long afterwards = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(again - before, Is.Zero, "bytes of binding again");
        Assert.That(afterwards - again, Is.Positive, "the one that went");

        static void RunSilence(IDecoder decoder, int frames)
        {
            decoder.BeginInput(1, frames).Clear();
            decoder.Run();
        }
    }

    [Test]
    public void After_a_shape_that_is_too_large_the_others_run_as_before()
    {
        using OnnxDecoderModel model = OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "tiny.onnx");
        using IDecoder decoder = model.CreateDecoder();
        Assert.That(SpectrumError(decoder, 1, 256), Is.LessThan(Tolerance));
        // The mel would fit into one tensor, the spectrum does not.
        Assert.That(() => decoder.BeginInput(1, 300_000_000), Throws.TypeOf<TrtVocoderException>().With.Message.Contains("2700000000 values"));
        // Another mel, since what was there before may still be where no memory is any more.
        Assert.That(SpectrumError(decoder, 1, 256, seed: 7), Is.LessThan(Tolerance));
        Assert.That(SpectrumError(decoder, 2, 300), Is.LessThan(Tolerance));
    }

    [Test]
    public void A_fixed_batch_runs_also_with_fewer_items()
    {
        using OnnxDecoderModel model = OnnxDecoderModel.Load(TinyModels.Spectrum(batch: 4).ToBytes(), "tiny.onnx");
        using IDecoder decoder = model.CreateDecoder();

        Assert.That(model.Info.MaxBatch, Is.EqualTo(4));
        Assert.That(SpectrumError(decoder, 4, 9), Is.LessThan(Tolerance));
        Assert.That(SpectrumError(decoder, 1, 9), Is.LessThan(Tolerance));
        Assert.That(() => decoder.BeginInput(5, 9), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("1 to 4 items, not 5").And.Message.Not.Contains("\n"));
    }

    [Test]
    public void Fixed_frames_are_the_limit_and_the_window()
    {
        ModelHints hints = new() { ReceptiveFieldFrames = TinyModels.ReceptiveField };
        using OnnxDecoderModel fixedModel = OnnxDecoderModel.Load(TinyModels.Spectrum(frames: 12).ToBytes(), "fixed.onnx", new OnnxDecoderOptions { Model = hints });
        Assert.That((fixedModel.Info.MinFrames, fixedModel.Info.MaxFrames), Is.EqualTo((12, 12)));
        using (IDecoder decoder = fixedModel.CreateDecoder())
            Assert.That(() => decoder.BeginInput(1, 13), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("12 to 12 frames"));

        using Vocoder whole = new(OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "free.onnx"));
        using Vocoder chunked = new(fixedModel);
        float[] mel = TinyModels.RandomMel(55);

        Assert.That(Differences.Largest(Decode(chunked, mel, 55), Decode(whole, mel, 55)), Is.LessThan(Tolerance));
    }

    [TestCase(false, TinyOnnx.Float, false)]
    [TestCase(true, TinyOnnx.Float, false)]
    [TestCase(false, TinyOnnx.Float16, false)]
    [TestCase(false, TinyOnnx.Float, true)]
    public void Foreign_waveform_models_give_all_their_samples_unless_they_are_told_to_be_centred(bool channel, int type, bool isTold)
    {
        ModelHints hints = isTold ? new() { FftLength = 16, Padding = StftPadding.Center } : new();
        using Vocoder vocoder = new(OnnxDecoderModel.Load(
            TinyModels.Waveform(channel, type).ToBytes(), "wave.onnx", new OnnxDecoderOptions { Model = hints }));
        using VocoderSession session = vocoder.CreateSession();
        foreach ((int batch, int frames) in new[] { (1, 5), (3, 20), (1, 5), (2, 31) })
        {
            float[] mel = TinyModels.RandomMel(frames, batch);
            float[] audio = new float[batch * vocoder.GetSampleCount(frames)];
            int samples = session.DecodeBatch(mel, batch, frames, audio);
            Assert.That(samples, Is.EqualTo((isTold ? frames - 1 : frames) * TinyModels.Hop));
            for (int item = 0; item < batch; item++)
            {
                float[] reference = TinyModels.ReferenceSamples(mel.AsSpan(item * TinyModels.MelCount * frames, TinyModels.MelCount * frames), frames);
                double error = Differences.Largest(audio.AsSpan(item * samples, samples), reference.AsSpan(0, samples));
                Assert.That(error, Is.LessThan(type == TinyOnnx.Float ? Tolerance : HalfTolerance), $"item {item} of {batch}, frames {frames}");
            }
        }
    }

    [Test]
    public void A_waveform_of_another_hop_than_was_told_is_refused() => Assert.That(
        () => OnnxDecoderModel.Load(
            TinyModels.Waveform().ToBytes(), "wave.onnx", new OnnxDecoderOptions { Model = new ModelHints { FftLength = 64, HopLength = 8 } }),
        Throws.TypeOf<DataFormatException>().With.Property("Kind").EqualTo(FailureKind.HopLengthWrong)
            .And.Message.EqualTo("wave.onnx: it puts out 4 samples a frame, not 8."));

    [Test]
    public void Decoding_allocates_nothing_after_warm_up([Values(TinyOnnx.Float, TinyOnnx.Float16)] int type, [Values] OutputKind signal)
    {
        byte[] file = (signal == OutputKind.Spectrum ? TinyModels.Spectrum(type: type) : TinyModels.Waveform(type: type)).ToBytes();
        using Vocoder vocoder = new(
            OnnxDecoderModel.Load(file, "tiny.onnx", new OnnxDecoderOptions { Model = new ModelHints { FftLength = 16, ReceptiveFieldFrames = TinyModels.ReceptiveField } }),
            new VocoderOptions { MaxWindowFrames = 20 });
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = TinyModels.RandomMel(30);
        float[] audio = new float[1000];
        Decode();
        Decode();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 5; round++)
            Decode();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);

        void Decode()
        {
            for (int frames = 30; frames > 0; frames -= 10)
                session.Decode(mel.AsSpan(0, TinyModels.MelCount * frames), frames, audio);
        }
    }

    [Test]
    public void Run_without_prepare_is_refused()
    {
        using OnnxDecoderModel model = OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "tiny.onnx");
        using IDecoder decoder = model.CreateDecoder();

        Assert.That(() => decoder.Run(), Throws.InvalidOperationException);
    }

    [Test]
    public void Sessions_of_many_threads_share_one_model()
    {
        using Vocoder vocoder = new(
            OnnxDecoderModel.Load(TinyModels.Spectrum().Metadata(TinyModels.Metadata.ToProperties()).ToBytes(), "tiny.onnx"), new VocoderOptions { MaxWindowFrames = 16 });
        float[][] mels = [.. Enumerable.Range(0, 6).Select(i => TinyModels.RandomMel(20 + (7 * i), seed: i))];
        float[][] alone = [.. mels.Select(mel => Decode(vocoder, mel, mel.Length / TinyModels.MelCount))];
        double[] errors = new double[mels.Length];

        Parallel.For(0, mels.Length, new ParallelOptions { MaxDegreeOfParallelism = mels.Length }, i =>
        {
            for (int round = 0; round < 20; round++)
                errors[i] = Math.Max(errors[i], Differences.Largest(Decode(vocoder, mels[i], mels[i].Length / TinyModels.MelCount), alone[i]));
        });

        Assert.That(errors, Is.All.LessThan(Tolerance));
    }

    [Test]
    public void Decoders_outlive_their_model_and_all_can_be_disposed_twice()
    {
        OnnxDecoderModel model = OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "tiny.onnx");
        IDecoder decoder = model.CreateDecoder();

        model.Dispose();
        model.Dispose();

        Assert.That(SpectrumError(decoder, 1, 9), Is.LessThan(Tolerance));
        Assert.That(() => model.CreateDecoder(), Throws.TypeOf<ObjectDisposedException>());
        decoder.Dispose();
        decoder.Dispose();
        Assert.That(() => decoder.BeginInput(1, 9), Throws.TypeOf<ObjectDisposedException>());
    }

    private static double SpectrumError(IDecoder decoder, int batch, int frames, int? seed = null)
    {
        float[] mel = TinyModels.RandomMel(frames, batch, seed: seed ?? frames);
        mel.CopyTo(decoder.BeginInput(batch, frames));
        DecoderOutput output = decoder.Run();
        double error = 0;
        for (int item = 0; item < batch; item++)
        {
            (float[] real, float[] imag) = TinyModels.ReferenceSpectrum(mel.AsSpan(item * TinyModels.MelCount * frames, TinyModels.MelCount * frames), frames);
            Spectrum spectrum = output.GetSpectrum(item);
            error = Math.Max(error, Math.Max(Differences.Largest(BinsMajor(spectrum, spectrum.Real), real), Differences.Largest(BinsMajor(spectrum, spectrum.Imag), imag)));
        }
        return error;
    }

    private static float[] BinsMajor(Spectrum spectrum, ReadOnlySpan<float> values)
    {
        float[] result = new float[values.Length];
        for (int bin = 0; bin < spectrum.Bins; bin++)
            for (int frame = 0; frame < spectrum.RowFrames; frame++)
                result[(bin * spectrum.RowFrames) + frame] = spectrum.Layout == SpectrumLayout.BinsMajor
                    ? values[(bin * spectrum.RowFrames) + frame]
                    : values[(frame * spectrum.Bins) + bin];
        return result;
    }

    private static float[] Decode(Vocoder vocoder, float[] mel, int frames)
    {
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(mel, frames, audio);
        return audio;
    }
}
