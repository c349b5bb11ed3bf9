namespace TrtVocoder.Dsp;

/// <summary>
/// The short-time Fourier transform with a periodic Hann window and reflected edges: torch.stft (center=True, pad_mode="reflect",
/// normalized=False) for <see cref="StftPadding.Center"/>, and upstream Vocos' feature extractor, which reflects (n_fft − hop)/2 samples
/// at each end, for <see cref="StftPadding.Same"/>. One instance serves one thread at a time and allocates nothing after its construction.
/// </summary>
internal sealed unsafe class Stft : IDisposable
{
    private readonly FourierPlan _plan;
    private readonly int _fftStride;
    private readonly AlignedBuffer _fft;
    private readonly AlignedBuffer _window;
    private bool _disposed;

    /// <summary>Plans the transform.</summary>
    /// <param name="parameters">Sizes and padding.</param>
    /// <exception cref="NativeLibraryException">FFTW is not in the folder that <c>TRTV_FFTW_DIR</c> names.</exception>
    public Stft(StftParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Parameters = parameters;
        _plan = FourierPlan.GetReal(parameters.FftLength);
        _fftStride = FourierPlan.GetRowStride(parameters.FftLength);
        _fft = new AlignedBuffer(4 * _fftStride);
        _window = new AlignedBuffer(parameters.FftLength);
        double[] window = HannWindow.Create(parameters.FftLength);
        for (int n = 0; n < window.Length; n++)
            _window.Pointer[n] = (float)window[n];
    }

    /// <summary>Sizes and padding.</summary>
    public StftParameters Parameters { get; }

    /// <summary>
    /// The fewest samples that can be transformed: an edge of <see cref="StftParameters.TrimLength"/> samples can only be reflected
    /// from a longer signal, as in PyTorch, and with <see cref="StftPadding.Same"/> one frame takes one hop.
    /// </summary>
    public int MinSampleCount => Parameters.Padding == StftPadding.Center
        ? Parameters.TrimLength + 1
        : Math.Max(Parameters.TrimLength + 1, Parameters.HopLength);

    /// <summary>
    /// Frames of a signal: 1 + ⌊samples/hop⌋ for <see cref="StftPadding.Center"/>, ⌊samples/hop⌋ for <see cref="StftPadding.Same"/>.
    /// </summary>
    /// <exception cref="DataFormatException">The signal is shorter than <see cref="MinSampleCount"/>.</exception>
    public int GetFrameCount(int samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        if (samples < MinSampleCount)
            throw new DataFormatException(
                $"The signal has {samples} samples, but n_fft {Parameters.FftLength} needs at least {MinSampleCount} to reflect its ends; "
                    + $"append silence.");
        return (samples / Parameters.HopLength) + (Parameters.Padding == StftPadding.Center ? 1 : 0);
    }

    /// <summary>Transforms a whole signal.</summary>
    /// <param name="audio">Samples.</param>
    /// <param name="real">Real parts, [frames, bins] (<see cref="SpectrumLayout.FrameMajor"/>).</param>
    /// <param name="imag">Imaginary parts, likewise.</param>
    /// <exception cref="DataFormatException">The signal is too short.</exception>
    /// <exception cref="ArgumentException">An output span has the wrong length.</exception>
    public void Transform(ReadOnlySpan<float> audio, Span<float> real, Span<float> imag)
    {
        int frames = GetFrameCount(audio.Length);
        int bins = Parameters.BinCount;
        long expected = (long)frames * bins;
        if (real.Length != expected || imag.Length != expected)
            throw new ArgumentException(
                $"{frames} frames of {bins} bins need {expected} values; real has {real.Length}, imag {imag.Length}.");
        for (int frame = 0; frame < frames; frame++)
        {
            TransformFrame(audio, frame, out float* re, out float* im);
            new ReadOnlySpan<float>(re, bins).CopyTo(real.Slice(frame * bins, bins));
            new ReadOnlySpan<float>(im, bins).CopyTo(imag.Slice(frame * bins, bins));
        }
        // Not before here may the buffers that the loop points into be finalized.
        GC.KeepAlive(this);
    }

    /// <summary>Frees the scratch memory. Idempotent.</summary>
    public void Dispose()
    {
        _disposed = true;
        _fft.Dispose();
        _window.Dispose();
    }

    /// <summary>
    /// Transforms one frame; the results, of <see cref="StftParameters.BinCount"/> values, are valid until the next call or Dispose.
    /// </summary>
    internal void TransformFrame(ReadOnlySpan<float> audio, int frame, out float* re, out float* im)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int length = Parameters.FftLength;
        float* input = _fft.Pointer;
        re = input + (2 * _fftStride);
        im = re + _fftStride;

        long start = ((long)frame * Parameters.HopLength) - Parameters.TrimLength;
        if (start >= 0 && start + length <= audio.Length)
        {
            fixed (float* samples = audio)
                VectorKernels.Multiply(input, samples + start, _window.Pointer, length);
        }
        else
        {
            for (int n = 0; n < length; n++)
                input[n] = audio[Reflect(start + n, audio.Length)] * _window.Pointer[n];
        }
        _plan.Execute(input, _fftStride);
        GC.KeepAlive(this);
    }

    private static int Reflect(long position, int length)
    {
        // Both ends may reflect into one short signal, but no position is further out than one reflection reaches.
        if (position < 0)
            position = -position;
        return (int)(position < length ? position : (2L * (length - 1)) - position);
    }
}
