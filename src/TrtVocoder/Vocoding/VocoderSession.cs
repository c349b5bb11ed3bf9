using System.Diagnostics;
using TrtVocoder.Decoding;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;

namespace TrtVocoder.Vocoding;

/// <summary>
/// Decodes mels to audio with its own decoders and buffers. One thread at a time: a second one meets an
/// <see cref="InvalidOperationException"/>, never wrong audio. After the first decode of a shape no managed memory is allocated. Disposing
/// it during a decode lets the decode finish first.
/// </summary>
public sealed class VocoderSession : IDisposable
{
    private readonly DecodePipeline _pipeline;
    private readonly WindowPlans _plan;
    private readonly DecoderInfo _info;
    private ExclusiveUse _use;
    private bool _isWarm;
    private bool _isBatchAsked;
    private int _noted;
    private readonly List<string> _notes = [];

    internal VocoderSession(
        Func<IDecoder> createDecoder, DecoderInfo info, WindowPlans plan, VocoderOptions options, DecodeProfiler? profiler)
    {
        _info = info;
        _plan = plan;
        _pipeline = new DecodePipeline(
            createDecoder, info, Math.Max(plan.Windows.Frames.Count, plan.BeforeWarmUp.Frames.Count), options, profiler);
    }

    private const int ShortNote = 1;
    private const int BatchNote = 2;

    private WindowPlan Plan => _isWarm ? _plan.Windows : _plan.BeforeWarmUp;

    /// <summary>Decodes one mel.</summary>
    /// <param name="mel">[n_mels, frames]: all frames of band 0, then of band 1, …; natural-log amplitudes.</param>
    /// <param name="frames">Frames; more than one run takes are decoded in windows, with the same result.</param>
    /// <param name="audio">Room for at least <see cref="Vocoder.GetSampleCount"/> samples.</param>
    /// <returns>Samples written: <see cref="Vocoder.GetSampleCount"/> of <paramref name="frames"/>.</returns>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    /// <exception cref="DataFormatException">The mel holds NaN or infinity.</exception>
    /// <exception cref="TrtVocoderException">
    /// The mel is too short or too long for the model, the network put out NaN, or its backend failed.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public int Decode(ReadOnlySpan<float> mel, int frames, Span<float> audio) => DecodeBatch(mel, 1, frames, audio);

    /// <summary>Decodes one mel, unless it is cancelled between two windows; the session can be used again at once.</summary>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="audio">Room for at least <see cref="Vocoder.GetSampleCount"/> samples; after a cancellation it holds some of them.</param>
    /// <param name="cancellationToken">Ends the decode before its next window.</param>
    /// <returns>Samples written. Errors are those of <see cref="DecodeBatch"/>.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public int Decode(ReadOnlySpan<float> mel, int frames, Span<float> audio, CancellationToken cancellationToken) =>
        DecodeBatch(mel, 1, frames, audio, cancellationToken);

