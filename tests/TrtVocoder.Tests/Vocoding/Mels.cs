namespace TrtVocoder.Tests.Vocoding;

/// <summary>Random mels and comparisons for the decoding tests.</summary>
internal static class Mels
{
    /// <summary>Values of the size of log-mel amplitudes.</summary>
    public static float[] Random(int count, int seed = 1)
    {
        Random random = new(seed);
        float[] mel = new float[count];
        foreach (ref float value in mel.AsSpan())
            value = (random.NextSingle() * 6) - 4;
        return mel;
    }
}
