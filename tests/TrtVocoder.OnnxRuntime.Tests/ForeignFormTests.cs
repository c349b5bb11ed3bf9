using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>
/// Networks as other people export them, without metadata of this project: twins of the public forms (docs/formats.md), made of random
/// weights, each against the samples that its planes mean.
/// </summary>
public class ForeignFormTests
{
    private const int Frames = 23;
    private const double FullPrecisionDb = 100;
    private static readonly (string, string)[] Three = [("mag", "magnitude"), ("x", "cos"), ("y", "sin")];

    // All axes symbolic, as the commonest public file has them.
    private static readonly ModelHints SmallHop = new() { HopLength = TinyModels.Hop };

    [Test]
    public void Magnitude_cosine_and_sine_with_all_axes_symbolic_are_decoded(
        [Values("mag,x,y", "magnitude,cos,sin", "Mag,CosPhase,SinPhase", "stft_mag,phase_cos,phase_sin")] string names, [Values] SpectrumLayout layout)
    {
        string[] name = names.Split(',');
        using Vocoder vocoder = Load(TinyModels.Polar([(name[0], "magnitude"), (name[1], "cos"), (name[2], "sin")], layout, bins: "F"), SmallHop);

        Assert.That((vocoder.Metadata.FftLength, vocoder.Metadata.Layout), Is.EqualTo((16, layout)));
        Assert.That(Snr(vocoder), Is.GreaterThan(FullPrecisionDb));
    }

    [Test]
    public void Three_unnamed_outputs_are_told_by_their_values_and_noted([Values(0, 1, 2)] int magnitudeAt)
    {
        List<(string, string)> outputs = [("142", "cos"), ("145", "sin")];
        outputs.Insert(magnitudeAt, ("97", "magnitude"));
        using Vocoder vocoder = Load(TinyModels.Polar([.. outputs], frames: Frames), SmallHop);

        Assert.That(vocoder.Info.Notes, Has.Some.Contains("'97' [?, 9, 23] is taken for the magnitude, '142' [?, 9, 23] for the cosine"));
        Assert.That(Snr(vocoder), Is.GreaterThan(FullPrecisionDb));
    }

    [Test]
    public void Names_that_their_values_contradict_are_refused()
    {
        Refused(TinyModels.Polar([("mag", "log"), ("x", "cos"), ("y", "sin")]), "by their names, but not by their values");
        Refused(TinyModels.Polar([("a", "log"), ("b", "phase"), ("c", "log")]), "are not magnitude, cosine and sine by their values");
    }

    [TestCase("mag", "phase", "magnitude", "never negative")]
    [TestCase("magnitude", "p", "log", "a natural logarithm")]
    [TestCase("angle", "log_amplitude", "log", null)]
    [TestCase("142", "145", "magnitude", "is never negative and is taken for the magnitude")]
    public void Magnitude_and_phase_are_decoded_linear_or_logarithmic(string first, string second, string plane, string? note)
    {
        bool isPhaseFirst = first == "angle";
        using Vocoder vocoder = Load(
            TinyModels.Polar([(first, isPhaseFirst ? "phase" : plane), (second, isPhaseFirst ? plane : "phase")]), SmallHop);

        Assert.That(Snr(vocoder), Is.GreaterThan(FullPrecisionDb));
        Assert.That(vocoder.Info.Notes, note is null ? Has.None.Contains("magnitude") : Has.Some.Contains(note));
    }

    [Test]
    public void Mels_of_other_orders_types_and_unknown_bands_are_fed_as_the_network_takes_them()
    {
        using Vocoder frameMajor = Load(TinyModels.Polar(Three, isFrameMajorMel: true), SmallHop);
        Assert.That(Snr(frameMajor), Is.GreaterThan(FullPrecisionDb), "[B, T, M]");
        using Vocoder wide = Load(TinyModels.Polar(Three, type: TinyOnnx.Double), SmallHop);
        Assert.That(Snr(wide), Is.GreaterThan(FullPrecisionDb), "FP64");
        using Vocoder wideFrameMajor = Load(TinyModels.Polar(Three, type: TinyOnnx.Double, isFrameMajorMel: true), SmallHop);
        Assert.That(Snr(wideFrameMajor), Is.GreaterThan(FullPrecisionDb), "FP64 [B, T, M]");
        using Vocoder narrow = Load(TinyModels.Polar(Three, type: TinyOnnx.Float16), SmallHop);
        Assert.That(Snr(narrow), Is.GreaterThan(45), "FP16");
        foreach (bool isFrameMajor in (bool[])[false, true])
        {
            using Vocoder symbolic = Load(
                TinyModels.Polar(Three, input: ["B", "C", "T"], isFrameMajorMel: isFrameMajor), SmallHop with { MelCount = TinyModels.MelCount });
            Assert.That(Snr(symbolic), Is.GreaterThan(FullPrecisionDb), $"all axes symbolic, frame-major {isFrameMajor}");
        }
    }

