using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>Engines whose mel and outputs are FP16: the host sees FP32, of the outputs as far as it asks for them.</summary>
public class HalfEngineTests : SimulatedGpu
{
    private const int Batch = 2;
    private const int Frames = 27;
    private static readonly OnnxExportOptions Waveform = new() { Signal = OutputKind.Waveform };

    // Values that FP16 holds, so that both engines see the same.
    private static float[] Mel()
    {
        Random random = new(1);
        return [.. Enumerable.Range(0, Batch * 100 * Frames).Select(_ => (float)(Half)((random.NextSingle() * 8) - 8))];
    }

    private static float[] Rounded(ReadOnlySpan<float> values)
    {
        float[] rounded = new float[values.Length];
        for (int i = 0; i < rounded.Length; i++)
            rounded[i] = (float)(Half)values[i];
        return rounded;
    }

    private static OnnxExportOptions? Spectra(SpectrumLayout layout) =>
        layout == SpectrumLayout.BinsMajor ? null : new() { Layout = layout };

    [Test]
    public void Spectra_are_those_of_FP32_rounded(
        [Values(BufferMode.Pinned, BufferMode.Mapped)] BufferMode buffers, [Values] SpectrumLayout layout, [Values] bool isKept)
    {
        TrtDecoderOptions options = new() { Buffers = buffers };
        using TrtDecoderModel single = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", Spectra(layout)), options);
        using TrtDecoderModel half = TrtDecoderModel.Load(TestEngines.HalfEngine("tiny-center", Spectra(layout)), options);
        using TrtDecoder expected = single.CreateDecoder();
        using TrtDecoder actual = half.CreateDecoder();
        if (isKept)
            actual.PrepareShape(Batch, Frames);
        Mel().CopyTo(expected.BeginInput(Batch, Frames));
        Mel().CopyTo(actual.BeginInput(Batch, Frames));
        DecoderOutput wide = expected.Run();
        DecoderOutput narrow = actual.Run();
        for (int item = 0; item < Batch; item++)
        {
            Assert.That(narrow.GetSpectrum(item).Real.ToArray(), Is.EqualTo(Rounded(wide.GetSpectrum(item).Real)));
            Assert.That(narrow.GetSpectrum(item).Imag.ToArray(), Is.EqualTo(Rounded(wide.GetSpectrum(item).Imag)));
        }
    }

    [Test]
    public void Of_a_spectrum_only_the_frames_asked_for_are_widened([Values] SpectrumLayout layout)
    {
        const int First = 5;
        const int Count = 3;
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.HalfEngine("tiny-center", Spectra(layout)));
        using TrtDecoder whole = model.CreateDecoder();
        using TrtDecoder partly = model.CreateDecoder();
        Mel().CopyTo(whole.BeginInput(Batch, Frames));
        Mel().CopyTo(partly.BeginInput(Batch, Frames));
        Spectrum all = whole.Run().GetSpectrum(1);
        Spectrum part = partly.Run().GetSpectrum(1, First, Count);
        Assert.That((part.FirstFrame, part.FrameCount, part.RowFrames), Is.EqualTo((First, Count, Frames)));
        for (int i = 0; i < all.Real.Length; i++)
        {
            int frame = layout == SpectrumLayout.BinsMajor ? i % Frames : i / all.Bins;
            bool isAsked = frame is >= First and < First + Count;
            Assert.That((part.Real[i], part.Imag[i]), Is.EqualTo(isAsked ? (all.Real[i], all.Imag[i]) : (0, 0)), $"value {i}");
        }
    }

    [Test]
    public void Of_a_waveform_only_the_samples_asked_for_are_widened()
    {
        using TrtDecoderModel single = TrtDecoderModel.Load(TestEngines.Engine("tiny-center", Waveform));
        using TrtDecoderModel half = TrtDecoderModel.Load(TestEngines.HalfEngine("tiny-center", Waveform));
        using TrtDecoder expected = single.CreateDecoder();
        using TrtDecoder actual = half.CreateDecoder();
        Mel().CopyTo(expected.BeginInput(Batch, Frames));
        Mel().CopyTo(actual.BeginInput(Batch, Frames));
        float[] wide = Rounded(expected.Run().GetAudio(1));
        DecoderOutput output = actual.Run();
        Assert.That(output.Samples, Is.EqualTo(wide.Length));
        Assert.That(output.GetAudio(1, 100, 50).ToArray(), Is.EqualTo(wide[100..150]));
        Assert.That(() => actual.Run(), Throws.Nothing);
        Assert.That(actual.Run().GetAudio(1).ToArray(), Is.EqualTo(wide));
    }

    [Test]
    public void A_decode_allocates_nothing_managed()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.HalfEngine("tiny-center"));
        using TrtDecoder decoder = model.CreateDecoder();
        Run(3);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(10);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                decoder.BeginInput(1, 5).Clear();
                decoder.Run().GetSpectrum(0, 1, 2);
            }
        }
    }
}
