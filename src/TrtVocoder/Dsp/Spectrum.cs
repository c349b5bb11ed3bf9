namespace TrtVocoder.Dsp;

/// <summary>
/// A view of one item's complex one-sided spectrum in somebody else's memory: frames [FirstFrame, FirstFrame + FrameCount)
/// of <see cref="RowFrames"/> stored ones. Copies nothing; valid as long as the memory is.
/// </summary>
public readonly ref struct Spectrum
{
    private readonly ReadOnlySpan<float> _first;
    private readonly ReadOnlySpan<float> _second;

    /// <summary>A view of <paramref name="frames"/> frames of <paramref name="bins"/> bins.</summary>
    /// <exception cref="ArgumentException">A span is not bins × frames long.</exception>
    public Spectrum(ReadOnlySpan<float> real, ReadOnlySpan<float> imag, SpectrumLayout layout, int bins, int frames)
        : this(SpectrumForm.RealImaginary, real, imag, [], layout, bins, frames, 0, frames)
    {
        long expected = (long)bins * frames;
        if (real.Length != expected || imag.Length != expected)
            throw new ArgumentException(
                $"A spectrum of {bins} bins and {frames} frames needs {expected} values; real has {real.Length}, imag {imag.Length}.");
    }

    /// <summary>A view of planes of any form, each of them bins × frames values.</summary>
    internal Spectrum(
        SpectrumForm form, ReadOnlySpan<float> first, ReadOnlySpan<float> second, ReadOnlySpan<float> third, SpectrumLayout layout, int bins,
        int frames)
        : this(form, first, second, third, layout, bins, frames, 0, frames)
    {
    }

    private Spectrum(
        SpectrumForm form, ReadOnlySpan<float> first, ReadOnlySpan<float> second, ReadOnlySpan<float> third, SpectrumLayout layout, int bins,
        int rowFrames, int firstFrame, int frameCount)
    {
        Form = form;
        _first = first;
        _second = second;
        Third = third;
        Layout = layout;
        Bins = bins;
        RowFrames = rowFrames;
        FirstFrame = firstFrame;
        FrameCount = frameCount;
    }

    /// <summary>Real parts of all stored frames, in <see cref="Layout"/> order.</summary>
    /// <exception cref="InvalidOperationException">The network puts out magnitudes; <see cref="CopyTo"/> makes parts of them.</exception>
    public ReadOnlySpan<float> Real => Rectangular(_first);

    /// <summary>Imaginary parts of all stored frames, in <see cref="Layout"/> order.</summary>
    /// <exception cref="InvalidOperationException">The network puts out magnitudes; <see cref="CopyTo"/> makes parts of them.</exception>
    public ReadOnlySpan<float> Imag => Rectangular(_second);

    /// <summary>What the planes are.</summary>
    internal SpectrumForm Form { get; }

    /// <summary>The first plane of the form.</summary>
    internal ReadOnlySpan<float> First => _first;

    /// <summary>The second plane of the form.</summary>
    internal ReadOnlySpan<float> Second => _second;

    /// <summary>The third plane of the form; empty where it has two.</summary>
    internal ReadOnlySpan<float> Third { get; }

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
        return new Spectrum(Form, _first, _second, Third, Layout, Bins, RowFrames, FirstFrame + firstFrame, frameCount);
    }

    /// <summary>
    /// Writes real and imaginary parts of all stored frames in <see cref="Layout"/> order, whatever the network puts out: parts, magnitude
    /// with cosine and sine of the phase, or magnitude and phase.
    /// </summary>
    /// <param name="real">Room for <see cref="Bins"/> × <see cref="RowFrames"/> values.</param>
    /// <param name="imag">Room for as many.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public unsafe void CopyTo(Span<float> real, Span<float> imag)
    {
        if (Form == SpectrumForm.RealImaginary)
        {
            _first.CopyTo(real);
            _second.CopyTo(imag);
            return;
        }
        if (real.Length < _first.Length || imag.Length < _first.Length)
            throw new ArgumentException($"{_first.Length} values need room; real has {real.Length}, imag {imag.Length}.");
        fixed (float* first = _first, second = _second, third = Third, re = real, im = imag)
            SpectrumPlanes.ToRectangular(Form, first, second, third, _first.Length, re, im);
    }

    private ReadOnlySpan<float> Rectangular(ReadOnlySpan<float> plane) => Form == SpectrumForm.RealImaginary
        ? plane
        : throw new InvalidOperationException(
            "This network puts out magnitude and phase; CopyTo makes real and imaginary parts of them.");
}
