using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.GpuTests;

/// <summary>Upstream's mel, spectrum (bins-major) and audio of one length, from the T###.{mel,re,im,audio}.npy beside an engine.</summary>
internal sealed record Vectors(int Frames, float[] Mel, float[] Real, float[] Imag, float[] Audio)
{
    /// <summary>Every length that lies beside an engine, shortest first.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static IReadOnlyList<Vectors> Beside(string engine)
    {
        string folder = Path.GetDirectoryName(engine)!;
        string[] mels = Directory.GetFiles(folder, "T*.mel.npy");
        if (mels.Length == 0)
            throw new FileNotFoundException($"{folder} has no vectors T###.mel.npy, so this was not checked.");
        return [.. mels.Order(StringComparer.Ordinal).Select(path => Read(path[..^".mel.npy".Length]))];
    }

    /// <summary>The longest that lies beside an engine.</summary>
    public static Vectors Longest(string engine) => Beside(engine)[^1];

    /// <summary>Signal-to-noise ratio in dB: 10·log10(Σ expected² / Σ (actual − expected)²); NaN where nothing is expected.</summary>
    public static double Snr(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        if (actual.Length != expected.Length)
            throw new InvalidDataException($"{actual.Length} values where {expected.Length} were expected.");
        double signal = 0, noise = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = (double)actual[i] - expected[i];
            signal += (double)expected[i] * expected[i];
            noise += difference * difference;
        }
        return signal == 0 ? double.NaN : 10 * Math.Log10(signal / noise);
    }

    /// <summary>How near a spectrum of either layout comes to upstream's.</summary>
    public double SnrOf(Spectrum spectrum) => Snr([.. BinsMajor(spectrum.Real, spectrum), .. BinsMajor(spectrum.Imag, spectrum)], [.. Real, .. Imag]);

    /// <summary>The samples that a session makes of the mel.</summary>
    public float[] Decode(Vocoder vocoder, VocoderSession session)
    {
        float[] audio = new float[vocoder.GetSampleCount(Frames)];
        session.Decode(Mel, Frames, audio);
        return audio;
    }

    private static float[] BinsMajor(ReadOnlySpan<float> values, Spectrum spectrum)
    {
        if (spectrum.Layout == SpectrumLayout.BinsMajor)
            return values.ToArray();
        float[] result = new float[values.Length];
        for (int bin = 0; bin < spectrum.Bins; bin++)
            for (int frame = 0; frame < spectrum.FrameCount; frame++)
                result[(bin * spectrum.FrameCount) + frame] = values[(frame * spectrum.Bins) + bin];
        return result;
    }

    private static Vectors Read(string stem)
    {
        return new Vectors(int.Parse(Path.GetFileName(stem)[1..]), Values(".mel.npy"), Values(".re.npy"), Values(".im.npy"), Values(".audio.npy"));

        float[] Values(string suffix) => NpyVectors.ReadValues(stem + suffix);
    }
}
