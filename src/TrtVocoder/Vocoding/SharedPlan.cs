namespace TrtVocoder.Vocoding;

/// <summary>The window plan of all sessions of a vocoder: all cover an input alike. Thread-safe.</summary>
internal sealed class SharedPlan(WindowPlan plan)
{
    private readonly Lock _gate = new();
    private WindowPlan _current = plan;
    private bool _isMeasured;

    /// <summary>The plan for the next decode.</summary>
    public WindowPlan Current => Volatile.Read(ref _current);

    /// <summary>Lets the first session that is warm say what windows cost; later ones keep to that.</summary>
    public void Measure(Func<IReadOnlyList<int>, double[]> measure)
    {
        lock (_gate)
        {
            if (_isMeasured)
                return;
            Volatile.Write(ref _current, _current.WithCosts(measure(_current.Frames)));
            _isMeasured = true;
        }
    }
}
