using System.Runtime.InteropServices;
using TrtVocoder.Bindings;

namespace TrtVocoder.Files;

/// <summary>
/// Changes a signal's sample rate by libsoxr at its "high quality" setting (20 bits, linear phase, flat to 0.91 of the lower Nyquist
/// frequency). Needs the library only when the rates differ. Safe for use by many threads.
/// </summary>
public static class Resampler
{
    private const int MaxRatio = 1000;

    /// <summary>Whether libsoxr can be loaded, and its version; null when it is missing.</summary>
    public static unsafe string? TryGetVersion() =>
        LibraryLoader.TryLoad(LibraryLoader.Soxr).Loaded ? Marshal.PtrToStringUTF8((nint)Soxr.soxr_version()) : null;

    /// <summary>Resamples one channel.</summary>
    /// <param name="samples">The signal.</param>
    /// <param name="fromRate">Its sample rate in Hz.</param>
    /// <param name="toRate">The wanted sample rate in Hz; at most 1000 times more or less.</param>
    /// <returns>ceil(samples · toRate / fromRate) samples; the signal itself when the rates are equal.</returns>
    /// <exception cref="NativeLibraryException">libsoxr is missing.</exception>
    /// <exception cref="TrtVocoderException">libsoxr failed; the message holds its words.</exception>
    public static float[] Resample(float[] samples, int fromRate, int toRate)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfLessThan(fromRate, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(toRate, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fromRate / toRate, MaxRatio, nameof(fromRate));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(toRate / fromRate, MaxRatio, nameof(toRate));
        if (fromRate == toRate)
            return samples;
        long length = (((long)samples.Length * toRate) + fromRate - 1) / fromRate;
        if (length > Array.MaxLength)
            throw new DataFormatException($"{samples.Length} samples at {fromRate} Hz are too many to be resampled to {toRate} Hz.");
        NativeLibraries.Require(LibraryLoader.Soxr);
        float[] result = new float[length];
        Run(samples, fromRate, toRate, result);
        return result;
    }

    private static unsafe void Run(ReadOnlySpan<float> samples, int fromRate, int toRate, Span<float> result)
    {
        byte* error;
        nint resampler = Soxr.soxr_create(fromRate, toRate, 1, &error, null, null, null);
        try
        {
            ThrowIfFailed(error);
            fixed (float* input = samples, output = result)
            {
                nuint taken, given, done = 0;
                ThrowIfFailed(Soxr.soxr_process(resampler, input, (nuint)samples.Length, &taken, output, (nuint)result.Length, &given));
                // A null input drains what the filter still holds; it may come in several portions.
                for (done = given; done < (nuint)result.Length && given > 0; done += given)
                    ThrowIfFailed(Soxr.soxr_process(resampler, null, 0, &taken, output + done, (nuint)result.Length - done, &given));
            }
        }
        finally
        {
            Soxr.soxr_delete(resampler);
        }
    }

    private static unsafe void ThrowIfFailed(byte* error)
    {
        if (error is not null)
            throw new TrtVocoderException($"libsoxr could not resample: {Marshal.PtrToStringUTF8((nint)error)}.");
    }
}
