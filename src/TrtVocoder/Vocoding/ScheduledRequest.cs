namespace TrtVocoder.Vocoding;

/// <summary>
/// A mel that a <see cref="VocoderScheduler"/> decodes, and who gets the samples. Its state is the scheduler's, changed under its gate; its
/// methods are called by one thread at a time, in order, outside of it.
/// </summary>
/// <param name="mel">[n_mels, frames]; it must not change until the end.</param>
/// <param name="frames">Frames.</param>
internal abstract class ScheduledRequest(ReadOnlyMemory<float> mel, int frames)
{
    /// <summary>The mel.</summary>
    public ReadOnlyMemory<float> Mel { get; } = mel;

    /// <summary>Frames of the mel.</summary>
    public int Frames { get; } = frames;

    /// <summary>Where all its samples go, and no others.</summary>
    public Memory<float> Audio { get; protected init; }

    /// <summary>Its number, once it was accepted.</summary>
    public long Ticket { get; set; }

    /// <summary>When it was accepted, by the stopwatch.</summary>
    public long Start { get; set; }

    /// <summary>Its windows.</summary>
    public IReadOnlyList<MelWindow> Windows { get; set; } = [];

    /// <summary>Windows that a run took, or that nobody wants any more.</summary>
    public int Taken { get; set; }

    /// <summary>Windows that runs took and whose samples are not written yet.</summary>
    public int Running { get; set; }

    /// <summary>Windows whose samples are written.</summary>
    public int Written { get; set; }

    /// <summary>Samples that no later window changes.</summary>
    public int Finished { get; set; }

    /// <summary>Why it ends early.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Whether a thread has, or is about to have, its end to tell.</summary>
    public bool IsEnding { get; set; }

    /// <summary>Is told, once, that the first of its windows is in a run that begins now. Throws nothing.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Takes samples that no later window changes. What it throws ends the request.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="first">Samples before them.</param>
    public virtual void TakePart(ReadOnlySpan<float> samples, int first)
    {
    }

    /// <summary>Is told of the end, once. Throws nothing.</summary>
    /// <param name="rest">The samples that <see cref="TakePart"/> was not given; empty after a failure.</param>
    /// <param name="first">Samples before them.</param>
    /// <param name="failure">Why the request ended early, or null.</param>
    public abstract void End(ReadOnlySpan<float> rest, int first, Exception? failure);
}
