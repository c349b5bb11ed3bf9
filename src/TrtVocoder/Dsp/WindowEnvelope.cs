namespace TrtVocoder.Dsp;

/// <summary>
/// The overlap-added squared window that the inverse STFT divides by (torch.istft, Vocos' ISTFT). Where no frame is missing it repeats
/// with the hop, so its reciprocal is folded into the synthesis window; the two ends, where frames are missing, get a correction factor.
/// Positions count from the start of the first frame, before trimming.
/// </summary>
internal sealed class WindowEnvelope
{
    // torch.istft refuses a smaller envelope.
    private const double Least = 1e-11;

    private readonly StftParameters _parameters;
    private readonly double[] _window;
    private readonly double[] _interior;
    private readonly float[] _head;
    private readonly float[] _tail;
    private int _edgeFrames = -1;

    /// <summary>Computes the interior.</summary>
    /// <exception cref="DataFormatException">The windows overlap too little for the transform to be inverted.</exception>
    public WindowEnvelope(StftParameters parameters)
    {
        _parameters = parameters;
        _window = HannWindow.Create(parameters.FftLength);
        _interior = new double[parameters.HopLength];
        for (int n = 0; n < parameters.FftLength; n++)
            _interior[n % parameters.HopLength] += _window[n] * _window[n];
        if (_interior.Min() < Least)
            throw NotInvertible();
        _head = new float[Math.Max(0, HeadEnd - parameters.TrimLength)];
        _tail = new float[Math.Max(0, parameters.FftLength - parameters.HopLength - parameters.TrimLength)];
    }

    /// <summary>First position that frames before the first would not reach.</summary>
    public int HeadEnd => _parameters.FftLength - _parameters.HopLength;

    /// <summary>Factors for the positions from the trim length up to <see cref="HeadEnd"/>.</summary>
    public ReadOnlySpan<float> Head => _head;

    /// <summary>
    /// Factors for the positions from frames · hop (where the next frame would have started) on; only those not in the head count.
    /// </summary>
    public ReadOnlySpan<float> Tail => _tail;

    /// <summary>The window, divided by the transform's length and by the interior envelope.</summary>
    public double GetSynthesisWindow(int n) => _window[n] / (_parameters.FftLength * _interior[n % _parameters.HopLength]);

    /// <summary>All of it, as the transform multiplies by it.</summary>
    public unsafe AlignedBuffer CreateSynthesisWindow()
    {
        AlignedBuffer window = new(_parameters.FftLength);
        for (int n = 0; n < _parameters.FftLength; n++)
            window.Pointer[n] = (float)GetSynthesisWindow(n);
        return window;
    }

    /// <summary>
    /// Fills <see cref="Head"/> and <see cref="Tail"/> for an utterance of <paramref name="frames"/> frames. Quick when the last utterance
    /// was long too.
    /// </summary>
    /// <exception cref="DataFormatException">A kept sample is covered by no window.</exception>
    public void SetFrames(int frames)
    {
        (int length, int hop, int trim) = (_parameters.FftLength, _parameters.HopLength, _parameters.TrimLength);

        // Beyond as many frames as cover one position, the ends no longer see each other.
        int edgeFrames = Math.Min(frames, ((length + hop - 1) / hop) + 1);
        if (edgeFrames == _edgeFrames)
            return;
        _edgeFrames = -1;
        long keptEnd = trim + (long)_parameters.GetSampleCount(edgeFrames);
        for (int i = 0; i < _head.Length; i++)
            _head[i] = trim + i < keptEnd ? Correction(trim + i, edgeFrames) : 1;
        for (int i = 0; i < _tail.Length; i++)
            _tail[i] = ((long)edgeFrames * hop) + i < keptEnd ? Correction((edgeFrames * hop) + i, edgeFrames) : 1;
        _edgeFrames = edgeFrames;
    }

    private float Correction(int position, int frames)
    {
        (int length, int hop) = (_parameters.FftLength, _parameters.HopLength);
        double actual = 0;
        for (int frame = Math.Min(frames - 1, position / hop); frame >= 0 && position - (frame * hop) < length; frame--)
            actual += _window[position - (frame * hop)] * _window[position - (frame * hop)];
        return actual >= Least ? (float)(_interior[position % hop] / actual) : throw NotInvertible();
    }

    private DataFormatException NotInvertible() => new(
        $"An STFT with n_fft {_parameters.FftLength} and hop {_parameters.HopLength} cannot be inverted: its Hann windows leave samples "
            + $"uncovered; "
        + $"use a hop of at most {Math.Max(1, _parameters.FftLength / 2)}.");
}
