namespace TrtVocoder.Dsp;

/// <summary>Size, hop and padding of a short-time Fourier transform with a periodic Hann window as long as the transform.</summary>
public sealed record StftParameters
{
    /// <summary>Checks and keeps the sizes.</summary>
    /// <param name="fftLength">n_fft and window length in samples; even, at least 2.</param>
    /// <param name="hopLength">Samples between two frames; 1 to <paramref name="fftLength"/>.</param>
    /// <param name="padding">How the ends are treated.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A size is out of range, or (n_fft − hop) is odd with <see cref="StftPadding.Same"/>.
    /// </exception>
    public StftParameters(int fftLength, int hopLength, StftPadding padding)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fftLength, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(fftLength % 2, 0, nameof(fftLength));
        ArgumentOutOfRangeException.ThrowIfLessThan(hopLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hopLength, fftLength);
        if (padding == StftPadding.Same)
            ArgumentOutOfRangeException.ThrowIfNotEqual((fftLength - hopLength) % 2, 0, nameof(hopLength));
        FftLength = fftLength;
        HopLength = hopLength;
        Padding = padding;
    }

    /// <summary>n_fft: transform and window length in samples.</summary>
    public int FftLength { get; }

    /// <summary>Samples between the starts of two frames.</summary>
    public int HopLength { get; }

    /// <summary>How the ends are treated.</summary>
    public StftPadding Padding { get; }

    /// <summary>Frequency bins of a one-sided spectrum: n_fft/2 + 1.</summary>
    public int BinCount => (FftLength / 2) + 1;

    /// <summary>Samples cut from each end of the overlap-added signal of (T−1)·hop + n_fft samples.</summary>
    public int TrimLength => Padding == StftPadding.Center ? FftLength / 2 : (FftLength - HopLength) / 2;

    /// <summary>
    /// Samples that <paramref name="frames"/> frames decode to: (T−1)·hop for <see cref="StftPadding.Center"/>, T·hop for
    /// <see cref="StftPadding.Same"/>; 0 for 0 frames.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The frames are negative, or decode to more samples than an array holds.</exception>
    public int GetSampleCount(int frames) => CountSamples(frames, Padding, HopLength);

    internal static int CountSamples(int frames, StftPadding padding, int hopLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        long samples = frames == 0 ? 0 : (padding == StftPadding.Center ? frames - 1L : frames) * hopLength;
        return samples <= Array.MaxLength
            ? (int)samples
            : throw new ArgumentOutOfRangeException(
                nameof(frames), $"{frames} frames decode to {samples} samples, of which an array holds {Array.MaxLength}.");
    }
}
