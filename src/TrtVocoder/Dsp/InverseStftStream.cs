namespace TrtVocoder.Dsp;

/// <summary>
/// The inverse STFT of an utterance that arrives in pieces and whose length nobody knows yet: frames in, finished samples out. What later
/// frames may still touch, n_fft − hop samples, is carried from call to call. All pieces together are exactly as many samples as those of
/// <see cref="InverseStft"/> and equal to them, but for the last bit of the hops in which a push ends after an odd number of frames. One
/// caller at a time; a call allocates nothing.
/// </summary>
public sealed unsafe class InverseStftStream : IDisposable
{
    // Frames of one step; even, since frames are transformed in pairs.
    private const int BlockFrames = 32;

    private readonly WindowEnvelope _envelope;
    private readonly InverseStftWorker _worker;
    private readonly AlignedBuffer _window;
    private readonly AlignedBuffer _sums;
    private readonly float[] _sumsBeforeLast;
    private readonly float[] _real;
    private readonly float[] _imag;
    private readonly float[] _third;
    private readonly int _edgeFrames;
    private readonly int _lead;
    private long _given;
    private bool _isComplete;
    private bool _disposed;

    /// <summary>Plans the transform.</summary>
    /// <param name="parameters">Sizes and padding.</param>
    /// <exception cref="DataFormatException">The windows overlap too little for the transform to be inverted.</exception>
    /// <exception cref="NativeLibraryException">FFTW is not in the folder that <c>TRTV_FFTW_DIR</c> names.</exception>
    public InverseStftStream(StftParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Parameters = parameters;
        _envelope = new WindowEnvelope(parameters);
        _worker = new InverseStftWorker(parameters);
        _window = _envelope.CreateSynthesisWindow();
        // With a hop longer than what is trimmed, a frame's first samples belong to the utterance only if another frame follows.
        _lead = parameters.Padding == StftPadding.Center ? Math.Max(0, parameters.HopLength - parameters.TrimLength) : 0;
        _sums = new AlignedBuffer(_lead + ((BlockFrames - 1) * parameters.HopLength) + parameters.FftLength);
        _sumsBeforeLast = new float[Carried];
        _real = new float[2 * parameters.BinCount];
        _imag = new float[2 * parameters.BinCount];
        _third = new float[parameters.BinCount];
        // Beyond so many frames neither end of the utterance sees the other; even, like the number of a pair's first frame.
        _edgeFrames = 2 * ((parameters.FftLength / parameters.HopLength) + 2);
    }

    /// <summary>Sizes and padding.</summary>
    public StftParameters Parameters { get; }

    /// <summary>Frames pushed since the start or the last <see cref="Reset"/>.</summary>
    public long FrameCount { get; private set; }

