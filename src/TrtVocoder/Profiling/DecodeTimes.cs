namespace TrtVocoder.Profiling;

/// <summary>
/// Where one decode's time went. A decode of several windows sums over them: since windows overlap in time, the sum may exceed
/// <see cref="EndToEndMs"/>. Moments are milliseconds since the profiler was made; the GPU's are brought to the host's clock.
/// </summary>
public readonly record struct DecodeTimes
{
    /// <summary>Items of the batch.</summary>
    public int Batch { get; init; }

    /// <summary>Frames of an item.</summary>
    public int Frames { get; init; }

    /// <summary>Runs of the network.</summary>
    public int Windows { get; init; }

    /// <summary>Frames that the network ran over in all windows of all items, overlaps and repeats included.</summary>
    public int ComputedFrames { get; init; }

    /// <summary>Whether a shape was set, so that this decode paid for a new shape. Kept as a series of its own.</summary>
    public bool ChangedShape { get; init; }

    /// <summary>Whether every run was the launch of a captured graph.</summary>
    public bool UsedGraph { get; init; }

    /// <summary>Times and moments of the network's runs.</summary>
    public NetworkTimes Network { get; init; }

    /// <summary><see cref="DecodePart.InverseStft"/> in ms.</summary>
    public double InverseStftMs { get; init; }

    /// <summary>When the call came.</summary>
    public double StartMs { get; init; }

    /// <summary><see cref="DecodePart.EndToEnd"/> in ms.</summary>
    public double EndToEndMs { get; init; }

    /// <summary>One part in ms.</summary>
    public double this[DecodePart part] => part switch
    {
        DecodePart.HostToDevice => Network.HostToDeviceMs,
        DecodePart.Enqueue => Network.EnqueueMs,
        DecodePart.Compute => Network.ComputeMs,
        DecodePart.DeviceToHost => Network.DeviceToHostMs,
        DecodePart.Latency => Network.LatencyMs,
        DecodePart.ShapeSet => Network.ShapeSetMs,
        DecodePart.InverseStft => InverseStftMs,
        DecodePart.EndToEnd => EndToEndMs,
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "There is no such part."),
    };
}
