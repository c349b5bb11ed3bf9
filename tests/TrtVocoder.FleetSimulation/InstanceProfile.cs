namespace TrtVocoder.FleetSimulation;

/// <summary>
/// What an instance can do, and how long requests queue at it by the rate of arrivals: the mean that an autoscaler sees of a fleet.
/// </summary>
internal sealed class InstanceProfile
{
    private const int Clients = 64;
    private const double Seconds = 2;
    private const int Points = 50;

    private readonly double[] _queueMs = new double[Points + 1];

    /// <param name="instance">The instance.</param>
    /// <param name="cutter">Cuts mels into windows.</param>
    /// <param name="lengths">Lengths in frames that are drawn from.</param>
    /// <param name="seed">Of all that is drawn.</param>
    public InstanceProfile(InstanceOptions instance, WindowCutter cutter, IReadOnlyList<int> lengths, int seed)
    {
        (Instance, Cutter, Lengths) = (instance, cutter, lengths);
        Capacity = Loads.RunClosedLoop(instance, cutter.Cut, lengths, Clients, Seconds, seed).RequestsPerSecond;
        for (int i = 1; i <= Points; i++)
        {
            PoissonLoad load = new(instance, cutter.Cut, lengths, seed + i);
            load.Run(Capacity * i / Points, Seconds, _ => { });
            _queueMs[i] = load.Instance.QueuedMs / load.Instance.RequestsBegun;
        }
    }

    public InstanceOptions Instance { get; }

    public WindowCutter Cutter { get; }

    public IReadOnlyList<int> Lengths { get; }

    /// <summary>Requests a second that it answers when it is never idle.</summary>
    public double Capacity { get; }

    /// <summary>How long a request waits for its first run on average, in milliseconds.</summary>
    /// <param name="rate">Requests a second, at most <see cref="Capacity"/>.</param>
    public double GetQueueMs(double rate)
    {
        double at = Math.Clamp(rate / Capacity, 0, 1) * Points;
        int left = Math.Min((int)at, Points - 1);
        return _queueMs[left] + ((at - left) * (_queueMs[left + 1] - _queueMs[left]));
    }
}
