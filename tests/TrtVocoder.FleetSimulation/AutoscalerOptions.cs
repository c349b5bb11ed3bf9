namespace TrtVocoder.FleetSimulation;

/// <summary>The rule of examples/kubernetes/scaledobject.yaml.</summary>
/// <param name="TargetMs">The queue time that is aimed at.</param>
/// <param name="Most">The most instances.</param>
internal sealed record AutoscalerOptions(double TargetMs, int Most)
{
    /// <summary>The fewest instances.</summary>
    public int Least { get; init; } = 1;

    /// <summary>From the wish for an instance until it is ready: a node, the image, the engine.</summary>
    public double StartSeconds { get; init; } = 180;

    /// <summary>How long the highest wish of late holds before fewer are kept.</summary>
    public double CoolDownSeconds { get; init; } = 600;
}
