using TrtVocoder.Internal;
using TrtVocoder.Profiling;

namespace TrtVocoder.Vocoding;

/// <summary>How a <see cref="VocoderPool"/> shares sessions. Every value is checked where it is set.</summary>
public sealed record VocoderPoolOptions
{
    /// <summary>The most sessions a pool may have.</summary>
    internal const int MaxSessions = 1024;

    /// <summary>
    /// Sessions, each with its own decoders and buffers, and so the most decodes at a time. On one GPU two keep it busy, the CPU decoder uses
    /// all cores in one.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1, or above 1024.</exception>
    public int Sessions { get; init => field = OptionCheck.Within(value, 1, MaxSessions); } = 2;

    /// <summary>
    /// The most callers that wait for a session; one more is refused at once (<see cref="FailureKind.PoolBusy"/>), which a server turns into
    /// "try again later".
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int MaxWaiting { get; init => field = OptionCheck.Within(value, 0); } = int.MaxValue;

    /// <summary>How long a caller waits for a session before it is refused likewise; null: until its token is cancelled.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or above 24 days.</exception>
    public TimeSpan? RentTimeout
    {
        get;
        init => field = value is { } timeout && (timeout < TimeSpan.Zero || timeout.TotalMilliseconds > int.MaxValue)
            ? throw new ArgumentOutOfRangeException(nameof(value), value, "RentTimeout is from 0 to 24 days, or null.")
            : value;
    }

    /// <summary>
    /// Collects the times of all sessions' decodes (<see cref="DecodeProfiler.GetDecodes"/> may be called while they run); null measures
    /// nothing.
    /// </summary>
    public DecodeProfiler? Profiler { get; init; }
}
