using TrtVocoder.Decoding;
using TrtVocoder.Profiling;

namespace TrtVocoder.Vocoding;

/// <summary>
/// A stream through a network that decodes whole mels: each run is a window that begins a margin before the first result wanted and goes to
/// the last frame there is, and only the right part of its result is taken: as few frames as exactness needs.
/// </summary>
internal sealed class WindowedStream(
    IDecoder decoder, DecoderInfo info, StreamOutput output, DecodeProfiler? profiler, WindowMargins edges, int longest)
    : StreamNetwork(decoder, info, output, profiler)
{
    private long _done;

    /// <summary>Lengths that are ready and preferred to others, ascending; null where all are alike.</summary>
    public IReadOnlyList<int>? Lengths { get; set; }

    private long NextStart => Math.Max(0, (_done - edges.LeadUnits) / edges.UnitsPerFrame);

    /// <inheritdoc/>
    public override bool Step(bool isEnd, int mostResults)
    {
        long all = Mel.End;
        long end = isEnd ? CountUnits(all) : (all * edges.UnitsPerFrame) - edges.TailUnits;
        if (_done >= end)
            return false;
        long start = NextStart;
        // Of the first window only the end is cut.
        long wanted = Math.Min(all - start, (long)mostResults + (start == 0 ? TailFrames : edges.LostFrames));
        int frames = FitLength((int)Math.Min(wanted, longest), all);
        if (frames > all)
        {
            return isEnd
                ? throw new TrtVocoderException($"The mel has {all} frames, but this model takes at least {Info.MinFrames}.")
                : false;
        }
        // A window longer than what is left begins earlier.
        start = Math.Min(start, all - frames);
        long upTo = start + frames == all ? end : ((start + frames) * edges.UnitsPerFrame) - edges.TailUnits;
        Mel.CopyTo(start, frames, Decoder.BeginInput(1, frames), frames);
        Run(frames, (int)(_done - (start * edges.UnitsPerFrame)), (int)(upTo - _done));
        _done = upTo;
        return true;
    }

    /// <inheritdoc/>
    public override void Trim() => Mel.DropBefore(Math.Min(NextStart, Mel.End - Info.MinFrames));

    /// <inheritdoc/>
    public override void Clear()
    {
        base.Clear();
        _done = 0;
    }

    /// <inheritdoc/>
    public override void WarmUp(int chunkFrames)
    {
        // The lengths at the start, of whole short utterances and at the end: any, up to that of a chunk between others.
        for (int frames = Math.Max(1, Info.MinFrames); frames <= Math.Min(longest, chunkFrames + edges.LostFrames); frames++)
            RunOnSilence(frames);
    }

    private int TailFrames => (edges.TailUnits + edges.UnitsPerFrame - 1) / edges.UnitsPerFrame;

    private int FitLength(int frames, long all)
    {
        foreach (int length in Lengths ?? [])
            if (length >= frames && length <= all)
                return length;
        return Math.Max(frames, Info.MinFrames);
    }

    private long CountUnits(long frames)
    {
        int samples = Stft.GetSampleCount(checked((int)frames));
        return samples == 0 ? 0 : edges.UnitsPerFrame == 1 && Info.Signal == OutputKind.Spectrum ? frames : samples;
    }
}