    /// <summary>Samples that <see cref="Push"/> of so many more frames will give.</summary>
    /// <param name="frames">Frames, 0 or more.</param>
    public int GetSampleCount(int frames)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        return checked((int)(CountFinished(FrameCount + frames) - _given));
    }

    /// <summary>Samples that <see cref="Complete"/> will give.</summary>
    public int RemainingSamples => _isComplete ? 0 : (int)(CountAll(FrameCount) - _given);

    /// <summary>Adds the next frames and gives the samples that no later frame touches.</summary>
    /// <param name="frames">Any number of frames, in either layout.</param>
    /// <param name="audio">Room for at least <see cref="GetSampleCount"/> samples.</param>
    /// <returns>Samples written.</returns>
    /// <exception cref="ArgumentException">The number of bins does not fit, or there is too little room; nothing was done.</exception>
    /// <exception cref="InvalidOperationException">The utterance is complete.</exception>
    public int Push(in Spectrum frames, Span<float> audio)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_isComplete)
            throw new InvalidOperationException("The utterance is complete; Reset begins the next.");
        if (frames.FrameCount > 0 && frames.Bins != Parameters.BinCount)
            throw new ArgumentException(
                $"The spectrum has {frames.Bins} bins, n_fft {Parameters.FftLength} needs {Parameters.BinCount}.", nameof(frames));
        int samples = GetSampleCount(frames.FrameCount);
        if (audio.Length < samples)
            throw TooShort(audio, $"{frames.FrameCount} more frames finish", samples);
        int written = 0;
        int first = 0;
        if (frames.FrameCount > 0 && FrameCount % 2 != 0)
        {
            written = AddToPair(frames, audio);
            first = 1;
        }
        while (first < frames.FrameCount)
        {
            int left = frames.FrameCount - first;
            int count = left == 1 ? 1 : Math.Min(BlockFrames, left & ~1);
            Spectrum block = frames.Slice(first, count);
            if (left == 1)
                KeepForPair(block);
            written += Add(block, audio[written..]);
            first += count;
        }
        return written;
    }

    /// <summary>Ends the utterance and gives its last samples.</summary>
    /// <param name="audio">Room for at least <see cref="RemainingSamples"/> samples.</param>
    /// <returns>Samples written; 0 where it was complete already.</returns>
    /// <exception cref="ArgumentException">There is too little room; nothing was done.</exception>
    public int Complete(Span<float> audio)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int samples = RemainingSamples;
        if (audio.Length < samples)
            throw TooShort(audio, "the utterance ends in", samples);
        int frames = Renumber(FrameCount);
        if (samples > 0)
        {
            _envelope.SetFrames(frames);
            Run(new InverseStftJob { Layout = SpectrumLayout.FrameMajor, FirstFrame = frames, EndFrame = frames, TotalFrames = frames },
                Parameters.TrimLength + (long)Parameters.GetSampleCount(frames));
            new ReadOnlySpan<float>(_sums.Pointer + FirstUnfinished, samples).CopyTo(audio);
        }
        (_given, _isComplete) = (_given + samples, true);
        return samples;
    }

    /// <summary>Begins another utterance, whatever there was of the last.</summary>
    public void Reset() => (FrameCount, _given, _isComplete) = (0, 0, false);

    /// <summary>Frees the scratch memory. Idempotent.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _worker.Dispose();
        _window.Dispose();
        _sums.Dispose();
    }

    private int Add(in Spectrum frames, Span<float> audio)
    {
        (int length, int hop, int count) = (Parameters.FftLength, Parameters.HopLength, frames.FrameCount);
        int first = Renumber(FrameCount);
        // The end is far: what lies beyond it is nobody's yet.
        _envelope.SetFrames(int.MaxValue);
        fixed (float* one = frames.First, two = frames.Second, three = frames.Third)
        {
            Run(new InverseStftJob
            {
                Form = frames.Form,
                First = one,
                Second = two,
                Third = three,
                Layout = frames.Layout,
                StoredFrames = frames.RowFrames,
                StoredFirst = frames.FirstFrame,
                FirstFrame = first,
                EndFrame = first + count,
                TotalFrames = int.MaxValue,
            }, ((first + count - 1L) * hop) + length);
        }
        int finished = GetSampleCount(count);
        new ReadOnlySpan<float>(_sums.Pointer + FirstUnfinished, finished).CopyTo(audio);
        new ReadOnlySpan<float>(_sums.Pointer + (count * hop), Carried).CopyTo(new Span<float>(_sums.Pointer, Carried));
        FrameCount += count;
        _given += finished;
        return finished;
    }

    // A frame without its partner rounds differently. So it is added alone only for the sake of the samples that it finishes, and once more,
    // to the sums as they were, when its partner comes.
    private void KeepForPair(in Spectrum frame)
    {
        new ReadOnlySpan<float>(_sums.Pointer, Carried).CopyTo(_sumsBeforeLast);
        CopyFrame(frame, 0);
    }

    private int AddToPair(in Spectrum frames, Span<float> audio)
    {
        _sumsBeforeLast.CopyTo(new Span<float>(_sums.Pointer, Carried));
        CopyFrame(frames, Parameters.BinCount);
        FrameCount--;
        return Add(new Spectrum(_real, _imag, SpectrumLayout.FrameMajor, Parameters.BinCount, 2), audio);
    }

    private void CopyFrame(in Spectrum frames, int target)
    {
        bool isFrameMajor = frames.Layout == SpectrumLayout.FrameMajor;
        int source = frames.FirstFrame * (isFrameMajor ? frames.Bins : 1);
        int stride = isFrameMajor ? 1 : frames.RowFrames;
        for (int bin = 0; bin < frames.Bins; bin++, source += stride)
        {
            (_real[target + bin], _imag[target + bin]) = (frames.First[source], frames.Second[source]);
            if (!frames.Third.IsEmpty)
                _third[bin] = frames.Third[source];
        }
        if (frames.Form == SpectrumForm.RealImaginary)
            return;
        fixed (float* real = &_real[target], imag = &_imag[target], third = _third)
            SpectrumPlanes.ToRectangular(frames.Form, real, imag, third, frames.Bins, real, imag);
    }

    private int Carried => _lead + Parameters.FftLength - Parameters.HopLength;

    // Where among the sums the first sample lies that was not given yet.
    private int FirstUnfinished => (int)(_lead + Parameters.TrimLength + _given - (FrameCount * Parameters.HopLength));

    // Positions are those of an utterance; the sums begin where the first new frame does, or the lead before.
    private void Run(InverseStftJob job, long end)
    {
        long start = (long)job.FirstFrame * Parameters.HopLength;
        fixed (float* head = _envelope.Head, tail = _envelope.Tail)
        {
            job.Audio = _sums.Pointer + _lead - (start - Parameters.TrimLength);
            job.Window = _window.Pointer;
            job.Head = head;
            job.Tail = tail;
            job.HeadEnd = _envelope.HeadEnd;
            _worker.Run(job, Math.Max(Parameters.TrimLength, start), end);
        }
        GC.KeepAlive(this);
    }

    // Far from the start all frames of one parity are alike, so that their numbers stay small however long the stream is.
    private int Renumber(long frame) => frame < _edgeFrames ? (int)frame : _edgeFrames + (int)(frame & 1);

    private long CountFinished(long frames) =>
        Math.Clamp((frames * Parameters.HopLength) - Parameters.TrimLength, 0, CountAll(frames));

    private long CountAll(long frames) =>
        frames == 0 ? 0 : (frames - (Parameters.Padding == StftPadding.Center ? 1 : 0)) * Parameters.HopLength;

    private static ArgumentException TooShort(Span<float> audio, string what, int samples) =>
        new($"The audio has room for {audio.Length} samples, but {what} {samples}.", nameof(audio));
}
