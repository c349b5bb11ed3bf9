using System.Diagnostics;
using TrtVocoder.Decoding;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Vocoding;

/// <summary>
/// Decodes mels to audio with its own decoders and buffers. One thread at a time: a second one meets an
/// <see cref="InvalidOperationException"/>, never wrong audio. After the first decode of a shape no managed memory is allocated. Disposing
/// it during a decode lets the decode finish first.
/// </summary>
public sealed class VocoderSession : IDisposable
{
    private const int FirstPartFrames = 32;
    private const int ShortNote = 1;
    private const int BatchNote = 2;
    private readonly DecodePipeline _pipeline;
    private readonly WindowPlans _plan;
    private readonly DecoderInfo _info;
    private readonly bool _checkOutput;
    private readonly DecodeProfiler? _profiler;
    private readonly string _inverseStftNote;
    private VocoderStream? _ownStream;
    private ExclusiveUse _use;
    private bool _isWarm;
    private bool _isBatchAsked;
    private int _noted;
    private readonly List<string> _notes = [];

    internal VocoderSession(
        Func<IDecoder> createDecoder, DecoderInfo info, WindowPlans plan, VocoderOptions options, DecodeProfiler? profiler,
        string? inverseStftNote)
    {
        _inverseStftNote = inverseStftNote ?? $"{nameof(VocoderOptions)}.{nameof(VocoderOptions.InverseStft)} leaves them to the host";
        _info = info;
        _plan = plan;
        _checkOutput = options.CheckOutput;
        _profiler = profiler;
        _pipeline = new DecodePipeline(
            createDecoder, info, Math.Max(plan.Windows.Frames.Count, plan.BeforeWarmUp.Frames.Count), options, profiler);
    }

    /// <summary>The stream whose state the network holds, where it keeps any.</summary>
    internal VocoderStream? StateOwner { get; set; }

    // Of a network with state the parts are those of its stream, and not measured.
    private DecodeTimes? Times => _info.Metadata.IsStreaming ? null : _pipeline.Times;