    /// <summary>Decodes several mels of one length.</summary>
    /// <param name="mel">[batch, n_mels, frames].</param>
    /// <param name="batch">Items; more than one run takes are decoded in several.</param>
    /// <param name="frames">Frames of each item.</param>
    /// <param name="audio">Room for [batch, <see cref="Vocoder.GetSampleCount"/>] samples.</param>
    /// <param name="cancellationToken">Ends the decode before its next window.</param>
    /// <returns>Samples written for each item. Errors are those of <see cref="Decode(ReadOnlySpan{float}, int, Span{float})"/>.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public int DecodeBatch(
        ReadOnlySpan<float> mel, int batch, int frames, Span<float> audio, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        using Activity? activity = VocoderTelemetry.StartDecode(_info, batch, frames);
        if (activity is null && !VocoderTelemetry.WantsDecodes)
            return DecodeChecked(mel, batch, frames, audio, cancellationToken);
        long start = Stopwatch.GetTimestamp();
        try
        {
            int samples = DecodeChecked(mel, batch, frames, audio, cancellationToken);
            VocoderTelemetry.EndDecode(activity, Stopwatch.GetElapsedTime(start), _info, batch, frames, samples, _pipeline.Times, null);
            return samples;
        }
        catch (Exception error)
        {
            VocoderTelemetry.EndDecode(activity, Stopwatch.GetElapsedTime(start), _info, batch, frames, 0, null, error);
            throw;
        }
    }

    /// <summary>
    /// Makes every window ready (<see cref="Vocoder.WindowFrames"/>) for good, so that from now on no decode pays for a new shape, and
    /// measures what each costs, so that covers are chosen by this machine's own times. Takes some 50 ms a window and run in flight on a
    /// GPU. Until then an engine's session runs each input in its own length, and each new length costs it milliseconds.
    /// </summary>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    public void WarmUp() => WarmUp(CancellationToken.None);

    /// <summary>As <see cref="WarmUp()"/>, unless it is cancelled between two windows: what is ready by then stays so.</summary>
    /// <param name="cancellationToken">Ends it before the next window.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    public void WarmUp(CancellationToken cancellationToken)
    {
        _use.Enter(this);
        try
        {
            // Without it an engine has no windows, and each new length costs.
            if (_info.HasCostlyShapes)
                _pipeline.UseDecoder(_plan.Ask);
            WindowPlan windows = _plan.Windows;
            if (!windows.HasFixedLengths)
            {
                _pipeline.WarmUp(
                    windows, 1,
                    Math.Clamp(Math.Min(windows.Longest, VocoderOptions.DefaultMaxWindowFrames), _info.MinFrames, _info.MaxFrames),
                    cancellationToken);
                return;
            }
            _pipeline.WarmUp(windows, 1, 0, cancellationToken);
            _plan.Measure(_pipeline.MeasureCosts);
            _isWarm = true;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>
    /// Makes the shapes ready that a decode of one batch would use, on all decoders that it would use, and runs each once on silence, so
    /// that such decodes pay for nothing. An engine's decoder keeps 32 shapes so, beside the windows of <see cref="WarmUp()"/>; then the
    /// one used longest ago makes room, which <see cref="DecoderState.EvictedShapes"/> tells.
    /// </summary>
    /// <param name="frames">Frames of the decodes to come.</param>
    /// <param name="batch">Items of the decodes to come.</param>
    /// <param name="cancellationToken">Ends it before the next shape.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    public void WarmUp(int frames, int batch = 1, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        _use.Enter(this);
        try
        {
            WindowPlan plan = GetPlan(frames);
            plan.ThrowIfTooLong(frames);
            _pipeline.WarmUp(plan, batch, frames, cancellationToken);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>
    /// What a user should know of the decodes since the last call, a sentence each, each kind once a session: a mel too short to be exact,
    /// a batch that had to be decoded one by one. Mostly empty.
    /// </summary>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    public IReadOnlyList<string> TakeNotes()
    {
        _use.Enter(this);
        try
        {
            if (_notes.Count == 0)
                return [];
            string[] notes = [.. _notes];
            _notes.Clear();
            return notes;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Prepared shapes of the session's decoders, and their memory.</summary>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    public DecoderState GetState()
    {
        _use.Enter(this);
        try
        {
            return _pipeline.State;
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // During a decode its end disposes.
        if (_use.TryDispose())
            _pipeline.Dispose();
    }

    private int DecodeChecked(ReadOnlySpan<float> mel, int batch, int frames, Span<float> audio, CancellationToken cancellationToken)
    {
        _use.Enter(this);
        try
        {
            CheckMel(_info, mel, batch, frames);
            int samples = GetSampleCount(batch, frames, audio);
            if (samples == 0 || batch == 0)
                return samples;
            WindowPlan plan = GetPlan(frames);
            plan.ThrowIfTooLong(frames);
            if (frames < plan.Shortest && !plan.IsShortExact(frames))
                Note(ShortNote, $"Mels of fewer than {_info.MinFrames} frames, which one run of this model takes at least, are decoded at "
                    + $"both ends of a run; one of {frames} frames is too short to be exact so, and is as near as can be had.");
            if (batch > 1 && _info.IsForeign && _info.MaxBatch > 1 && !_isBatchAsked)
                AskBatch();
            _pipeline.Decode(plan, mel, batch, frames, audio, samples, cancellationToken);
            return samples;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Refuses mels of the wrong length, or with NaN or infinity.</summary>
    internal static void CheckMel(DecoderInfo info, ReadOnlySpan<float> mel, int batch, int frames)
    {
        int melCount = info.Metadata.MelCount;
        if (mel.Length != (long)batch * melCount * frames)
            throw new ArgumentException(batch == 1
                ? $"The mel holds {mel.Length} values, but [n_mels = {melCount}, frames = {frames}] has {(long)melCount * frames}."
                : $"The mels hold {mel.Length} values, but [batch = {batch}, n_mels = {melCount}, frames = {frames}] has "
                    + $"{(long)batch * melCount * frames}.", nameof(mel));
        int index = NonFinite.IndexOf(mel);
        if (index >= 0)
        {
            (int row, int frame) = Math.DivRem(index, frames);
            (int item, int band) = Math.DivRem(row, melCount);
            throw new DataFormatException($"The mel holds {(float.IsNaN(mel[index]) ? "NaN" : "infinity")} in band {band}, frame "
                + $"{frame}{(item > 0 ? $" of item {item}" : "")}; log-mel amplitudes are finite numbers.");
        }
    }

    internal static TrtVocoderException NonFiniteAudio(DecoderInfo info, string where) => new(
        $"The network put out NaN or infinity ({where}); this is known of FP16 models: "
            + $"use one whose head is FP32, or FP32 throughout ({info.Backend}).")
    { Kind = FailureKind.NonFiniteOutput };

    private int GetSampleCount(int batch, int frames, ReadOnlySpan<float> audio)
    {
        int samples = _info.Metadata.GetSampleCount(frames);
        if (audio.Length < (long)batch * samples)
            throw new ArgumentException(batch == 1
                ? $"The audio has room for {audio.Length} samples, but {frames} frames decode to {samples}."
                : $"The audio has room for {audio.Length} samples, but {batch} mels of {frames} frames decode to {(long)batch * samples}.",
                nameof(audio));
        return samples;
    }

    private void Exit()
    {
        if (_use.Leave())
            _pipeline.Dispose();
    }

    private WindowPlan GetPlan(int frames)
    {
        if (_plan.MustAsk(Plan, frames))
            _pipeline.UseDecoder(_plan.Ask);
        return Plan;
    }

    private void AskBatch()
    {
        _isBatchAsked = true;
        if (_pipeline.UseDecoder(_plan.AskBatch))
            return;
        _pipeline.DecodesSingly = true;
        Note(BatchNote, "In a batch this model's items are not what they are alone (F5-TTS's own export normalises only the first); each "
            + "is decoded by itself.");
    }

    private void Note(int kind, string note)
    {
        if ((_noted & kind) != 0)
            return;
        _noted |= kind;
        _notes.Add(note);
    }
}
