using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>What the series are called in JSON (docs/cli.md), and for people.</summary>
internal static class SeriesName
{
    /// <summary>Host mel to host samples, by the caller's clock, with nothing else measured.</summary>
    public const string Audio = "audio_ms";

    /// <summary>Host mel to host real and imaginary parts, likewise.</summary>
    public const string Spectrum = "spectrum_ms";

    /// <summary><see cref="Audio"/> of one call × 256 / its frames: lengths made comparable.</summary>
    public const string Per256Frames = "audio_per_256_frames_ms";

    /// <summary>Host mel to host samples of the first call with a length never used before.</summary>
    public const string NewLength = "new_length_ms";

    /// <summary>A push of frames in the midst of a stream, until its samples are read.</summary>
    public const string Push = "push_ms";

    /// <summary>All pushes of a stream until its first samples come, where the frames come at once.</summary>
    public const string FirstSamples = "first_samples_ms";

    /// <summary>A server's answer: from when the request was sent, or should have been in an open loop, to the answer's last byte.</summary>
    public const string Answer = "answer_ms";

    /// <summary>How much later than planned the requests of an open loop were sent: within <see cref="Answer"/>.</summary>
    public const string Late = "late_ms";

    /// <summary>End to end of the calls that set a shape.</summary>
    public const string ShapeChange = "shape_change_ms";

    public static readonly IReadOnlyList<(DecodePart Part, string Name)> Parts =
    [
        (DecodePart.ShapeSet, "shape_set_ms"),
        (DecodePart.HostToDevice, "h2d_ms"),
        (DecodePart.Enqueue, "enqueue_ms"),
        (DecodePart.Compute, "compute_ms"),
        (DecodePart.DeviceToHost, "d2h_ms"),
        (DecodePart.Latency, "latency_ms"),
        (DecodePart.InverseStft, "istft_ms"),
        (DecodePart.EndToEnd, "end_to_end_ms"),
    ];

    public static string ForPeople(string name) => name switch
    {
        Audio => "mel to samples",
        Spectrum => "mel to re, im",
        Per256Frames => "per 256 frames",
        NewLength => "first call of a new length",
        ShapeChange => "calls that set a shape",
        "shape_set_ms" => "  shape set",
        "h2d_ms" => "  host to device",
        "enqueue_ms" => "  enqueue",
        "compute_ms" => "  compute",
        "d2h_ms" => "  device to host",
        "latency_ms" => "  latency (the three)",
        "istft_ms" => "  inverse STFT",
        "end_to_end_ms" => "  end to end, profiled",
        _ => name.EndsWith("_ms", StringComparison.Ordinal) ? name[..^3].Replace('_', ' ') : name,
    };
}
