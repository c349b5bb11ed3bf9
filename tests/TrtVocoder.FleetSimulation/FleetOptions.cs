namespace TrtVocoder.FleetSimulation;

/// <summary>A fleet of one kind of instance, and what comes to it.</summary>
/// <param name="Instance">The instance.</param>
/// <param name="Cutter">Cuts mels into windows.</param>
/// <param name="Lengths">Lengths in frames that are drawn from.</param>
/// <param name="Load">Requests a second over the day.</param>
/// <param name="Capacity">Requests a second that one instance answers when it is never idle.</param>
/// <param name="Seed">Of arrivals and lengths.</param>
internal sealed record FleetOptions(
    InstanceOptions Instance, WindowCutter Cutter, IReadOnlyList<int> Lengths, DayOfLoad Load, double Capacity, int Seed)
{
    /// <summary>Requests that would wait longer are refused.</summary>
    public double LongestWaitSeconds { get; init; } = 10;

    /// <summary>Of every 15 s so many are simulated event by event.</summary>
    public double SliceSeconds { get; init; } = 0.04;
}
