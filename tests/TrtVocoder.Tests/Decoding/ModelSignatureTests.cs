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

        Assert.That(found.Form, Is.EqualTo(SpectrumForm.RealImaginary));
        Assert.That(found.Outputs.Select(output => output.Name), Is.EqualTo((string[])[real, real == first ? second : first]));
    }

    [TestCase("mag", "p", SpectrumForm.MagnitudePhase)]
    [TestCase("phase", "magnitude", SpectrumForm.MagnitudePhase)]
    [TestCase("log_amplitude", "angle", SpectrumForm.LogMagnitudePhase)]
    [TestCase("logMag", "out", SpectrumForm.LogMagnitudePhase)]
    public void Magnitude_and_phase_are_not_taken_for_real_and_imaginary_parts(string first, string second, object form)
    {
        ModelSignature found = Resolve([Mel], [new(first, [-1, 513, -1]), new(second, [-1, 513, -1])]);

        Assert.That(found.Form, Is.EqualTo(form));
        Assert.That(OutputNames.RoleOf(found.Outputs[1].Name), Is.AnyOf(OutputRole.Phase, OutputRole.Unknown));
    }

    [TestCase("mag", "x", "y")]
    [TestCase("Magnitude", "cosPhase", "sin_phase")]
    [TestCase("vocos_abs", "COS", "SIN")]
    [TestCase("stft_mag", "phase_cos", "phase_sin")]
    public void Magnitude_cosine_and_sine_are_found_by_name_in_any_spelling_and_order(string magnitude, string cos, string sin)
    {
        ModelSignature found = Resolve([Mel], [new(sin, [-1, 513, -1]), new(magnitude, [-1, 513, -1]), new(cos, [-1, 513, -1])]);

        Assert.That(found.Form, Is.EqualTo(SpectrumForm.MagnitudeCosineSine));
        Assert.That(found.Outputs.Select(output => output.Name), Is.EqualTo((string[])[magnitude, cos, sin]));
    }

    [Test]
    public void What_is_guessed_or_assumed_is_noted()
    {
        TensorShape[] unnamed = [new("142", [-1, 513, -1]), new("145", [-1, 513, -1])];
        Assert.That(Resolve([Mel], unnamed).Notes, Has.Count.EqualTo(2).And.Some.Contains("the first is taken for the real parts").And.Some.Contains("24000 Hz and a hop of 256 samples"));
        Assert.That(Resolve([Mel], [new("re", [-1, 513, -1]), new("im", [-1, 513, -1])], hints: new ModelHints { SampleRate = 24000, HopLength = 256 }).Notes, Is.Empty);
        Assert.That(Resolve([Mel], unnamed, Known).Notes, Is.Empty);
    }

    [Test]
    public void The_metadata_of_other_exporters_are_used()
    {
        ModelHints hints = new ModelHints().With(new Dictionary<string, string> { ["sample_rate"] = "22050", ["n_fft"] = "1024", ["hop_length"] = "300", ["center"] = "1" }, "m.onnx");
        ModelSignature found = Resolve([Mel], [new("re", [-1, 513, -1]), new("im", [-1, 513, -1])], hints: hints);
        Assert.That((found.Metadata.SampleRate, found.Metadata.HopLength, found.Notes.Count), Is.EqualTo((22050, 300, 0)));
        Assert.That(
            () => new ModelHints().With(new Dictionary<string, string> { ["sample_rate"] = "2147483647" }, "m.onnx"),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("'sample_rate' is '2147483647'"));
    }

    [Test]
    public void Shapes_and_hints_beyond_any_vocoder_are_refused()
    {
        Assert.That(() => Resolve([Mel], [new("re", [-1, 1L << 30, -1]), new("im", [-1, 1L << 30, -1])]), Throws.TypeOf<DataFormatException>().With.Message.Contains("no vocoder's"));
        Assert.That(() => Resolve([new("mel", [-1, int.MaxValue, -1])], [new("audio", [-1, -1])]), Throws.TypeOf<DataFormatException>().With.Message.Contains("no vocoder's"));
    }

    [Test]
    public void Told_names_win()
    {
        ModelSignature found = Resolve(
            [Mel], [new("real", [-1, 513, -1]), new("imag", [-1, 513, -1]), new("a", [-1, 257, -1]), new("b", [-1, 257, -1])],
            hints: new ModelHints { RealOutput = "b", ImagOutput = "a" });

        Assert.That((found.Outputs[0].Name, found.Outputs[1].Name, found.Metadata.FftLength), Is.EqualTo(("b", "a", 512)));
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
        Assert.That(Resolve([Mel], [new("a", [-1, -1, -1]), new("b", [-1, -1, -1])], hints: new ModelHints { FftLength = 64 }).Metadata.FftLength, Is.EqualTo(64));
    }

    [TestCase(new long[] { -1, -1 })]
    [TestCase(new long[] { -1, 1, -1 })]
    public void A_single_output_of_rank_two_or_one_channel_is_samples(long[] shape)
    {
        ModelSignature found = Resolve([Mel], [new("y", shape)]);

        Assert.That((found.Metadata.Signal, found.Form, found.Metadata.FftLength, found.Metadata.HopLength), Is.EqualTo((OutputKind.Waveform, (SpectrumForm?)null, 1024, 256)));
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
        Refused([new("tokens", [-1, -1], IsInteger: true)], spectrum, "codes or tokens");
        Refused([Mel, new("n", [1])], spectrum, "beside its mel it takes 'n' [1], whose value is not obvious");
        Refused([new("mel", [-1, -1, -1])], spectrum, "does not say how many mel bands");
        Refused([Mel], [new("y", [-1, 513, -1])], "is not samples");
        Refused([Mel], [new("a", [-1, 513, -1]), new("b", [-1, 257, -1])], "are not the real and imaginary parts of one spectrum");

        static void Refused(TensorShape[] inputs, TensorShape[] outputs, string sentence) =>
            Assert.That(() => Resolve(inputs, outputs), Throws.TypeOf<DataFormatException>().With.Message.Contains(sentence));
    }

    [Test]
    public void Inputs_of_other_orders_and_with_obvious_companions_are_taken()
    {
        TensorShape[] spectrum = [new("re", [-1, 513, -1]), new("im", [-1, 513, -1])];
        Assert.That(Resolve([new("mel", [-1, -1, 100])], spectrum).Inputs.ShapeFor(2, 7), Is.EqualTo((long[])[2, 7, 100]));
        Assert.That(Resolve([new("mel", [1, 256, 80])], [new("audio", [1, -1])]).Inputs.FixedFrames, Is.EqualTo(256));
        Assert.That(Resolve([new("x", [1, 100, 2048])], spectrum).Inputs.IsFrameMajor, Is.False);
        Assert.That(Resolve([new("x", [-1, -1, -1])], spectrum, hints: new ModelHints { MelCount = 80 }).Metadata.MelCount, Is.EqualTo(80));

        NetworkInputs inputs = Resolve(
            [new("mel_lengths", [-1], IsInteger: true), Mel, new("mel_mask", [-1, 1, -1])], spectrum).Inputs;
        Assert.That(inputs.Mel, Is.EqualTo(Mel));
        Assert.That(inputs.Extras.Select(extra => (extra.Role, extra.ValueFor(9))), Is.EqualTo(((InputRole, int)[])[(InputRole.Lengths, 9), (InputRole.Mask, 1)]));
        Assert.That(inputs.Extras.Select(extra => extra.ShapeFor(2, 9)), Is.EqualTo((long[][])[[2], [2, 1, 9]]));

        TensorShape bandwidth = new("bandwidth_id", [1], IsInteger: true);
        Assert.That(Resolve([Mel, bandwidth], spectrum, hints: new ModelHints { BandwidthId = 2 }).Inputs.Extras[0].ValueFor(9), Is.EqualTo(2));
        Assert.That(
            () => Resolve([Mel, bandwidth], spectrum),
            Throws.TypeOf<DataFormatException>().With.Property("Kind").EqualTo(FailureKind.BandwidthUnknown).And.Message.Contains("'bandwidth_id' [1]"));
    }

    [Test]
    public void Of_several_sounds_one_is_chosen_by_name_and_its_name_may_tell_the_rate()
    {
        TensorShape[] outputs = [new("audio_48k", [-1, -1]), new("audio_24k", [-1, -1]), new("lengths", [-1], IsInteger: true)];
        Assert.That(() => Resolve([Mel], outputs), Throws.TypeOf<DataFormatException>().With.Message.Contains("one must be chosen by its name"));

        ModelSignature found = Resolve([Mel], outputs, hints: new ModelHints { AudioOutput = "audio_48k" });
        Assert.That((found.Metadata.SampleRate, found.Metadata.Signal), Is.EqualTo((48000, OutputKind.Waveform)));
        Assert.That(found.Notes, Has.Some.Contains("48000 Hz is taken from the name of its output"));
    }

    private static ModelSignature Resolve(TensorShape[] inputs, TensorShape[] outputs, VocoderMetadata? metadata = null, ModelHints? hints = null) =>
        ModelSignature.Resolve("m.onnx", inputs, outputs, metadata, hints ?? new ModelHints());
}
