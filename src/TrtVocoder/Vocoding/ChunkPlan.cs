using TrtVocoder.Inference;

namespace TrtVocoder.Vocoding;

/// <summary>
/// How an input longer than one run is covered by windows of one length. Frame t of the output depends on the input frames
/// t ± <see cref="Context"/>, so of a window only the frames that far from its cut edges are right; at the true ends of the input the
/// network's own zero padding is the right context. Of a waveform only those samples are right whose overlapping frames are all right.
/// </summary>
internal sealed class ChunkPlan
{
    private readonly string? _refusal;

    private ChunkPlan(int window, int context, int stride, int end, string? refusal)
    {
        Window = window;
        Context = context;
        Stride = stride;
        End = end;
        _refusal = refusal;
    }

    /// <summary>The most frames of one run, and the length of every window of longer inputs.</summary>
    public int Window { get; }

    /// <summary>Frames of real context at each cut edge.</summary>
    public int Context { get; }

    /// <summary>Frames from the start of one window to the start of the next.</summary>
    public int Stride { get; }

    /// <summary>Where the right part of a window ends, unless it ends with the input: in frames for spectra, in samples for waveforms.</summary>
    public int End { get; }

    /// <summary>Plans for one model.</summary>
    /// <exception cref="ArgumentException">The caller's limit leaves nothing of a window.</exception>
    public static ChunkPlan Create(DecoderInfo info, VocoderOptions options)
    {
        ModelMetadata metadata = info.Metadata;
        if (options.MaxFramesPerChunk is { } limit)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(options));
            if (limit < info.MinFrames)
                throw new ArgumentException($"{nameof(VocoderOptions.MaxFramesPerChunk)} is {limit}, but this model takes at least {info.MinFrames} frames.", nameof(options));
        }
        if (metadata.ReceptiveFieldFrames is not { } context)
            return new ChunkPlan(
                Math.Min(options.MaxFramesPerChunk ?? int.MaxValue, info.MaxFrames), 0, 0, 0,
                $"this model does not tell its receptive field, so longer inputs cannot be decoded in exact chunks; tell it by {nameof(ModelHints)}.{nameof(ModelHints.ReceptiveFieldFrames)}");

        int automatic = Math.Max(Math.Max(VocoderOptions.DefaultFramesPerChunk, info.MinFrames), 8 * context);
        int window = Math.Min(options.MaxFramesPerChunk ?? automatic, info.MaxFrames);
        (int stride, int end) = Cut(metadata, window, context);
        if (stride > 0)
            return new ChunkPlan(window, context, stride, end, null);

        int least = window + 1;
        while (Cut(metadata, least, context).Stride < 1)
            least++;
        return options.MaxFramesPerChunk is { } asked && asked <= info.MaxFrames
            ? throw new ArgumentException(
                $"{nameof(VocoderOptions.MaxFramesPerChunk)} is {asked}, but exact chunks of this model need at least {least} frames: its receptive field is {context} frames to each side.", nameof(options))
            : new ChunkPlan(window, context, 0, 0, $"exact chunks of this model would need windows of at least {least} frames");
    }

    /// <summary>Throws if an input is longer than one run and cannot be chunked.</summary>
    public void ThrowIfTooLong(int frames)
    {
        if (frames > Window && _refusal is not null)
            throw new TrtVocoderException($"The mel has {frames} frames, one run takes at most {Window}, and {_refusal}.");
    }

    private static (int Stride, int End) Cut(ModelMetadata metadata, int window, int context)
    {
        if (metadata.Signal == SignalKind.Spectrum)
            return (window - (2 * context), window - context);
        // Sample n of the trimmed signal lies under the frames t with t·hop ≤ n + trim < t·hop + n_fft.
        (long hop, int trim) = (metadata.HopLength, metadata.Stft.TrimLength);
        long end = Math.Min(((window - context) * hop) - trim, metadata.Stft.GetSampleCount(window));
        long begin = Math.Max(((context - 1) * hop) + metadata.FftLength - trim, 0);
        return ((int)Math.Max((end - begin) / hop, 0), (int)end);
    }
}
