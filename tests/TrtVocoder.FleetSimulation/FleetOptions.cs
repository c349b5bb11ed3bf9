namespace TrtVocoder.FleetSimulation;

/// <summary>A fleet of one kind of instance, and what comes to it.</summary>
/// <param name="Instance">The instance.</param>
/// <param name="Load">Requests a second over the day.</param>
/// <param name="Seed">Of arrivals and lengths.</param>
internal sealed record FleetOptions(InstanceProfile Instance, DayOfLoad Load, int Seed)
{
    /// <summary>Requests that would wait longer are refused.</summary>
    public double LongestWaitSeconds { get; init; } = 10;

    /// <summary>Of every 15 s so many are simulated event by event.</summary>
    public double SliceSeconds { get; init; } = 0.04;
}
