namespace TrtVocoder.Decoding;

/// <summary>What a decoder, or all decoders of a session, hold ready.</summary>
public readonly record struct DecoderState
{
    /// <summary>Shapes whose runs cost no shape change: each has an execution context and buffers of its own.</summary>
    public int KeptShapes { get; init; }

    /// <summary>Those of them that are captured as CUDA graphs.</summary>
    public int CapturedShapes { get; init; }

    /// <summary>Why a shape could not be captured and is enqueued plainly, in the driver's or TensorRT's words; null when none failed.</summary>
    public string? CaptureRefusal { get; init; }

    /// <summary>GPU memory in bytes: buffers, and the scratch memory that all contexts of a decoder share.</summary>
    public long DeviceBytes { get; init; }

    /// <summary>Pinned or mapped host memory in bytes.</summary>
    public long HostBytes { get; init; }

    /// <summary>This state and another's together.</summary>
    public DecoderState Add(in DecoderState other) => new()
    {
        KeptShapes = KeptShapes + other.KeptShapes,
        CapturedShapes = CapturedShapes + other.CapturedShapes,
        CaptureRefusal = CaptureRefusal ?? other.CaptureRefusal,
        DeviceBytes = DeviceBytes + other.DeviceBytes,
        HostBytes = HostBytes + other.HostBytes,
    };
}
