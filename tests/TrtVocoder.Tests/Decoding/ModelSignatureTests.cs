using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.Tests.Decoding;

public class ModelSignatureTests
{
    private static readonly VocoderMetadata Known = new() { SampleRate = 24000, FftLength = 1024, HopLength = 256, MelCount = 100, Padding = StftPadding.Same };

    private static readonly TensorShape Mel = new("mel", [-1, 100, -1]);

    [TestCase("real", "imag", "real")]
    [TestCase("imag", "real", "real")]
    [TestCase("im", "re", "re")]
    [TestCase("spec_IMAG", "spec_REAL", "spec_REAL")]
    [TestCase("out0", "out1", "out0")]
    public void Outputs_are_found_by_name_else_by_order(string first, string second, string real)
    {
        ModelSignature found = Resolve([Mel], [new(first, [-1, 513, -1]), new(second, [-1, 513, -1])]);

        Assert.That(found.RealOrAudio.Name, Is.EqualTo(real));
        Assert.That(found.Imag?.Name, Is.EqualTo(real == first ? second : first));
    }

    [Test]
    public void Told_names_win()
    {
        ModelSignature found = Resolve(
            [Mel], [new("real", [-1, 513, -1]), new("imag", [-1, 513, -1]), new("a", [-1, 257, -1]), new("b", [-1, 257, -1])],
            hints: new ModelHints { RealOutput = "b", ImagOutput = "a" });

        Assert.That((found.RealOrAudio.Name, found.Imag?.Name, found.Metadata.FftLength), Is.EqualTo(("b", "a", 512)));
        Assert.That(() => Resolve([Mel], [new("x", [-1, 513, -1])], hints: new ModelHints { RealOutput = "y", ImagOutput = "x" }),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("has no output 'y'; its outputs are 'x' [?, 513, ?]"));
    }

    [Test]
    public void A_foreign_model_gets_the_documented_defaults()
    {
        VocoderMetadata found = Resolve([new("x", [1, 80, -1])], [new("a", [1, -1, 257]), new("b", [1, -1, 257])]).Metadata;

        Assert.That(found, Is.EqualTo(new VocoderMetadata
        {
            SampleRate = 24000,
            FftLength = 512,
            HopLength = 128,
            MelCount = 80,
            Padding = StftPadding.Center,
            Layout = SpectrumLayout.FrameMajor,
        }));
    }

    [Test]
    public void Fixed_frames_tell_the_axes_apart()
    {
        Assert.That(Resolve([new("x", [1, 80, 64])], [new("a", [1, 64, 257]), new("b", [1, 64, 257])]).Metadata.Layout, Is.EqualTo(SpectrumLayout.FrameMajor));
        Assert.That(Resolve([new("x", [1, 80, 64])], [new("a", [1, 257, 64]), new("b", [1, 257, 64])]).Metadata.Layout, Is.EqualTo(SpectrumLayout.BinsMajor));
        Assert.That(() => Resolve([Mel], [new("a", [-1, -1, -1]), new("b", [-1, -1, -1])]),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("which axis"));
        Assert.That(Resolve([Mel], [new("a", [-1, -1, -1]), new("b", [-1, -1, -1])], hints: new ModelHints { FftLength = 64 }).Metadata.FftLength, Is.EqualTo(64));
    }

    [TestCase(new long[] { -1, -1 })]
    [TestCase(new long[] { -1, 1, -1 })]
    public void A_single_output_of_rank_two_or_one_channel_is_samples(long[] shape)
    {
        ModelSignature found = Resolve([Mel], [new("y", shape)]);

        Assert.That((found.Metadata.Signal, found.Imag, found.Metadata.FftLength, found.Metadata.HopLength), Is.EqualTo((OutputKind.Waveform, (TensorShape?)null, 1024, 256)));
    }

    [Test]
    public void The_models_own_word_wins_over_hints()
    {
        VocoderMetadata found = Resolve([Mel], [new("re", [-1, 513, -1]), new("im", [-1, 513, -1])], Known, new ModelHints { SampleRate = 8000, ReceptiveFieldFrames = 27 }).Metadata;

        Assert.That(found, Is.EqualTo(Known with { ReceptiveFieldFrames = 27 }));
    }

    [Test]
    public void Metadata_that_contradict_the_shapes_are_refused()
    {
        TensorShape[] spectrum = [new("re", [-1, 513, -1]), new("im", [-1, 513, -1])];
        Refused([new("mel", [-1, 80, -1])], spectrum, "metadata say 100 mel bands, but its input is 'mel' [?, 80, ?]");
        Refused([Mel], [new("re", [-1, 257, -1]), new("im", [-1, 257, -1])], "metadata say [batch, 513 bins, frames], but its output is 're' [?, 257, ?]");
        Refused([Mel], [new("audio", [-1, -1])], "say that it puts out a spectrum, but its outputs are 'audio' [?, ?]");
        Refused([new("mel", [1, 100, 64])], [new("re", [1, 513, 65]), new("im", [1, 513, 65])], "metadata say [batch, 513 bins, frames]");

        static void Refused(TensorShape[] inputs, TensorShape[] outputs, string sentence) =>
            Assert.That(() => Resolve(inputs, outputs, Known), Throws.TypeOf<DataFormatException>().With.Message.StartsWith("m.onnx: ").And.Message.Contains(sentence));
    }

    [Test]
    public void Models_that_are_no_vocoders_are_refused()
    {
        TensorShape[] spectrum = [new("re", [-1, 513, -1]), new("im", [-1, 513, -1])];
        Refused([new("a", [-1, 3, 224, 224])], spectrum, "takes one mel [batch, n_mels, frames]; this model takes 'a' [?, 3, 224, 224]");
        Refused([Mel, new("n", [1])], spectrum, "this model takes 'mel' [?, 100, ?], 'n' [1]");
        Refused([new("mel", [-1, -1, 100])], spectrum, "looks like [batch, frames, n_mels]");
        Refused([new("mel", [-1, -1, -1])], spectrum, "does not say how many mel bands");
        Refused([Mel], [new("mag", [-1, 513, -1]), new("x", [-1, 513, -1]), new("y", [-1, 513, -1])], "tell them by ModelHints.RealOutput");
        Refused([Mel], [new("y", [-1, 513, -1])], "is not samples");
        Refused([Mel], [new("a", [-1, 513, -1]), new("b", [-1, 257, -1])], "are not the real and imaginary parts of one spectrum");

        static void Refused(TensorShape[] inputs, TensorShape[] outputs, string sentence) =>
            Assert.That(() => Resolve(inputs, outputs), Throws.TypeOf<DataFormatException>().With.Message.Contains(sentence));
    }

    private static ModelSignature Resolve(TensorShape[] inputs, TensorShape[] outputs, VocoderMetadata? metadata = null, ModelHints? hints = null) =>
        ModelSignature.Resolve("m.onnx", inputs, outputs, metadata, hints ?? new ModelHints());
}
