namespace TrtVocoder.Dsp;

/// <summary>
/// Tells mels that are no natural logarithms of amplitudes by the range of their values: a vocoder makes noise of them, and nothing else would say why.
/// Safe for use by many threads.
/// </summary>
internal static class MelRange
{
    // ln(1e-12): no front end has a lower floor. ln of the largest amplitude that n_fft 16384 makes of full scale is below 12.
    private const float LeastLogarithm = -27.7f;
    private const float MostLogarithm = 12;

    /// <summary>What the values look like, as the end of a sentence; null where they may well be natural logarithms.</summary>
    /// <param name="mel">The values, finite.</param>
    /// <returns>E.g. <c>all values lie from 0 to 0.98, as of a mel that was normalised or is linear</c>.</returns>
    public static string? Describe(ReadOnlySpan<float> mel)
    {
        if (mel.IsEmpty)
            return null;
        (float least, float most) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (float value in mel)
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        int atFloor = 0;
        foreach (float value in mel)
            atFloor += value == least ? 1 : 0;

        string range = FormattableString.Invariant($"all values lie from {least:0.###} to {most:0.###}");
        if (least < LeastLogarithm)
            return $"{range}, as of a mel in decibels; divide by 8.686 for natural logarithms of amplitudes";
        if (most > MostLogarithm)
            return $"{range}, as of {(least >= 0 ? "linear amplitudes or powers; take the natural logarithm" : "a mel in decibels; divide by 8.686")}";
        if (least == most)
            return null;
        if (least >= 0)
            return most <= 1.01f ? $"{range}, as of a mel normalised to 0 … 1, or of linear amplitudes" : $"{range}, as of linear amplitudes; take the natural logarithm";
        if (least >= -1.01f && most <= 1.01f)
            return $"{range}, as of a mel normalised to −1 … 1";
        // The floor of log10 is a whole number, where that of ln is not: ln 1e-5 is −11.51.
        bool isWhole = least <= -3.99f && least >= -12 && Math.Abs(least - MathF.Round(least)) < 1e-4f;
        return isWhole && atFloor >= 2 && most < 5 ? $"{range}, as of logarithms to the base of 10; multiply by 2.3026" : null;
    }
}
