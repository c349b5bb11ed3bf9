using TrtVocoder.Decoding;

namespace TrtVocoder.GpuTests;

/// <summary>Inputs whose values do not matter.</summary>
internal static class Mels
{
    /// <summary>Of the engines here, which have 8 blocks or fewer and no sidecar.</summary>
    public static ModelHints Hints { get; } = new() { ReceptiveFieldFrames = 27 };

    public static float[] Random(int bands, int frames)
    {
        Random random = new(frames);
        float[] mel = new float[bands * frames];
        for (int i = 0; i < mel.Length; i++)
            mel[i] = (random.NextSingle() * 3) - 4;
        return mel;
    }
}
