namespace TrtVocoder.Dsp;

/// <summary>
/// A view of one item's complex one-sided spectrum in somebody else's memory: frames [FirstFrame, FirstFrame + FrameCount)
/// of <see cref="RowFrames"/> stored ones. Copies nothing; valid as long as the memory is.
/// </summary>
public readonly ref struct Spectrum
{
    /// <summary>A view of <paramref name="frames"/> frames of <paramref name="bins"/> bins.</summary>
    /// <exception cref="ArgumentException">A span is not bins × frames long.</exception>
    public Spectrum(ReadOnlySpan<float> real, ReadOnlySpan<float> imag, SpectrumLayout layout, int bins, int frames)
        : this(real, imag, layout, bins, frames, 0, frames)
    {
        long expected = (long)bins * frames;
        if (real.Length != expected || imag.Length != expected)
            throw new ArgumentException(
                $"A spectrum of {bins} bins and {frames} frames needs {expected} values; real has {real.Length}, imag {imag.Length}.");
    }

    private Spectrum(
        ReadOnlySpan<float> real, ReadOnlySpan<float> imag, SpectrumLayout layout, int bins, int rowFrames, int firstFrame, int frameCount)
    {
        Real = real;
        Imag = imag;
        Layout = layout;
        Bins = bins;
        RowFrames = rowFrames;
        FirstFrame = firstFrame;
        FrameCount = frameCount;
    }

    /// <summary>Real parts of all stored frames, in <see cref="Layout"/> order.</summary>
    public ReadOnlySpan<float> Real { get; }

    /// <summary>Imaginary parts of all stored frames, in <see cref="Layout"/> order.</summary>
    public ReadOnlySpan<float> Imag { get; }

    /// <summary>The memory order.</summary>
    public SpectrumLayout Layout { get; }

    /// <summary>Frequency bins, n_fft/2 + 1.</summary>
    public int Bins { get; }

    /// <summary>Stored frames: the row length of <see cref="SpectrumLayout.BinsMajor"/>.</summary>
    public int RowFrames { get; }

    /// <summary>The first stored frame in view.</summary>
    public int FirstFrame { get; }

    /// <summary>Frames in view.</summary>
    public int FrameCount { get; }

    /// <summary>A view of <paramref name="frameCount"/> frames of this view, from <paramref name="firstFrame"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The frames are not all in this view.</exception>
    public Spectrum Slice(int firstFrame, int frameCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstFrame);
        ArgumentOutOfRangeException.ThrowIfNegative(frameCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frameCount, FrameCount - firstFrame);
        return new Spectrum(Real, Imag, Layout, Bins, RowFrames, FirstFrame + firstFrame, frameCount);
    }
}
