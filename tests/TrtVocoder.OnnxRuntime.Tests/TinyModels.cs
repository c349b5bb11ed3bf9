using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>Small models of two convolutions, whose outputs are computed plainly beside them: 5 mel bands, n_fft 16, hop 4.</summary>
internal static class TinyModels
{
    public const int MelCount = 5;
    public const int Bins = 9;
    public const int Hop = 4;
    public const int ReceptiveField = 2;

    private static readonly Convolution3 Hidden = Convolution3.Random(MelCount, 6, 1);
    private static readonly Convolution3 Real = Convolution3.Random(6, Bins, 2);
    private static readonly Convolution3 Imag = Convolution3.Random(6, Bins, 3);
    private static readonly Convolution3 Samples = Convolution3.Random(6, Hop, 4);

    public static VocoderMetadata Metadata { get; } = new()
    {
        SampleRate = 8000,
        FftLength = 2 * (Bins - 1),
        HopLength = Hop,
        MelCount = MelCount,
        Padding = StftPadding.Center,
        ReceptiveFieldFrames = ReceptiveField,
    };

    /// <summary>A model that puts out a spectrum.</summary>
    public static TinyOnnx Spectrum(
        string real = "real", string imag = "imag", SpectrumLayout layout = SpectrumLayout.BinsMajor, int type = TinyOnnx.Float, object? batch = null, object? frames = null,
        int bins = Bins)
    {
        batch ??= "B";
        frames ??= "T";
        object[] shape = layout == SpectrumLayout.BinsMajor ? [batch, bins, frames] : [batch, frames, bins];
        return new TinyOnnx()
            .Input("x", type, batch, MelCount, frames)
            .Node("Cast", ["x"], ["x32"], ("to", [TinyOnnx.Float]))
            .Convolution("x32", "h", Hidden)
            .Convolution("h", "re32", Real)
            .Convolution("h", "im32", Imag)
            .Node("Transpose", ["re32"], ["re_t"], ("perm", layout == SpectrumLayout.BinsMajor ? [0, 1, 2] : [0, 2, 1]))
            .Node("Transpose", ["im32"], ["im_t"], ("perm", layout == SpectrumLayout.BinsMajor ? [0, 1, 2] : [0, 2, 1]))
            .Node("Cast", ["re_t"], [real], ("to", [type]))
            .Node("Cast", ["im_t"], [imag], ("to", [type]))
            .Output(real, type, shape)
            .Output(imag, type, shape);
    }

    /// <summary>
    /// A model whose convolutions give logarithm of the magnitude and phase, and which puts out planes made of them under the names given:
    /// <c>log</c>, <c>magnitude</c>, <c>phase</c>, <c>cos</c>, <c>sin</c>.
    /// </summary>
    public static TinyOnnx Polar(
        (string Name, string Plane)[] outputs, SpectrumLayout layout = SpectrumLayout.BinsMajor, int type = TinyOnnx.Float, object[]? input = null, object? bins = null,
        object? frames = null, bool isFrameMajorMel = false)
    {
        frames ??= "T";
        object[] shape = layout == SpectrumLayout.BinsMajor ? ["B", bins ?? Bins, frames] : ["B", frames, bins ?? Bins];
        TinyOnnx model = new TinyOnnx()
            .Input("mel", type, input ?? (isFrameMajorMel ? ["B", frames, MelCount] : ["B", MelCount, frames]))
            .Node("Cast", ["mel"], ["x_cast"], ("to", [TinyOnnx.Float]))
            .Node("Transpose", ["x_cast"], ["x32"], ("perm", isFrameMajorMel ? [0, 2, 1] : [0, 1, 2]))
            .Convolution("x32", "h", Hidden)
            .Convolution("h", "raw_log", Real)
            .Convolution("h", "raw_phase", Imag)
            .Node("Exp", ["raw_log"], ["raw_magnitude"])
            .Node("Cos", ["raw_phase"], ["raw_cos"])
            .Node("Sin", ["raw_phase"], ["raw_sin"]);
        foreach ((string name, string plane) in outputs)
            model.Node("Transpose", [$"raw_{plane}"], [$"{name}_t"], ("perm", layout == SpectrumLayout.BinsMajor ? [0, 1, 2] : [0, 2, 1]))
                .Node("Cast", [$"{name}_t"], [name], ("to", [type]))
                .Output(name, type, shape);
        return model;
    }

    /// <summary>The samples of one mel by the planes of <see cref="Polar"/>.</summary>
    public static float[] ReferencePolarSamples(ReadOnlySpan<float> mel, int frames)
    {
        (float[] log, float[] phase) = ReferenceSpectrum(mel, frames);
        float[] real = [.. log.Zip(phase, (size, angle) => (float)(Math.Exp(size) * Math.Cos(angle)))];
        float[] imag = [.. log.Zip(phase, (size, angle) => (float)(Math.Exp(size) * Math.Sin(angle)))];
        float[] audio = new float[Metadata.GetSampleCount(frames)];
        using InverseStft inverse = new(Metadata.Stft);
        inverse.Inverse(new Spectrum(real, imag, SpectrumLayout.BinsMajor, Bins, frames), audio);
        return audio;
    }

    /// <summary>A model that puts out T·hop samples, one hop more than a centred inverse STFT keeps, as F5-TTS's own export does.</summary>
    public static TinyOnnx Waveform(bool channel = false, int type = TinyOnnx.Float, string name = "y")
    {
        TinyOnnx model = new TinyOnnx()
            .Input("x", type is TinyOnnx.Int16 ? TinyOnnx.Float : type, "B", MelCount, "T")
            .Node("Cast", ["x"], ["x32"], ("to", [TinyOnnx.Float]))
            .Convolution("x32", "h", Hidden)
            .Convolution("h", "s", Samples)
            .Node("Transpose", ["s"], ["s_t"], ("perm", [0, 2, 1]))
            .Node("Flatten", ["s_t"], ["flat"], ("axis", [1]))
            .Node("Mul", ["flat", "scale"], ["scaled"])
            .Weight("scale", [type is TinyOnnx.Int16 ? 8192 : 1], 1)
            .Node("Cast", ["scaled"], [name], ("to", [type]));
        if (!channel)
            return model.Output(name, type, "B", "S");
        // Stacking a sequence of one adds the axis without the int64 weight that Unsqueeze would need.
        return model.Node("SequenceConstruct", ["y"], ["sequence"]).Node("ConcatFromSequence", ["sequence"], ["y1"], ("axis", [1]), ("new_axis", [1])).Output("y1", type, "B", 1, "S");
    }

    /// <summary>The spectrum of one mel [n_mels, frames] as [bins, frames].</summary>
    public static (float[] Real, float[] Imag) ReferenceSpectrum(ReadOnlySpan<float> mel, int frames)
    {
        float[] hidden = Hidden.Apply(mel, frames);
        return (Real.Apply(hidden, frames), Imag.Apply(hidden, frames));
    }

    /// <summary>The T·hop samples of one mel.</summary>
    public static float[] ReferenceSamples(ReadOnlySpan<float> mel, int frames)
    {
        float[] byHop = Samples.Apply(Hidden.Apply(mel, frames), frames);
        return [.. Enumerable.Range(0, frames * Hop).Select(n => byHop[(n % Hop * frames) + (n / Hop)])];
    }

    public static float[] RandomMel(int frames, int batch = 1, int seed = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, batch * MelCount * frames).Select(_ => (random.NextSingle() * 6) - 4)];
    }
}
