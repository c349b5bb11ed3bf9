using TrtVocoder.Decoding;

namespace TrtVocoder.Vocoding;

/// <summary>The window plans of all sessions of a vocoder: all cover an input alike. Thread-safe.</summary>
internal sealed class WindowPlans
{
    private readonly Lock _gate = new();
    private WindowPlan _windows;
    private bool _isMeasured;

    /// <summary>Plans for one model.</summary>
    /// <exception cref="ArgumentException">The options do not suit the model.</exception>
    public WindowPlans(DecoderInfo info, VocoderOptions options)
    {
        _windows = WindowPlan.Create(info, options);
        BeforeWarmUp = info.HasCostlyShapes && _windows.HasFixedLengths ? WindowPlan.Create(info, options with { Windows = WindowPolicy.Off }) : _windows;
    }

    /// <summary>The plan of sessions whose windows are ready.</summary>
    public WindowPlan Windows => Volatile.Read(ref _windows);

    /// <summary>
    /// The plan of other sessions: where a new shape is costly, and making one ready more so, an input in its own length pays for one
    /// shape, in windows for several.
    /// </summary>
    public WindowPlan BeforeWarmUp { get; }

    /// <summary>Lets the first session that is warm say what windows cost; later ones keep to that.</summary>
    public void Measure(Func<IReadOnlyList<int>, double[]> measure)
    {
        lock (_gate)
        {
            if (_isMeasured)
                return;
            Volatile.Write(ref _windows, _windows.WithCosts(measure(_windows.Frames)));
            _isMeasured = true;
        }
    }
}
