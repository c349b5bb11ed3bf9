using TrtVocoder.Decoding;
using TrtVocoder.Dsp;

namespace TrtVocoder.Vocoding;

/// <summary>
/// Decodes a mel that arrives in pieces of any size: frames go in, and samples come out as soon as no later frame can change them. However
/// it is cut, the samples are those of <see cref="VocoderSession.Decode(ReadOnlySpan{float}, int, Span{float})"/> of the whole mel, up to
/// the rounding of other shapes, and exactly as many. A network exported for streaming computes each frame once; of any other the frames
/// around a push are decoded again, as few as exactness needs. It works with its session, and like it for one thread at a time; after the
/// first pushes of a size a push allocates no managed memory.
/// </summary>
public sealed class VocoderStream : IDisposable
{
    private readonly VocoderSession _session;
    private readonly DecoderInfo _info;
    private readonly StreamNetwork _network;
    private readonly StreamOutput _output;
    private bool _isBroken;

    internal VocoderStream(VocoderSession session, DecoderInfo info, StreamNetwork network, StreamOutput output, WindowMargins edges)
    {
        (_session, _info, _network, _output) = (session, info, network, output);
        StftParameters stft = info.Metadata.Stft;
        int heldSamples = info.Signal == OutputKind.Waveform ? edges.TailUnits : (edges.TailUnits * stft.HopLength) + stft.TrimLength;
        LookaheadFrames = (heldSamples + stft.HopLength - 1) / stft.HopLength;
        FirstSampleFrames = Math.Max((heldSamples / stft.HopLength) + 1, info.MinFrames);
    }

    /// <summary>
    /// By how many frames the samples come after the mel: the receptive field of the network and half a window of the inverse STFT; 29 for
    /// the published model. Nothing is to be waited for where the whole mel is known: push it and call <see cref="Complete"/>.
    /// </summary>
    public int LookaheadFrames { get; }

    /// <summary>Frames that must have come before the first samples do, unless the utterance ends earlier: 30 for the published model.</summary>
    public int FirstSampleFrames { get; }

    /// <summary>Frames pushed since the start or the last <see cref="Reset"/>.</summary>
    public long PushedFrames => _network.Mel.End;

    /// <summary>Frames pushed whose samples are not finished, because they depend on frames to come; 0 once complete.</summary>
    public int HeldFrames => IsComplete ? 0 : (int)(PushedFrames - (_output.Finished / _info.Metadata.HopLength));

    /// <summary>Finished samples that were not read yet.</summary>
    public int AvailableSamples => _output.Samples.Count;

    /// <summary>Whether <see cref="Complete"/> was called.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Why nothing can be pushed before a <see cref="Reset"/>, as one sentence; null where nothing stands against it.</summary>
    internal string? Obstacle =>
        IsComplete ? "The utterance is complete; Reset begins the next."
        : _isBroken ? "A push of this utterance failed; Reset begins the next."
        : _network is StatefulStream { HasState: true } && _session.StateOwner != this
            ? "The session decoded something else since the last push, and it holds one utterance's state at a time: use one session a "
                + "stream, or Reset."
        : null;

    internal StreamNetwork Network => _network;

    internal StreamOutput Output => _output;

    /// <summary>Adds the next frames, and decodes what they complete.</summary>
    /// <param name="mel">Natural-log amplitudes of <paramref name="frames"/> frames.</param>
    /// <param name="frames">How many, 0 or more.</param>
    /// <param name="layout">The order of <paramref name="mel"/>.</param>
    /// <returns><see cref="AvailableSamples"/>.</returns>
    /// <exception cref="ArgumentException">The span has the wrong length; nothing was taken.</exception>
    /// <exception cref="DataFormatException">The mel holds NaN or infinity; nothing was taken.</exception>
    /// <exception cref="TrtVocoderException">
    /// The network put out NaN, or its backend failed: then <see cref="Reset"/> must come before the next push.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The utterance is complete or a push of it failed; another thread is using the session; or, of a network exported for streaming,
    /// something else was decoded by the session meanwhile, which holds one utterance's state at a time.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public int Push(ReadOnlySpan<float> mel, int frames, MelLayout layout = MelLayout.BandsMajor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        _session.Enter();
        try
        {
            ThrowIfOver();
            _session.CheckMel(mel, frames, layout, PushedFrames);
            _network.Mel.Append(mel, frames, layout);
            Advance(isEnd: false);
            _network.Trim();
            return AvailableSamples;
        }
        finally
        {
            _session.Exit();
        }
    }

    /// <summary>Ends the utterance: decodes what was held for frames to come. Does nothing where it was complete already.</summary>
    /// <returns><see cref="AvailableSamples"/>. Errors are those of <see cref="Push"/>, and that the mel is too short for the model.</returns>
    public int Complete()
    {
        _session.Enter();
        try
        {
            if (IsComplete)
                return AvailableSamples;
            ThrowIfOver();
            Advance(isEnd: true);
            _output.Complete();
            IsComplete = true;
            return AvailableSamples;
        }
        finally
        {
            _session.Exit();
        }
    }

    /// <summary>Takes out finished samples, the earliest first.</summary>
    /// <param name="audio">Where they go.</param>
    /// <returns>How many were written: as many as there are and fit.</returns>
    /// <exception cref="InvalidOperationException">Another thread is using the session.</exception>
    public int Read(Span<float> audio)
    {
        _session.Enter();
        try
        {
            return _output.Samples.Read(audio);
        }
        finally
        {
            _session.Exit();
        }
    }

    /// <summary>Begins another utterance; samples that were not read are lost.</summary>
    /// <exception cref="InvalidOperationException">Another thread is using the session.</exception>
    public void Reset()
    {
        _session.Enter();
        try
        {
            Clear();
        }
        finally
        {
            _session.Exit();
        }
    }

    /// <summary>
    /// Makes every shape ready that pushes of up to <paramref name="chunkFrames"/> frames use, starts, ends and short utterances included,
    /// so that from now on none of them pays for one. Begins another utterance.
    /// </summary>
    /// <remarks>
    /// Of a network that decodes whole mels these are all lengths up to a chunk and two receptive fields, some 50 ms each on a GPU: 64 of
    /// them for a chunk of 10 frames of the published model. Of one exported for streaming it is one on a GPU: from then on runs have
    /// <paramref name="chunkFrames"/> frames always, and what is short of them waits for the next push or for <see cref="Complete"/>.
    /// </remarks>
    /// <param name="chunkFrames">Frames of a push, at least 1.</param>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the session.</exception>
    public void WarmUp(int chunkFrames)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkFrames, 1);
        _session.Enter();
        try
        {
            Clear();
            _session.StateOwner = null;
            _network.WarmUp(chunkFrames);
        }
        finally
        {
            _session.Exit();
        }
    }

    /// <summary>Frees the stream's own memory; the session stays.</summary>
    public void Dispose() => _output.Dispose();

    internal void Clear()
    {
        _network.Clear();
        _output.Clear();
        (IsComplete, _isBroken) = (false, false);
    }

    /// <summary>One run of the network, as <see cref="StreamNetwork.Step"/>; a failure ends the utterance.</summary>
    internal bool Step(bool isEnd, int mostResults)
    {
        _isBroken = true;
        _session.StateOwner = this;
        bool ran = _network.Step(isEnd, mostResults);
        _isBroken = false;
        return ran;
    }

    private void Advance(bool isEnd)
    {
        while (Step(isEnd, int.MaxValue))
        {
        }
    }

    private void ThrowIfOver()
    {
        if (Obstacle is { } why)
            throw new InvalidOperationException(why);
    }
}
