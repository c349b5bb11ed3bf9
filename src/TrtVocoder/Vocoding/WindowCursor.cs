namespace TrtVocoder.Vocoding;

/// <summary>
/// Goes through the windows that cover one input, from its start to its end. Long windows come first: what follows the last run is then
/// short. Made once a session and used for one input after the other, so that going through allocates nothing.
/// </summary>
/// <param name="mostLengths">Window lengths of the plans that it will mostly be used with.</param>
internal sealed class WindowCursor(int mostLengths)
{
    private int[] _counts = new int[mostLengths];
    private WindowPlan _plan = null!;
    private int _adjustedFrames;
    private int _inputFrames;
    private int _inputUnits;
    private bool _isOwnLength;
    private bool _isShort;
    private bool _isEnd;

    /// <summary>Where the window begins, in frames; before the input where it is shorter than the window and lies at its end.</summary>
    public int Start { get; private set; }

    /// <summary>Frames of the window.</summary>
    public int Frames { get; private set; }

    /// <summary>
    /// First result taken from the window: frames of a spectrum, samples of a waveform, counted in the whole input.
    /// </summary>
    public int Begin { get; private set; }

    /// <summary>End of the results taken from the window, exclusive.</summary>
    public int End { get; private set; }

    /// <summary>Begins with an input.</summary>
    /// <param name="plan">The windows.</param>
    /// <param name="frames">Frames of the input.</param>
    /// <param name="units">Frames of its spectrum, or samples of its waveform.</param>
    public void Reset(WindowPlan plan, int frames, int units)
    {
        _plan = plan;
        (_inputFrames, _inputUnits) = (frames, units);
        (Start, Frames, Begin, End) = (0, 0, 0, 0);
        _isEnd = false;
        _isShort = frames < plan.Shortest;
        _isOwnLength = !_isShort && frames <= plan.OwnLengthLimit;
        _adjustedFrames = plan.AdjustsLength ? GetAdjustedFrames(plan, frames) : 0;
        if (_counts.Length < plan.Frames.Count)
            _counts = new int[plan.Frames.Count];
        if (!_isShort && !_isOwnLength && _adjustedFrames == 0)
            plan.Choose(frames, _counts.AsSpan(0, plan.Frames.Count));
    }

    /// <summary>Goes to the next window; false after the last.</summary>
    public bool MoveNext()
    {
        if (_isEnd)
            return false;
        Begin = End;
        if (_isShort)
        {
            MoveToEdge();
            return true;
        }
        if (_isOwnLength)
        {
            (Frames, End, _isEnd) = (_inputFrames, _inputUnits, true);
            return true;
        }
        WindowMargins edges = _plan.Edges;
        Frames = _adjustedFrames > 0 ? _adjustedFrames : TakeLongest();
        if (Begin > 0)
            Start = Math.Min((Begin - edges.LeadUnits) / edges.UnitsPerFrame, _inputFrames - Frames);
        _isEnd = Start + Frames >= _inputFrames;
        End = _isEnd ? _inputUnits : ((Start + Frames) * edges.UnitsPerFrame) - edges.TailUnits;
        return true;
    }

    // An input shorter than any run: first at the window's start, where its own start is the true edge, then at the window's end. What
    // follows the input in the first, and precedes it in the second, is not silence of the network's own making; so each result is taken
    // from the run in which that is farther away than the receptive field, or as far as can be.
    private void MoveToEdge()
    {
        WindowMargins edges = _plan.Edges;
        Frames = _plan.Shortest;
        int wrongFrom = (_inputFrames * Math.Max(edges.UnitsPerFrame, 1)) - edges.TailUnits;
        int split = _plan.HasMargins ? Math.Clamp((edges.LeadUnits + wrongFrom) / 2, 0, _inputUnits) : _inputUnits / 2;
        bool isFirst = Begin == 0 && Start == 0 && split > 0;
        (Start, End) = isFirst ? (0, split) : (_inputFrames - Frames, _inputUnits);
        _isEnd = End == _inputUnits;
    }

    /// <summary>The length by which as many windows as the greatest length needs cover the input just so.</summary>
    private static int GetAdjustedFrames(WindowPlan plan, int frames)
    {
        int lost = plan.Edges.LostFrames;
        int windows = Math.Max(1, (int)Math.Ceiling((frames - lost) / (double)plan.Edges.GetStride(plan.Longest)));
        return (frames + (lost * (windows - 1)) + windows - 1) / windows;
    }

    private int TakeLongest()
    {
        int index = _plan.Frames.Count - 1;
        while (_counts[index] == 0)
            index--;
        _counts[index]--;
        return _plan.Frames[index];
    }
}
