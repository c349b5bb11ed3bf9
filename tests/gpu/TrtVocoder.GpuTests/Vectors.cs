using TrtVocoder.TestSupport;

namespace TrtVocoder.GpuTests;

/// <summary>Upstream's mel, spectrum and audio of one length, from the T###.{mel,re,im,audio}.npy beside an engine.</summary>
internal sealed record Vectors(int Frames, float[] Mel, float[] Real, float[] Imag, float[] Audio)
{
    /// <summary>Every length that lies beside an engine, shortest first.</summary>
    public static IReadOnlyList<Vectors> ReadAll(string folder) =>
        [.. Directory.GetFiles(folder, "T*.mel.npy").Order(StringComparer.Ordinal).Select(path => Read(path[..^".mel.npy".Length]))];

    /// <summary>Signal-to-noise ratio in dB: 10·log10(Σ expected² / Σ (actual − expected)²).</summary>
    public static double Snr(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        double signal = 0, noise = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = (double)actual[i] - expected[i];
            signal += (double)expected[i] * expected[i];
            noise += difference * difference;
        }
        return 10 * Math.Log10(signal / noise);
    }

    private static Vectors Read(string stem)
    {
        float[] mel = Values(".mel.npy");
        return new Vectors(int.Parse(Path.GetFileName(stem)[1..]), mel, Values(".re.npy"), Values(".im.npy"), Values(".audio.npy"));

        float[] Values(string suffix) => NpyVectors.Read(stem + suffix).Values;
    }
}
