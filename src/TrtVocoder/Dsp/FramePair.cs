using System.Runtime.Intrinsics;

namespace TrtVocoder.Dsp;

/// <summary>
/// Two real frames in one complex transform: the inverse transform of X₁ + i·X₂, where both are Hermitian, has frame 1 as its real
/// and frame 2 as its imaginary part. With FFTW's complex codelets, which are vectorised where its real ones are not, this halves the time.
/// </summary>
internal static unsafe class FramePair
{
    /// <summary>
    /// Writes Z = X₁ + i·X₂ for all <paramref name="length"/> frequencies from two one-sided spectra of length/2 + 1 bins.
    /// The imaginary parts of the bins 0 and length/2 are ignored, as irfft does.
    /// </summary>
    /// <param name="re1">Real parts of the first frame.</param>
    /// <param name="im1">Imaginary parts of the first frame.</param>
    /// <param name="re2">Real parts of the second frame.</param>
    /// <param name="im2">Imaginary parts of the second frame.</param>
    /// <param name="length">n_fft.</param>
    /// <param name="zr">Real parts of Z, and room for one more float.</param>
    /// <param name="zi">Imaginary parts of Z, and room for one more float.</param>
    public static void Pack(float* re1, float* im1, float* re2, float* im2, int length, float* zr, float* zi)
    {
        int half = length / 2;
        int k = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<int> reversed = Vector256.Create(7, 6, 5, 4, 3, 2, 1, 0);
            for (; k <= half - 8; k += 8)
            {
                Vector256<float> a = Vector256.Load(re1 + k);
                Vector256<float> b = Vector256.Load(im1 + k);
                Vector256<float> c = Vector256.Load(re2 + k);
                Vector256<float> d = Vector256.Load(im2 + k);
                (a - d).Store(zr + k);
                (b + c).Store(zi + k);
                Vector256.Shuffle(a + d, reversed).Store(zr + length - k - 7);
                Vector256.Shuffle(c - b, reversed).Store(zi + length - k - 7);
            }
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Vector128<int> reversed = Vector128.Create(3, 2, 1, 0);
            for (; k <= half - 4; k += 4)
            {
                Vector128<float> a = Vector128.Load(re1 + k);
                Vector128<float> b = Vector128.Load(im1 + k);
                Vector128<float> c = Vector128.Load(re2 + k);
                Vector128<float> d = Vector128.Load(im2 + k);
                (a - d).Store(zr + k);
                (b + c).Store(zi + k);
                Vector128.Shuffle(a + d, reversed).Store(zr + length - k - 3);
                Vector128.Shuffle(c - b, reversed).Store(zi + length - k - 3);
            }
        }
        for (; k < half; k++)
        {
            zr[k] = re1[k] - im2[k];
            zi[k] = im1[k] + re2[k];
            zr[length - k] = re1[k] + im2[k];
            zi[length - k] = re2[k] - im1[k];
        }
        zr[0] = re1[0];
        zi[0] = re2[0];
        zr[half] = re1[half];
        zi[half] = re2[half];
    }
}
