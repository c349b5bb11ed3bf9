namespace TrtVocoder.FleetSimulation;

/// <summary>What one instance is: an engine on a GPU with its scheduler.</summary>
/// <param name="RunTimes">How long a run takes.</param>
/// <param name="Batch">The most windows of a run.</param>
/// <param name="Lanes">Runs under way at the same time.</param>
internal sealed record InstanceOptions(RunTimes RunTimes, int Batch, int Lanes)
{
    /// <summary>
    /// Whether runs of several lanes pass the GPU one after the other, each as fast as alone; else side by side, each as fast as alone. A
    /// GPU is between the two.
    /// </summary>
    public bool HasOneRunAtATime { get; init; } = true;

    /// <summary>Whether a run has a power of two of items, as shapes of an engine that are kept ready do.</summary>
    public bool RoundsItems { get; init; } = true;
}
