using TrtVocoder.Decoding;

namespace TrtVocoder.GpuTests;

/// <summary>Inputs whose values do not matter.</summary>
internal static class Mels
{
    /// <summary>Of the engines here that have no sidecar; they have 8 blocks or fewer.</summary>
    public static ModelHints Hints { get; } = new() { ReceptiveFieldFrames = 27 };

    public static float[] Random(int bands, int frames, int seed = 0)
    {
        Random random = new(frames + (1000 * seed));
        float[] mel = new float[bands * frames];
        for (int i = 0; i < mel.Length; i++)
            mel[i] = (random.NextSingle() * 3) - 4;
        return mel;
    }
}
