namespace TrtVocoder.FleetSimulation;

/// <summary>One instance under arrivals at random, whose rate may change from stretch to stretch; what waits is carried over.</summary>
internal sealed class PoissonLoad
{
    private readonly Func<int, IReadOnlyList<int>> _cut;
    private readonly IReadOnlyList<int> _lengths;
    private readonly Random _random;
    private Action<double> _onAnswerMs = _ => { };
    private double _nowMs;

    /// <param name="options">The instance.</param>
    /// <param name="cut">The windows of a mel.</param>
    /// <param name="lengths">Lengths in frames that are drawn from.</param>
    /// <param name="seed">Of all that is drawn.</param>
    public PoissonLoad(InstanceOptions options, Func<int, IReadOnlyList<int>> cut, IReadOnlyList<int> lengths, int seed)
    {
        (_cut, _lengths, _random) = (cut, lengths, new Random(seed));
        Instance = new SimulatedInstance(options, (request, now) => _onAnswerMs(now - request.Arrival));
    }

    /// <summary>The instance.</summary>
    public SimulatedInstance Instance { get; }

    /// <summary>Requests that have come.</summary>
    public long Arrived { get; private set; }

    /// <summary>Goes on for a stretch of time.</summary>
    /// <param name="rate">Requests a second.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="onAnswerMs">Told how long each request took that ends meanwhile.</param>
    public void Run(double rate, double seconds, Action<double> onAnswerMs)
    {
        _onAnswerMs = onAnswerMs;
        double end = _nowMs + (seconds * 1000);
        // Arrivals have no memory: a gap may begin anew with each stretch.
        double arrival = _nowMs + NextGap(rate);
        while (Math.Min(arrival, Instance.NextEndMs) <= end)
        {
            if (Instance.NextEndMs < arrival)
            {
                Instance.EndNextRun();
                continue;
            }
            Arrived++;
            Instance.Submit(new SimulatedRequest(_cut(_lengths[_random.Next(_lengths.Count)]), arrival, 0));
            arrival += NextGap(rate);
        }
        _nowMs = end;
    }

    private double NextGap(double rate) => rate > 0 ? -Math.Log(1 - _random.NextDouble()) * 1000 / rate : double.PositiveInfinity;
}
