namespace TrtVocoder.Decoding;

/// <summary>Mels by which networks are asked.</summary>
internal static class ProbeMel
{
    /// <summary>Values between silence and loud speech, the same every time.</summary>
    /// <param name="melCount">Bands.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="seed">Another seed gives another mel, of which every value differs.</param>
    /// <returns>[bands, frames].</returns>
    public static float[] Make(int melCount, int frames, int seed = 1)
    {
        float[] mel = new float[melCount * frames];
        uint state = (uint)seed * 2654435761u;
        for (int band = 0; band < melCount; band++)
        {
            for (int frame = 0; frame < frames; frame++)
            {
                state = (state * 1664525) + 1013904223;
                // Louder and quieter frames, less of the high bands.
                float level = -3 + (3 * MathF.Sin((frame * 0.7f) + seed)) - (3f * band / melCount);
                mel[(band * frames) + frame] = level + (2 * ((state >> 8) / 16777216f)) - 1;
            }
        }
        return mel;
    }
}
