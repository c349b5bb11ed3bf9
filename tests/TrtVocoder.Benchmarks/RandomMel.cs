namespace TrtVocoder.Benchmarks;

/// <summary>Mels that all benchmarks share: natural-log amplitudes from −8 to 0.</summary>
internal static class RandomMel
{
    public static void Fill(Span<float> mel)
    {
        Random random = new(2);
        foreach (ref float value in mel)
            value = (random.NextSingle() * 8) - 8;
    }
}
