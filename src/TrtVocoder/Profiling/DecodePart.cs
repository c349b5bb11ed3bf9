namespace TrtVocoder.Profiling;

/// <summary>A part of a decode that is timed. The first five are trtexec's, under its names and definitions.</summary>
public enum DecodePart
{
    /// <summary>H2D Latency: the mel's copy to the GPU, between events. 0 where nothing is copied (CPU, mapped buffers).</summary>
    HostToDevice,

    /// <summary>Enqueue Time: host time in enqueueV3 or the graph's launch.</summary>
    Enqueue,

    /// <summary>GPU Compute Time: the engine between events. On a CPU: the network's run.</summary>
    Compute,

    /// <summary>D2H Latency: the results' copy to the host, between events. 0 where nothing is copied.</summary>
    DeviceToHost,

    /// <summary>
    /// Latency: the sum of host-to-device, compute and device-to-host, and of the inverse STFT where the GPU does it in between.
    /// </summary>
    Latency,

    /// <summary>
    /// Host time for setting the shape and making room; almost 0 where the shape is one already prepared. Not in trtexec.
    /// </summary>
    ShapeSet,

    /// <summary>
    /// The inverse STFT: host time, or between events where it follows the network on the GPU; 0 for waveform models. Not in trtexec.
    /// </summary>
    InverseStft,

    /// <summary>From the call to the samples being ready, by the host's clock: what the caller waits. Not in trtexec.</summary>
    EndToEnd,
}
