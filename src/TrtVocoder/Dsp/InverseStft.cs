using TrtVocoder.Internal;

namespace TrtVocoder.Dsp;

/// <summary>
/// From one-sided spectra to audio: inverse real transform of each frame with 1/N scaling (the imaginary parts of the bins 0 and N/2 are
/// ignored), times a periodic Hann window, overlap-added, divided by the overlap-added squared window. Equals torch.istft for
/// <see cref="StftPadding.Center"/> and upstream Vocos' ISTFT for <see cref="StftPadding.Same"/>.
/// One instance serves one caller at a time and allocates nothing after its first call; many instances may work at once.
/// </summary>
public sealed unsafe class InverseStft : IDisposable
{
    // Waking a thread costs some 10 µs, this many frames of n_fft 1024 some 25 µs.
    private const int MinFramesPerThread = 32;

    private readonly WindowEnvelope _envelope;
    private readonly AlignedBuffer _window;
    private readonly InverseStftWorker _worker;
    private readonly int _maxThreads;
    private InverseStftTeam? _team;
    private bool _disposed;

    /// <summary>Plans the transform.</summary>
    /// <param name="parameters">Sizes and padding.</param>
    /// <param name="maxThreads">
    /// The most threads that work on one call, the caller's included. With more than one, calls of some hundred frames and more are shared
    /// with helper threads of the process, as far as other instances leave some free; the samples are the same, bit for bit.
    /// </param>
    /// <exception cref="DataFormatException">The windows overlap too little for the transform to be inverted.</exception>
    /// <exception cref="NativeLibraryException">FFTW is not in the folder that <c>TRTV_FFTW_DIR</c> names.</exception>
    public InverseStft(StftParameters parameters, int maxThreads = 1)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxThreads, 1);
        _maxThreads = maxThreads;
        HasCoresToSpare = Environment.ProcessorCount >= 2 * maxThreads;
        Parameters = parameters;
        _envelope = new WindowEnvelope(parameters);
        _worker = new InverseStftWorker(parameters);
        _window = _envelope.CreateSynthesisWindow();
    }

    /// <summary>Sizes and padding.</summary>
    public StftParameters Parameters { get; }

    /// <summary>Whether threads may stay awake for a call to come without taking a core from anybody.</summary>
    internal bool HasCoresToSpare { get; init; }

    /// <summary>The threads that help: the process's, but for tests.</summary>
    internal HelperThreads Threads { get; init; } = HelperThreads.Shared;

    private InverseStftTeam Team => _team ??= new InverseStftTeam(Parameters, _maxThreads - 1, Threads);

    /// <summary>Decodes a whole utterance.</summary>
    /// <param name="spectrum">All of its frames, in either layout.</param>
    /// <param name="audio">Samples, exactly <see cref="StftParameters.GetSampleCount"/> of the frame count; overwritten.</param>
    /// <exception cref="ArgumentException">The number of bins or of samples does not fit.</exception>
    public void Inverse(in Spectrum spectrum, Span<float> audio) => Accumulate(spectrum, 0, spectrum.FrameCount, audio);

    /// <summary>
    /// Decodes the next frames of an utterance that arrives in pieces, first to last without a gap. Samples that no later frame
    /// touches, those before (<paramref name="firstFrame"/> + count) · hop − trim, are finished when the call returns; the
    /// following ones hold partial sums, which the next call needs. Nothing is remembered between calls but what is in
    /// <paramref name="audio"/>.
    /// </summary>
    /// <param name="frames">The frames [firstFrame, firstFrame + count) of the utterance, in either layout.</param>
    /// <param name="firstFrame">The number of frames before these; 0 starts an utterance, whatever is in <paramref name="audio"/>.</param>
    /// <param name="totalFrames">Frames of the whole utterance.</param>
    /// <param name="audio">
    /// The whole utterance's samples, exactly <see cref="StftParameters.GetSampleCount"/> of <paramref name="totalFrames"/>.
    /// </param>
    /// <exception cref="ArgumentException">The number of bins, frames or samples does not fit.</exception>
    public void Accumulate(in Spectrum frames, int firstFrame, int totalFrames, Span<float> audio)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(firstFrame);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frames.FrameCount, totalFrames - firstFrame, nameof(totalFrames));
        if (frames.FrameCount > 0 && frames.Bins != Parameters.BinCount)
            throw new ArgumentException(
                $"The spectrum has {frames.Bins} bins, n_fft {Parameters.FftLength} needs {Parameters.BinCount}.", nameof(frames));
        int samples = Parameters.GetSampleCount(totalFrames);
        if (audio.Length != samples)
            throw new ArgumentException($"{totalFrames} frames decode to {samples} samples, the span holds {audio.Length}.", nameof(audio));
        if (frames.FrameCount == 0 || samples == 0)
            return;

        _envelope.SetFrames(totalFrames);
        fixed (float* first = frames.First, second = frames.Second, third = frames.Third, samplesStart = audio)
        fixed (float* head = _envelope.Head, tail = _envelope.Tail)
        {
            InverseStftJob job = new()
            {
                Form = frames.Form,
                First = first,
                Second = second,
                Third = third,
                Layout = frames.Layout,
                StoredFrames = frames.RowFrames,
                StoredFirst = frames.FirstFrame,
                FirstFrame = firstFrame,
                EndFrame = firstFrame + frames.FrameCount,
                TotalFrames = totalFrames,
                Audio = samplesStart,
                Window = _window.Pointer,
                Head = head,
                Tail = tail,
                HeadEnd = _envelope.HeadEnd,
            };
            long end = Parameters.TrimLength + (long)samples;
            if (_maxThreads > 1 && frames.FrameCount >= 2 * MinFramesPerThread)
            {
                Team.Run(job, _worker, Parameters.HopLength, MinFramesPerThread, Parameters.TrimLength, end);
            }
            else
            {
                _worker.Run(job, Parameters.TrimLength, end);
            }
        }
        GC.KeepAlive(this);
    }

    /// <summary>
    /// Says that a call follows within a millisecond: threads that will share it are woken now, and stay awake until it comes, since waking
    /// a thread takes as long as many frames. Does nothing where cores are few, or as many threads of the process are awake as may be.
    /// </summary>
    /// <param name="frames">Frames of the call to come.</param>
    internal void Expect(int frames)
    {
        if (_disposed || _maxThreads == 1 || frames < 2 * MinFramesPerThread || !HasCoresToSpare)
            return;
        Team.Expect(frames, MinFramesPerThread);
    }

    /// <summary>Frees the scratch memory. Idempotent.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _team?.Dispose();
        _worker.Dispose();
        _window.Dispose();
    }
}
