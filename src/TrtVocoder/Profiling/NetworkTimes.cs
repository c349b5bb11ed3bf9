namespace TrtVocoder.Profiling;

/// <summary>
/// Times of one run of the network, or sums over several with the first start and the last end. Moments are milliseconds since the
/// profiler was made. All 0 where nothing was measured.
/// </summary>
public readonly record struct NetworkTimes
{
    /// <summary><see cref="DecodePart.ShapeSet"/> in ms.</summary>
    public double ShapeSetMs { get; init; }

    /// <summary><see cref="DecodePart.HostToDevice"/> in ms.</summary>
    public double HostToDeviceMs { get; init; }

    /// <summary><see cref="DecodePart.Compute"/> in ms.</summary>
    public double ComputeMs { get; init; }

    /// <summary>The inverse STFT behind the network on the GPU, between events, in ms; 0 where the GPU does none.</summary>
    public double InverseStftMs { get; init; }

    /// <summary><see cref="DecodePart.DeviceToHost"/> in ms.</summary>
    public double DeviceToHostMs { get; init; }

    /// <summary><see cref="DecodePart.Enqueue"/> in ms.</summary>
    public double EnqueueMs { get; init; }

    /// <summary>When the first enqueue began.</summary>
    public double EnqueueStartMs { get; init; }

    /// <summary>When the last enqueue returned.</summary>
    public double EnqueueEndMs { get; init; }

    /// <summary>When the first copy to the GPU began.</summary>
    public double HostToDeviceStartMs { get; init; }

    /// <summary>When the first computation began.</summary>
    public double ComputeStartMs { get; init; }

    /// <summary>When the last computation ended.</summary>
    public double ComputeEndMs { get; init; }

    /// <summary>When the last copy to the host ended.</summary>
    public double DeviceToHostEndMs { get; init; }

    /// <summary>Whether the shape was set for this run.</summary>
    public bool ChangedShape { get; init; }

    /// <summary>Whether the run was the launch of a captured graph; of several, whether all were.</summary>
    public bool UsedGraph { get; init; }

    /// <summary><see cref="DecodePart.Latency"/> in ms.</summary>
    public double LatencyMs => HostToDeviceMs + ComputeMs + InverseStftMs + DeviceToHostMs;

    /// <summary>A run on the host between two moments, which enqueues and copies nothing.</summary>
    internal static NetworkTimes OnHost(double beginMs, double endMs) => new()
    {
        ComputeMs = endMs - beginMs,
        EnqueueStartMs = beginMs,
        EnqueueEndMs = beginMs,
        HostToDeviceStartMs = beginMs,
        ComputeStartMs = beginMs,
        ComputeEndMs = endMs,
        DeviceToHostEndMs = endMs,
    };

    /// <summary>The times of these runs and of a later one.</summary>
    public NetworkTimes Then(in NetworkTimes next) => new()
    {
        ShapeSetMs = ShapeSetMs + next.ShapeSetMs,
        HostToDeviceMs = HostToDeviceMs + next.HostToDeviceMs,
        ComputeMs = ComputeMs + next.ComputeMs,
        InverseStftMs = InverseStftMs + next.InverseStftMs,
        DeviceToHostMs = DeviceToHostMs + next.DeviceToHostMs,
        EnqueueMs = EnqueueMs + next.EnqueueMs,
        EnqueueStartMs = EnqueueStartMs,
        EnqueueEndMs = next.EnqueueEndMs,
        HostToDeviceStartMs = HostToDeviceStartMs,
        ComputeStartMs = ComputeStartMs,
        ComputeEndMs = next.ComputeEndMs,
        DeviceToHostEndMs = next.DeviceToHostEndMs,
        ChangedShape = ChangedShape || next.ChangedShape,
        UsedGraph = UsedGraph && next.UsedGraph,
    };
}
