namespace TrtVocoder.FleetSimulation;

/// <summary>
/// Kubernetes' HorizontalPodAutoscaler on one value for the whole fleet: ready instances × value / target, rounded up, within a tolerance
/// of a tenth none; at most twice as many or four more in a minute, a tenth fewer in five minutes, and fewer only when nothing of late
/// asked for more.
/// </summary>
internal sealed class Autoscaler
{
    private const double Tolerance = 0.1;
    private const double UpPeriodSeconds = 60;
    private const int UpAtLeast = 4;
    private const double DownPeriodSeconds = 300;
    private const double DownShare = 0.1;

    private readonly AutoscalerOptions _options;
    private readonly List<double> _readyAt = [];
    private readonly Queue<(double Seconds, int Wish)> _wishes = [];
    private readonly Queue<(double Seconds, int Change)> _changes = [];

    public Autoscaler(AutoscalerOptions options, int ready) => (_options, Ready) = (options, ready);

    /// <summary>Instances that serve.</summary>
    public int Ready { get; private set; }

    /// <summary>Instances that are paid for: those that start, too.</summary>
    public int Paid => Ready + _readyAt.Count;

    /// <summary>Looks at the value, as the autoscaler does every 15 s.</summary>
    /// <param name="seconds">Now.</param>
    /// <param name="valueMs">The queue time.</param>
    public void Step(double seconds, double valueMs)
    {
        Ready += _readyAt.RemoveAll(ready => ready <= seconds);
        double ratio = valueMs / _options.TargetMs;
        double exact = Math.Abs(ratio - 1) <= Tolerance ? Paid : Math.Ceiling(Ready * ratio);
        int wish = (int)Math.Clamp(exact, _options.Least, _options.Most);
        _wishes.Enqueue((seconds, wish));
        while (_wishes.Peek().Seconds <= seconds - _options.CoolDownSeconds)
            _wishes.Dequeue();
        while (_changes.Count > 0 && _changes.Peek().Seconds <= seconds - DownPeriodSeconds)
            _changes.Dequeue();
        if (wish > Paid)
            Add(seconds, wish);
        else
            Remove(seconds, Math.Max(wish, _wishes.Max(past => past.Wish)));
    }

    private void Add(double seconds, int wish)
    {
        int before = Paid - _changes.Where(change => change.Seconds > seconds - UpPeriodSeconds && change.Change > 0)
            .Sum(change => change.Change);
        int added = Math.Min(wish, Math.Max(2 * before, before + UpAtLeast)) - Paid;
        if (added <= 0)
            return;
        _changes.Enqueue((seconds, added));
        _readyAt.AddRange(Enumerable.Repeat(seconds + _options.StartSeconds, added));
    }

    private void Remove(double seconds, int wish)
    {
        int before = Paid - _changes.Where(change => change.Change < 0).Sum(change => change.Change);
        int removed = Paid - Math.Max(wish, (int)(before * (1 - DownShare)));
        if (removed <= 0)
            return;
        _changes.Enqueue((seconds, -removed));
        int starting = Math.Min(removed, _readyAt.Count);
        _readyAt.RemoveRange(_readyAt.Count - starting, starting);
        Ready -= removed - starting;
    }
}
