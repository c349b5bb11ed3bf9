namespace TrtVocoder.Vocoding;

/// <summary>
/// Goes through the windows that cover one input, from its start to its end. Long windows come first: what follows the last run is then short.
/// Made once a session and used for one input after the other, so that going through allocates nothing.
/// </summary>
/// <param name="mostLengths">The most window lengths of the plans that it will be used with.</param>
internal sealed class WindowCursor(int mostLengths)
{
    private readonly int[] _counts = new int[mostLengths];
    private WindowPlan _plan = null!;
    private int _adjustedFrames;
    private int _inputFrames;
    private int _inputUnits;
    private bool _isOwnLength;
    private bool _isEnd;

    /// <summary>Where the window begins, in frames.</summary>
    public int Start { get; private set; }

    /// <summary>Frames of the window.</summary>
    public int Frames { get; private set; }

    /// <summary>Where the part begins that this window gives: frames of a spectrum, samples of a waveform, counted in the whole input.</summary>
    public int Begin { get; private set; }

    /// <summary>Where that part ends.</summary>
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
        _isOwnLength = frames <= plan.OwnLengthLimit;
        _adjustedFrames = plan.AdjustsLength ? GetAdjustedFrames(plan, frames) : 0;
        if (!_isOwnLength && _adjustedFrames == 0)
            plan.Choose(frames, _counts.AsSpan(0, plan.Frames.Count));
    }

    /// <summary>Goes to the next window; false after the last.</summary>
    public bool MoveNext()
    {
        if (_isEnd)
            return false;
        Begin = End;
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
