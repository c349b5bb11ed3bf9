using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Profiling;

namespace TrtVocoder.Vocoding;

/// <summary>Runs the network on a mel that streams in: how depends on whether the network keeps state from run to run.</summary>
internal abstract class StreamNetwork(IDecoder decoder, DecoderInfo info, StreamOutput output, DecodeProfiler? profiler)
{
    /// <summary>The frames that came.</summary>
    public MelQueue Mel { get; } = new(info.Metadata.MelCount);

    protected IDecoder Decoder { get; } = decoder;

    protected DecoderInfo Info { get; } = info;

    protected StftParameters Stft { get; } = info.Metadata.Stft;

    /// <summary>Makes one run, if there are frames for it.</summary>
    /// <param name="isEnd">Whether no frame follows those that came.</param>
    /// <param name="mostResults">The most frames of results wanted from the run; more may come where shapes are fixed.</param>
    /// <returns>Whether there was a run; false: nothing more can be done yet.</returns>
    public abstract bool Step(bool isEnd, int mostResults);

    /// <summary>Lets go of frames that no run will need.</summary>
    public abstract void Trim();

    /// <summary>Makes every shape ready that pushes of so many frames use.</summary>
    public abstract void WarmUp(int chunkFrames);

    /// <summary>Forgets the utterance.</summary>
    public virtual void Clear() => Mel.Clear();

    /// <summary>Runs what was written to the decoder's mel, and takes a part of the result.</summary>
    protected void Run(int computedFrames, int first, int count)
    {
        double start = profiler?.NowMs ?? 0;
        DecoderOutput result = Decoder.Run();
        double finished = profiler?.NowMs ?? 0;
        if (count > 0)
            output.Add(result, first, count);
        if (profiler is null)
            return;
        double end = profiler.NowMs;
        NetworkTimes times = Decoder.Times;
        profiler.Add(new DecodeTimes
        {
            Batch = 1,
            Frames = Info.Signal == OutputKind.Spectrum ? count : count / Info.Metadata.HopLength,
            Windows = 1,
            ComputedFrames = computedFrames,
            ChangedShape = times.ChangedShape,
            UsedGraph = times.UsedGraph,
            Network = times,
            InverseStftMs = end - finished,
            StartMs = start,
            EndToEndMs = end - start,
        });
    }

    /// <summary>Makes a shape ready and runs it once on silence.</summary>
    protected void RunOnSilence(int frames) => SilentRun.Prepare(Decoder, Info, 1, frames, isPinned: true, profiler);
}
