using System.Runtime.Intrinsics;

namespace TrtVocoder.Dsp;

/// <summary>Real and imaginary parts of the planes of a <see cref="SpectrumForm"/>.</summary>
internal static unsafe class SpectrumPlanes
{
    /// <summary>Upstream's head clips magnitudes there.</summary>
    private const float MaxMagnitude = 100;

    /// <summary>Planes of a form.</summary>
    public static int Count(SpectrumForm form) => form == SpectrumForm.MagnitudeCosineSine ? 3 : 2;

    /// <summary>Computes real and imaginary parts; they may take the place of the first two planes.</summary>
    /// <param name="form">What the planes are.</param>
    /// <param name="first">First plane.</param>
    /// <param name="second">Second plane.</param>
    /// <param name="third">Third plane, where the form has three.</param>
    /// <param name="count">Values.</param>
    /// <param name="real">Room for the real parts.</param>
    /// <param name="imag">Room for the imaginary parts.</param>
    public static void ToRectangular(SpectrumForm form, float* first, float* second, float* third, int count, float* real, float* imag)
    {
        int i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<float> magnitude = Vector256.Load(first + i);
            Vector256<float> cos = Vector256.Load(second + i);
            Vector256<float> sin;
            if (form == SpectrumForm.MagnitudeCosineSine)
            {
                sin = Vector256.Load(third + i);
            }
            else
            {
                if (form == SpectrumForm.LogMagnitudePhase)
                    magnitude = Vector256.Min(Vector256.Exp(magnitude), Vector256.Create(MaxMagnitude));
                (sin, cos) = Vector256.SinCos(cos);
            }
            (magnitude * cos).Store(real + i);
            (magnitude * sin).Store(imag + i);
        }
        for (; i < count; i++)
        {
            float magnitude = first[i];
            (float sin, float cos) = form == SpectrumForm.MagnitudeCosineSine ? (third[i], second[i]) : MathF.SinCos(second[i]);
            if (form == SpectrumForm.LogMagnitudePhase)
                magnitude = MathF.Min(MathF.Exp(magnitude), MaxMagnitude);
            (real[i], imag[i]) = (magnitude * cos, magnitude * sin);
        }
    }
}
