namespace TrtVocoder.FleetSimulation;

/// <summary>
/// The rate of a day's arrivals: a cosine, highest at 16:00 and a fifth of that at 04:00, and bursts of ten minutes at times drawn at
/// random, in which 1.3 times as many come from one moment to the next.
/// </summary>
internal sealed class DayOfLoad
{
    public const double Seconds = 24 * 3600;

    private const double HighestAt = 16 * 3600;
    private const double Lowest = 0.2;
    private const int Bursts = 6;
    private const double BurstSeconds = 600;
    private const double BurstFactor = 1.3;

    private readonly double _highest;
    private readonly double[] _bursts;

    /// <param name="highest">Requests a second at 16:00, but for bursts.</param>
    /// <param name="seed">Of the bursts.</param>
    public DayOfLoad(double highest, int seed)
    {
        Random random = new(seed);
        _highest = highest;
        _bursts = [.. Enumerable.Range(0, Bursts).Select(_ => random.NextDouble() * (Seconds - BurstSeconds))];
    }

    /// <summary>Requests a second.</summary>
    public double GetRate(double seconds)
    {
        double curve = Lowest + ((1 - Lowest) * (1 + Math.Cos(2 * Math.PI * (seconds - HighestAt) / Seconds)) / 2);
        bool isBurst = _bursts.Any(start => seconds >= start && seconds < start + BurstSeconds);
        return _highest * curve * (isBurst ? BurstFactor : 1);
    }
}