    [Test]
    public void Inputs_beside_the_mel_get_their_obvious_values()
    {
        // Were the lengths or the mask other than frames and 1, the magnitudes would be scaled.
        TinyOnnx model = TinyModels.Polar([("m0", "magnitude"), ("x", "cos"), ("y", "sin")])
            .Input("mel_lengths", TinyOnnx.Int64, "B")
            .Input("mask", TinyOnnx.Float, "B", 1, "T")
            .Node("Cast", ["mel_lengths"], ["lengths"], ("to", [TinyOnnx.Float]))
            .Node("ReduceSum", ["mask"], ["sum"])
            .Node("ReduceMax", ["lengths"], ["length"])
            .Node("Div", ["sum", "length"], ["one"])
            .Node("Mul", ["m0", "one"], ["mag"])
            .Output("mag", TinyOnnx.Float, "B", TinyModels.Bins, "T");
        using Vocoder vocoder = Load(model, SmallHop);
        Assert.That(vocoder.Info.Form, Does.Contain("lengths 'mel_lengths', mask 'mask' to magnitude 'mag'"));
        Assert.That(Snr(vocoder), Is.GreaterThan(FullPrecisionDb));
    }

    [Test]
    public void Sixteen_bit_samples_are_of_full_scale_1_and_their_rate_may_be_in_the_name()
    {
        using Vocoder vocoder = Load(TinyModels.Waveform(type: TinyOnnx.Int16, name: "wav_22k"));
        float[] mel = TinyModels.RandomMel(Frames);
        float[] expected = [.. TinyModels.ReferenceSamples(mel, Frames).Select(sample => sample / 4)];

        Assert.That((vocoder.SampleRate, vocoder.GetSampleCount(Frames)), Is.EqualTo((22050, Frames * TinyModels.Hop)));
        Assert.That(vocoder.Info.Notes, Has.Some.Contains("22050 Hz is taken from the name"));
        Assert.That(Differences.Largest(Decode(vocoder, mel, Frames), expected), Is.LessThan(1 / 32768f));
    }

    [Test]
    public void A_waveform_of_one_hop_less_than_frames_is_centred()
    {
        // A kernel of 2 without padding gives T − 1 columns, each a hop of samples.
        float[] weight = [.. Enumerable.Range(0, TinyModels.Hop * TinyModels.MelCount * 2).Select(n => MathF.Sin(n))];
        using Vocoder vocoder = Load(new TinyOnnx()
            .Input("mel", TinyOnnx.Float, "B", TinyModels.MelCount, "T")
            .Weight("w", weight, TinyModels.Hop, TinyModels.MelCount, 2)
            .Node("Conv", ["mel", "w"], ["s"], ("kernel_shape", [2]))
            .Node("Transpose", ["s"], ["s_t"], ("perm", [0, 2, 1]))
            .Node("Flatten", ["s_t"], ["audio"], ("axis", [1]))
            .Output("audio", TinyOnnx.Float, "B", "N"));

        Assert.That((vocoder.Metadata.HopLength, vocoder.Metadata.Padding), Is.EqualTo((TinyModels.Hop, StftPadding.Center)));
        Assert.That(Decode(vocoder, TinyModels.RandomMel(Frames), Frames), Has.Length.EqualTo((Frames - 1) * TinyModels.Hop));
    }

    [Test]
    public void A_fixed_length_decodes_any_other_as_a_network_without_limits_does()
    {
        using Vocoder free = Load(TinyModels.Polar(Three), SmallHop);
        using Vocoder fixedLength = Load(TinyModels.Polar(Three, frames: Frames), SmallHop);
        foreach (int frames in (int[])[12, Frames - 1, Frames, Frames + 1, 100, 1000])
        {
            float[] mel = TinyModels.RandomMel(frames);
            Assert.That(Differences.SignalToNoise(Decode(free, mel, frames), Decode(fixedLength, mel, frames)), Is.GreaterThan(FullPrecisionDb), $"{frames} frames");
        }
    }

    private static Vocoder Load(TinyOnnx model, ModelHints? hints = null) =>
        new(OnnxDecoderModel.Load(model.ToBytes(), "foreign.onnx", new OnnxDecoderOptions { Model = hints ?? new ModelHints() }));

    private static double Snr(Vocoder vocoder)
    {
        float[] mel = TinyModels.RandomMel(Frames);
        return Differences.SignalToNoise(TinyModels.ReferencePolarSamples(mel, Frames), Decode(vocoder, mel, Frames));
    }

    private static float[] Decode(Vocoder vocoder, float[] mel, int frames)
    {
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        using VocoderSession session = vocoder.CreateSession();
        session.Decode(mel, frames, audio);
        return audio;
    }

    private static void Refused(TinyOnnx model, string sentence) =>
        Assert.That(() => Load(model, SmallHop), Throws.TypeOf<DataFormatException>().With.Message.Contains(sentence));
}
