using TrtVocoder.Dsp;

namespace TrtVocoder.Decoding;

/// <summary>What planes of a spectrum are, by their values.</summary>
internal static class PlaneValues
{
    // FP16 rounds cosine and sine to 5e-4.
    private const float Tolerance = 1e-2f;

    /// <summary>Whether the first is never negative, and the squares of the others sum up to 1.</summary>
    public static bool AreMagnitudeCosineSine(float[] magnitude, float[] cos, float[] sin)
    {
        for (int i = 0; i < magnitude.Length; i++)
            if (!(magnitude[i] >= 0) || !(MathF.Abs((cos[i] * cos[i]) + (sin[i] * sin[i]) - 1) < Tolerance))
                return false;
        return magnitude.Length > 0;
    }

    /// <summary>Whether the first is the absolute value of the others as a complex number.</summary>
    public static bool AreMagnitudeRealImaginary(float[] magnitude, float[] real, float[] imag)
    {
        double largest = magnitude.Length == 0 ? 0 : magnitude.Max();
        for (int i = 0; i < magnitude.Length; i++)
            if (!(Math.Abs(Math.Sqrt(((double)real[i] * real[i]) + ((double)imag[i] * imag[i])) - magnitude[i]) <= Tolerance * largest))
                return false;
        return largest > 0;
    }

    /// <summary>
    /// Whether a magnitude is linear (never negative) or a logarithm (of both signs, or negative throughout); null where it is constant or
    /// not finite.
    /// </summary>
    public static SpectrumForm? TellMagnitude(float[] magnitude)
    {
        (float least, float most) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (float value in magnitude)
        {
            if (!float.IsFinite(value))
                return null;
            (least, most) = (MathF.Min(least, value), MathF.Max(most, value));
        }
        if (!(least < most))
            return null;
        return least >= 0 ? SpectrumForm.MagnitudePhase : SpectrumForm.LogMagnitudePhase;
    }
}