    private VocoderStream OwnStream => _ownStream ??= MakeStream();

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
    /// <returns>Samples written. Errors are those of <see cref="Decode(ReadOnlySpan{float}, int, Span{float})"/>.</returns>
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
        DecodeMeasurement measurement = VocoderTelemetry.BeginDecode(_info, batch, frames);
        try
        {
            int samples = DecodeChecked(mel, batch, frames, audio, cancellationToken);
            measurement.End(samples, Times);
            return samples;
        }
        catch (Exception error)
        {
            measurement.Fail(error);
            throw;
        }
    }

    /// <summary>
    /// Decodes one mel into memory of the session's: of an engine that makes samples in one run they lie in the pinned memory that the GPU
    /// wrote them to, and nothing is copied.
    /// </summary>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes.</param>
    /// <param name="frames">Frames.</param>
    /// <returns>
    /// The samples, valid until the session is used again or disposed of, and for as long as somebody holds it. Errors are those of
    /// <see cref="Decode(ReadOnlySpan{float}, int, Span{float})"/>.
    /// </returns>
    public ReadOnlySpan<float> Decode(ReadOnlySpan<float> mel, int frames) => DecodeBatch(mel, 1, frames);

    /// <summary>Decodes several mels of one length into memory of the session's, as <see cref="Decode(ReadOnlySpan{float}, int)"/>.</summary>
    /// <param name="mel">[batch, n_mels, frames].</param>
    /// <param name="batch">Items.</param>
    /// <param name="frames">Frames of each item.</param>
    /// <param name="cancellationToken">Ends the decode before its next window.</param>
    /// <returns>[batch, <see cref="Vocoder.GetSampleCount"/>] samples, valid as those.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public ReadOnlySpan<float> DecodeBatch(
        ReadOnlySpan<float> mel, int batch, int frames, CancellationToken cancellationToken = default)
    {
        DecodeMeasurement measurement = VocoderTelemetry.BeginDecode(_info, batch, frames);
        try
        {
            ReadOnlySpan<float> audio = DecodeInPlace(mel, batch, frames, [], cancellationToken);
            measurement.End(batch == 0 ? 0 : audio.Length / batch, Times);
            return audio;
        }
        catch (Exception error)
        {
            measurement.Fail(error);
            throw;
        }
    }

    /// <summary>Decodes several mels of one length to 16-bit PCM, rounded and clipped as in WAV files.</summary>
    /// <param name="mel">[batch, n_mels, frames].</param>
    /// <param name="batch">Items.</param>
    /// <param name="frames">Frames of each item.</param>
    /// <param name="audio">Room for [batch, <see cref="Vocoder.GetSampleCount"/>] samples.</param>
    /// <param name="cancellationToken">Ends the decode before its next window.</param>
    /// <returns>Samples written for each item. Errors are those of <see cref="Decode(ReadOnlySpan{float}, int, Span{float})"/>.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public int DecodeBatchPcm16(
        ReadOnlySpan<float> mel, int batch, int frames, Span<short> audio, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        DecodeMeasurement measurement = VocoderTelemetry.BeginDecode(_info, batch, frames);
        try
        {
            int samples = GetSampleCount(batch, frames, audio.Length);
            DecodeInPlace(mel, batch, frames, audio, cancellationToken);
            measurement.End(samples, Times);
            return samples;
        }
        catch (Exception error)
        {
            measurement.Fail(error);
            throw;
        }
    }

    /// <summary>Decodes one mel to 16-bit PCM, rounded and clipped as in WAV files.</summary>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="audio">Room for at least <see cref="Vocoder.GetSampleCount"/> samples.</param>
    /// <returns>Samples written. Errors are those of <see cref="Decode(ReadOnlySpan{float}, int, Span{float})"/>.</returns>
    public int DecodePcm16(ReadOnlySpan<float> mel, int frames, Span<short> audio) => DecodeBatchPcm16(mel, 1, frames, audio);

    /// <summary>
    /// Decodes one mel and hands its samples out part by part, the first one early: what is to be played while the rest is still computed.
    /// All parts together are the samples of the whole decode, up to the rounding of other shapes, and exactly as many.
    /// </summary>
    /// <remarks>
    /// The cadence: the first part comes of 32 frames (0.3 s at 94 frames a second), each further one of twice as many as the one before, up
    /// to the longest window; of a warm engine of what its ready windows give, at least as much. So long as 64 frames and their margins
    /// decode in the time that 32 frames play, playback never waits.
    /// </remarks>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="part">Takes the next samples; the span is valid during the call. It must not use the session.</param>
    /// <param name="cancellationToken">Ends the decode between two parts.</param>
    /// <returns>Samples handed out. Errors are those of <see cref="Decode(ReadOnlySpan{float}, int, Span{float})"/>.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public int Decode(
        ReadOnlySpan<float> mel, int frames, Action<ReadOnlySpan<float>> part, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(part);
        DecodeMeasurement measurement = VocoderTelemetry.BeginDecode(_info, 1, frames);
        try
        {
            int samples = DecodeParts(mel, frames, part, measurement, cancellationToken);
            measurement.End(samples, null);
            return samples;
        }
        catch (Exception error)
        {
            measurement.Fail(error);
            throw;
        }
    }

    /// <summary>
    /// Makes a stream, for a mel that arrives in pieces. Several streams of one session may take turns; of a network exported for streaming
    /// only one at a time, since its state lies in the session.
    /// </summary>
    /// <exception cref="DataFormatException">
    /// The model does not tell its receptive field, so that nobody knows when a sample is final
    /// (<see cref="FailureKind.ReceptiveFieldUnknown"/>).
    /// </exception>
    /// <exception cref="TrtVocoderException">The longest window is too short to be exact (<see cref="FailureKind.OptionsDoNotFit"/>).</exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    public VocoderStream CreateStream()
    {
        Enter();
        try
        {
            return MakeStream();
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>
    /// Enqueues a decode from and to the caller's GPU memory on the caller's stream, inverse STFT included, and returns at once: for mels that
    /// were made on the GPU, or samples that go on there. Mels of any length, in the windows of other decodes; shapes that a warm-up has made ready run by
    /// their graphs, and the first such run of each records one. Allocates nothing managed from the second decode of a length on.
    /// </summary>
    /// <remarks>
    /// The host sees neither mel nor samples, so that NaN and infinity are not found in either, and work that fails on the GPU is told by
    /// whatever waits for the stream. A session does one run at a time on the GPU: whatever is decoded later, here on another stream or from
    /// the host's memory, waits there for this one, and <see cref="Dispose"/> waits for it on the host. Into a stream that is being captured the runs are recorded without
    /// graphs of their own: when they run the caller alone knows, and must keep the launches apart from all other decodes of this session,
    /// and launch none any more once the session decoded another length or is disposed. No meter counts these decodes.
    /// </remarks>
    /// <param name="mel">
    /// CUdeviceptr of [batch, n_mels, frames], natural-log amplitudes: in FP32, or FP16 where <see cref="TrtDecoderModel.HasHalfMel"/> says
    /// so; [batch, frames, n_mels] where the network takes that.
    /// </param>
    /// <param name="batch">Items; more than one run takes are decoded in several.</param>
    /// <param name="frames">Frames of each item.</param>
    /// <param name="audio">
    /// CUdeviceptr with room for [batch, <see cref="Vocoder.GetSampleCount"/>] samples: in FP32, or FP16 where the network itself puts out
    /// FP16 samples (<see cref="TrtDecoderModel.HasHalfSamples"/>).
    /// </param>
    /// <param name="stream">
    /// A CUstream (cudaStream_t) of the vocoder's context (<see cref="TrtDecoderOptions.Context"/>), not the default stream. Memory of both must live until it has done the work.
    /// </param>
    /// <returns>Samples that will be written for each item.</returns>
    /// <exception cref="NotSupportedException">
    /// The model runs on the CPU or keeps state, or the GPU does not make samples of its spectra (<see cref="Vocoder.InverseStftNote"/>).
    /// </exception>
    /// <exception cref="ArgumentException">An address is 0, or not a multiple of an element's size, or the stream is 0.</exception>
    /// <exception cref="DataFormatException">The mel is too long for the model, or the network puts out too few samples.</exception>
    /// <exception cref="TrtVocoderException">
    /// There is no such stream, an address is not of the GPU's memory, memory is used up, or TensorRT refused.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public int DecodeOnDevice(nint mel, int batch, int frames, nint audio, nint stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        Enter();
        try
        {
            TrtDecoder decoder = GetDeviceDecoder();
            // No span of the caller's bounds it.
            ArgumentOutOfRangeException.ThrowIfGreaterThan(frames, int.MaxValue / _info.Metadata.HopLength);
            int samples = _info.Metadata.GetSampleCount(frames);
            if (samples == 0 || batch == 0)
                return samples;
            CheckAddress(mel, decoder.MelBytes, nameof(mel));
            CheckAddress(audio, decoder.SampleBytes, nameof(audio));
            _pipeline.DecodeOnDevice(decoder, PlanDecode(batch, frames), mel, batch, frames, audio, samples, stream);
            return samples;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>
    /// Makes every window ready (<see cref="Vocoder.WindowFrames"/>) for good, so that from now on no decode pays for a new shape, and
    /// measures what each costs, so that covers are chosen by this machine's own times. Takes some 50 ms a window and run in flight on a
    /// GPU. Until then an engine's session runs each input in its own length, and each new length costs it milliseconds.
    /// </summary>
    /// <returns>What it took; <see cref="GetState"/> tells the shapes and the memory that it made ready.</returns>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    public TimeSpan WarmUp() => WarmUp(CancellationToken.None);

    /// <summary>As <see cref="WarmUp()"/>, unless it is cancelled between two windows: what is ready by then stays so.</summary>
    /// <param name="cancellationToken">Ends it before the next window.</param>
    /// <returns>What it took.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    public TimeSpan WarmUp(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        Enter();
        try
        {
            if (_info.Metadata.IsStreaming)
                WarmUpState(VocoderOptions.DefaultMaxWindowFrames / 4);
            else
                WarmUpWindows(cancellationToken);
            return Stopwatch.GetElapsedTime(start);
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
    /// <returns>What it took.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    public TimeSpan WarmUp(int frames, int batch = 1, CancellationToken cancellationToken = default)
    {
        long start = Stopwatch.GetTimestamp();
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        Enter();
        try
        {
            if (_info.Metadata.IsStreaming)
            {
                WarmUpState(frames);
            }
            else
            {
                WindowPlan plan = GetPlan(frames);
                plan.ThrowIfTooLong(frames);
                _pipeline.WarmUp(plan, batch, frames, cancellationToken);
            }
            return Stopwatch.GetElapsedTime(start);
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
        Enter();
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
            Free();
    }

    internal void Enter() => _use.Enter(this);

    internal void Exit()
    {
        if (_use.Leave())
            Free();
    }

    /// <summary>Decodes part by part.</summary>
    /// <param name="mel">[n_mels, frames].</param>
    /// <param name="frames">Frames.</param>
    /// <param name="part">Takes the next samples.</param>
    /// <param name="measurement">Is told of the first part.</param>
    /// <param name="cancellationToken">Ends the decode between two parts.</param>
    private int DecodeParts(
        ReadOnlySpan<float> mel, int frames, Action<ReadOnlySpan<float>> part, DecodeMeasurement measurement,
        CancellationToken cancellationToken)
    {
        bool isFirst = true;
        Enter();
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            CheckMel(_info, mel, 1, frames);
            VocoderStream stream = OwnStream;
            if (stream.Network is WindowedStream windows)
                windows.Lengths = _isWarm ? _plan.Windows.Frames : null;
            stream.Clear();
            stream.Network.Mel.Append(mel, frames, MelLayout.BandsMajor);
            int results = FirstPartFrames;
            while (stream.Step(isEnd: true, results))
            {
                HandOut();
                cancellationToken.ThrowIfCancellationRequested();
                results = (int)Math.Min(2L * results, int.MaxValue);
            }
            stream.Output.Complete();
            HandOut();
            return _info.Metadata.GetSampleCount(frames);
        }
        finally
        {
            Exit();
        }

        void HandOut()
        {
            SampleQueue samples = OwnStream.Output.Samples;
            if (samples.Count > 0)
            {
                if (isFirst)
                    measurement.AddFirstPart();
                isFirst = false;
                part(samples.Content);
            }
            samples.Drop(samples.Count);
        }
    }

    private int DecodeChecked(ReadOnlySpan<float> mel, int batch, int frames, Span<float> audio, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            CheckMel(_info, mel, batch, frames);
            int samples = GetSampleCount(batch, frames, audio.Length);
            if (samples == 0 || batch == 0)
                return samples;
            if (_info.Metadata.IsStreaming)
                DecodeWithState(mel, batch, frames, audio, samples, cancellationToken);
            else
                _pipeline.Decode(PlanDecode(batch, frames), mel, batch, frames, audio, samples, cancellationToken);
            return samples;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Decodes into memory of the session's.</summary>
    /// <param name="mel">[batch, n_mels, frames].</param>
    /// <param name="batch">Items.</param>
    /// <param name="frames">Frames of each.</param>
    /// <param name="pcm">Takes the samples as PCM too, while nobody else can use the session; empty: nobody wants them so.</param>
    /// <param name="cancellationToken">Ends the decode before its next window.</param>
    private ReadOnlySpan<float> DecodeInPlace(
        ReadOnlySpan<float> mel, int batch, int frames, Span<short> pcm, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            CheckMel(_info, mel, batch, frames);
            int samples = _info.Metadata.GetSampleCount(frames);
            if (samples == 0 || batch == 0)
                return [];
            GetSampleCount(batch, frames, Array.MaxLength);
            ReadOnlySpan<float> audio;
            if (_info.Metadata.IsStreaming)
            {
                Span<float> room = _pipeline.GetRoom(batch * samples);
                DecodeWithState(mel, batch, frames, room, samples, cancellationToken);
                audio = room;
            }
            else
            {
                audio = _pipeline.DecodeInPlace(PlanDecode(batch, frames), mel, batch, frames, samples, cancellationToken);
            }
            if (!pcm.IsEmpty)
                Pcm16.Convert(audio, pcm);
            return audio;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>The windows of a decode; asks the model before what must be known of it.</summary>
    private WindowPlan PlanDecode(int batch, int frames)
    {
        WindowPlan plan = GetPlan(frames);
        plan.ThrowIfTooLong(frames);
        if (frames < plan.Shortest && !plan.IsShortExact(frames))
            Note(ShortNote, $"Mels of fewer than {_info.MinFrames} frames, which one run of this model takes at least, are decoded at "
                + $"both ends of a run; one of {frames} frames is too short to be exact so, and is as near as can be had.");
        if (batch > 1 && _info.IsForeign && _info.MaxBatch > 1 && !_isBatchAsked)
            AskBatch();
        return plan;
    }

    private TrtDecoder GetDeviceDecoder()
    {
        if (_pipeline.Decoder is not TrtDecoder decoder)
            throw new NotSupportedException("This model runs on the CPU: it takes no device pointers.");
        if (_info.Metadata.IsStreaming)
            throw new NotSupportedException("An engine with state runs on memory of its own only.");
        if (_info.Signal != OutputKind.Waveform)
            throw new NotSupportedException($"The GPU does not turn this engine's spectra into samples: {_inverseStftNote}.");
        return decoder;
    }

    private static void CheckAddress(nint address, int elementBytes, string name)
    {
        if (address == 0 || address % elementBytes != 0)
            throw new ArgumentException(
                $"The {name} is at 0x{address:X}, but needs a device address that is a multiple of {elementBytes} bytes.", name);
    }

    /// <summary>Refuses mels of the wrong length, or with NaN or infinity.</summary>
    internal static void CheckMel(DecoderInfo info, ReadOnlySpan<float> mel, int batch, int frames)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        int melCount = info.Metadata.MelCount;
        // The product of three does not fit into 64 bits.
        Int128 values = (Int128)batch * melCount * frames;
        if (mel.Length != values)
            throw new ArgumentException(batch == 1
                ? $"The mel holds {mel.Length} values, but [n_mels = {melCount}, frames = {frames}] has {values}."
                : $"The mels hold {mel.Length} values, but [batch = {batch}, n_mels = {melCount}, frames = {frames}] has {values}.",
                nameof(mel));
        int index = NonFinite.IndexOf(mel);
        if (index < 0)
            return;
        (int row, int frame) = Math.DivRem(index, frames);
        (int item, int band) = Math.DivRem(row, melCount);
        throw NonFiniteMel(mel[index], band, frame, item > 0 ? $" of item {item}" : "");
    }

    /// <summary>Samples of an item, after a look at the room for all of them.</summary>
    private int GetSampleCount(int batch, int frames, int audio)
    {
        int samples = _info.Metadata.GetSampleCount(frames);
        if (audio < (long)batch * samples)
            throw new ArgumentException(batch == 1
                ? $"The audio has room for {audio} samples, but {frames} frames decode to {samples}."
                : $"The audio has room for {audio} samples, but {batch} mels of {frames} frames decode to {(long)batch * samples}.",
                nameof(audio));
        return samples;
    }

    /// <summary>Refuses a piece of a mel of the wrong length, or with NaN or infinity.</summary>
    /// <param name="mel">The piece.</param>
    /// <param name="frames">Its frames.</param>
    /// <param name="layout">Its order.</param>
    /// <param name="firstFrame">Frames before it, for the message.</param>
    internal void CheckMel(ReadOnlySpan<float> mel, int frames, MelLayout layout, long firstFrame)
    {
        int melCount = _info.Metadata.MelCount;
        bool isBandsMajor = layout == MelLayout.BandsMajor;
        if (mel.Length != (long)melCount * frames)
            throw new ArgumentException($"The mel holds {mel.Length} values, but "
                + $"{(isBandsMajor ? $"[n_mels = {melCount}, frames = {frames}]" : $"[frames = {frames}, n_mels = {melCount}]")} has "
                + $"{(long)melCount * frames}.", nameof(mel));
        int index = NonFinite.IndexOf(mel);
        if (index < 0)
            return;
        (int row, int column) = Math.DivRem(index, isBandsMajor ? frames : melCount);
        (int band, int frame) = isBandsMajor ? (row, column) : (column, row);
        throw NonFiniteMel(mel[index], band, firstFrame + frame, "");
    }

    internal static TrtVocoderException NonFiniteAudio(DecoderInfo info, string where) => new(
        $"The network put out NaN or infinity ({where}); this is known of FP16 models: "
            + $"use one whose head is FP32, or FP32 throughout ({info.Backend}).")
    { Kind = FailureKind.NonFiniteOutput };

    private static DataFormatException NonFiniteMel(float value, int band, long frame, string ofItem) => new(
        $"The mel holds {(float.IsNaN(value) ? "NaN" : "infinity")} in band {band}, frame {frame}{ofItem}; log-mel amplitudes are finite "
            + $"numbers.");

    private VocoderStream MakeStream()
    {
        if (FindMargins() is not { } edges)
            throw new DataFormatException("A stream needs the model's receptive field, which it does not tell.")
            {
                Kind = FailureKind.ReceptiveFieldUnknown,
            };
        int longest = _plan.Windows.Longest;
        if (!_info.Metadata.IsStreaming && edges.GetStride(longest) < 1)
            throw new TrtVocoderException(
                $"A stream through this model decodes windows of at least {edges.LostFrames + 1} frames, and one run takes at most {longest}.")
            { Kind = FailureKind.OptionsDoNotFit };
        StreamOutput output = new(_info, _checkOutput);
        StreamNetwork network = _info.Metadata.IsStreaming
            ? new StatefulStream(_pipeline.Decoder, _info, output, _profiler)
            : new WindowedStream(_pipeline.Decoder, _info, output, _profiler, edges, longest);
        return new VocoderStream(this, _info, network, output, edges);
    }

    private WindowMargins? FindMargins()
    {
        if (_info.Metadata.ReceptiveFieldFrames is { } told)
            return WindowMargins.Of(_info.Metadata, _info.Signal, new ReceptiveField(told, told));
        _pipeline.UseDecoder(_plan.Ask);
        return _plan.Questions.Answers.ReceptiveField is not { } asked ? null
            : _info.Metadata.Signal == OutputKind.Waveform ? WindowMargins.Measured(_info.Metadata, asked)
            : WindowMargins.Of(_info.Metadata, _info.Signal, asked);
    }

    private void DecodeWithState(
        ReadOnlySpan<float> mel, int batch, int frames, Span<float> audio, int samples, CancellationToken cancellationToken)
    {
        VocoderStream stream = OwnStream;
        for (int item = 0; item < batch; item++)
        {
            stream.Clear();
            int size = mel.Length / batch;
            stream.Network.Mel.Append(mel.Slice(item * size, size), frames, MelLayout.BandsMajor);
            do
                cancellationToken.ThrowIfCancellationRequested();
            while (stream.Step(isEnd: true, VocoderOptions.DefaultMaxWindowFrames));
            stream.Output.Complete();
            stream.Output.Samples.Read(audio.Slice(item * samples, samples));
        }
    }

    private void WarmUpWindows(CancellationToken cancellationToken)
    {
        // Without it an engine has no windows, and each new length costs.
        if (_info.HasCostlyShapes)
            _pipeline.UseDecoder(_plan.Ask);
        WindowPlan windows = _plan.Windows;
        if (!windows.HasFixedLengths)
        {
            _pipeline.WarmUp(windows, 1, windows.GetWarmUpFrames(_info), cancellationToken);
            return;
        }
        _pipeline.WarmUp(windows, 1, 0, cancellationToken);
        _plan.Measure(_pipeline.MeasureCosts);
        _isWarm = true;
    }

    private void WarmUpState(int chunkFrames)
    {
        StateOwner = null;
        OwnStream.Network.WarmUp(chunkFrames);
    }

    private void Free()
    {
        _ownStream?.Dispose();
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
