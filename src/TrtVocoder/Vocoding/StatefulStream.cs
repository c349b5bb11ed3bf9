using TrtVocoder.Decoding;
using TrtVocoder.Profiling;

namespace TrtVocoder.Vocoding;

/// <summary>
/// A stream through a network that keeps state from run to run (<see cref="VocoderMetadata.IsStreaming"/>): each frame goes in once, and its
/// results come out a receptive field later; at the end as many frames of zeros follow.
/// </summary>
internal sealed class StatefulStream(IDecoder decoder, DecoderInfo info, StreamOutput output, DecodeProfiler? profiler)
    : StreamNetwork(decoder, info, output, profiler)
{
    // Of engines, which pay for every new shape.
    private int _onlyLength;
    private long _sent;

    private int Lag => Info.Metadata.ReceptiveFieldFrames!.Value;

    /// <summary>Whether an utterance is under way, whose state must not be another's.</summary>
    public bool HasState => _sent > 0;

    /// <inheritdoc/>
    public override bool Step(bool isEnd, int mostResults)
    {
        long goal = Mel.End + (isEnd && Stft.GetSampleCount(checked((int)Mel.End)) > 0 ? Lag : 0);
        long left = goal - _sent;
        long wanted = Math.Min(left, (long)mostResults + Math.Max(0, Lag - _sent));
        int frames = _onlyLength > 0 ? _onlyLength : (int)Math.Max(Math.Min(wanted, Info.MaxFrames), Info.MinFrames);
        // Behind the end there are zeros, as many as a run takes.
        if (left <= 0 || (frames > left && !isEnd))
            return false;
        Span<float> input = Decoder.BeginInput(frames, _sent, isEnd ? Mel.End : null);
        Mel.CopyTo(Math.Min(_sent, Mel.End), (int)Math.Clamp(Mel.End - _sent, 0, frames), input, frames);
        int first = (int)Math.Clamp(Lag - _sent, 0, frames);
        long end = isEnd ? Math.Min(frames, goal - _sent) : frames;
        _sent += frames;
        Run(frames, first, (int)Math.Max(0, end - first));
        return true;
    }

    /// <inheritdoc/>
    public override void Trim() => Mel.DropBefore(_sent);

    /// <inheritdoc/>
    public override void Clear()
    {
        base.Clear();
        _sent = 0;
    }

    /// <inheritdoc/>
    public override void WarmUp(int chunkFrames)
    {
        int chunk = Math.Clamp(chunkFrames, Info.MinFrames, Info.MaxFrames);
        if (Info.HasCostlyShapes)
        {
            _onlyLength = chunk;
            RunOnSilence(chunk);
            return;
        }
        for (int frames = Info.MinFrames; frames <= Math.Max(chunk, Math.Min(Lag, Info.MaxFrames)); frames++)
            RunOnSilence(frames);
    }
}
