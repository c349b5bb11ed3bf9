using TrtVocoder.Decoding;
using TrtVocoder.Internal;

namespace TrtVocoder.Vocoding;

/// <summary>How a <see cref="VocoderScheduler"/> shares runs of the network. Every value is checked where it is set.</summary>
public sealed record VocoderSchedulerOptions
{
    /// <summary>The most windows of one run, where neither the caller nor the engine sets fewer.</summary>
    internal const int DefaultBatch = 16;

    /// <summary>
    /// The most windows of one run; 0: an engine's own limit, at most 16, and 1 on the CPU, where a batch takes as long as its items do. At
    /// most 1024; a model that takes fewer gets fewer.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or more than the most.</exception>
    public int Batch { get; init => field = OptionCheck.Within(value, 0, 1024); }

    /// <summary>
    /// The most frames of a window; 0: 512 where batches are run, else what a session takes (<see cref="VocoderOptions.MaxWindowFrames"/>).
    /// Long windows overlap less in all, short ones leave fewer slots empty and answer sooner.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int WindowFrames { get; init => field = OptionCheck.Within(value, 0); }

    /// <summary>
    /// Runs under way at the same time, each on a thread of its own with its own decoder; 0: 2, or as many as
    /// <see cref="VocoderOptions.RunsInFlight"/> asks for. At most 64.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or more than the most.</exception>
    public int Lanes { get; init => field = OptionCheck.Within(value, 0, DecoderOptions.MaxRunsInFlight); }

    /// <summary>
    /// The most windows that wait; a request beyond them is refused at once (<see cref="FailureKind.PoolBusy"/>), but for one that finds
    /// nobody waiting, however long it is.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public int MaxQueuedWindows { get; init => field = OptionCheck.Within(value, 1); } = 4096;
}
