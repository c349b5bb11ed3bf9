namespace TrtVocoder.Vocoding;

/// <summary>What a <see cref="VocoderScheduler"/> has done since it was made, and what it is at: numbers of one moment.</summary>
public readonly record struct SchedulerStatistics
{
    /// <summary>Windows that wait.</summary>
    public int QueuedWindows { get; init; }

    /// <summary>Windows in runs that are under way, or whose samples are being written.</summary>
    public int RunningWindows { get; init; }

    /// <summary>Requests that were accepted and have not ended.</summary>
    public int OpenRequests { get; init; }

    /// <summary>Requests accepted.</summary>
    public long RequestsSubmitted { get; init; }

    /// <summary>Requests that ended with all their samples.</summary>
    public long RequestsCompleted { get; init; }

    /// <summary>Requests that ended by an error.</summary>
    public long RequestsFailed { get; init; }

    /// <summary>Requests that ended because they were cancelled, or the scheduler disposed.</summary>
    public long RequestsCancelled { get; init; }

    /// <summary>Requests refused because too many windows waited, which are not counted as submitted.</summary>
    public long RequestsRefused { get; init; }

    /// <summary>Runs of the network.</summary>
    public long BatchesRun { get; init; }

    /// <summary>Windows in them.</summary>
    public long WindowsRun { get; init; }

    /// <summary>Windows that would have been in them, had each been full.</summary>
    public long SlotsOffered { get; init; }

    /// <summary>Frames that the network computed, windows' overlaps and empty slots included.</summary>
    public long FramesRun { get; init; }

    /// <summary>Frames of the accepted requests' mels.</summary>
    public long FramesAsked { get; init; }

    /// <summary>How full runs were, 0 to 1; 0 before the first.</summary>
    public double BatchFill => SlotsOffered == 0 ? 0 : (double)WindowsRun / SlotsOffered;
}
