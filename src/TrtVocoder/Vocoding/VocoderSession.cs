using TrtVocoder.Dsp;
using TrtVocoder.Inference;

namespace TrtVocoder.Vocoding;

/// <summary>
/// Decodes mels to audio with its own decoder and buffers. One thread at a time: a second one meets an <see cref="InvalidOperationException"/>,
/// never wrong audio. After the first decode of a shape no managed memory is allocated. Disposing it during a decode lets the decode finish first.
/// </summary>
public sealed class VocoderSession : IDisposable
{
    private readonly IDecoder _decoder;
    private readonly DecoderInfo _info;
    private readonly ChunkPlan _plan;
    private readonly StftParameters _stft;
    private readonly InverseStft? _inverseStft;
    private readonly bool _checkOutput;
    private int _state = State.Idle;

    internal VocoderSession(IDecoder decoder, DecoderInfo info, ChunkPlan plan, VocoderOptions options)
    {
        _decoder = decoder;
        _info = info;
        _plan = plan;
        _stft = info.Metadata.Stft;
        _checkOutput = options.CheckOutput;
        try
        {
            _inverseStft = info.Metadata.Signal == SignalKind.Spectrum ? new InverseStft(_stft) : null;
        }
        catch
        {
            decoder.Dispose();
            throw;
        }
    }

    /// <summary>Decodes one mel.</summary>
    /// <param name="mel">[n_mels, frames]: all frames of band 0, then of band 1, …; natural-log amplitudes.</param>
    /// <param name="frames">Frames; more than one run takes are decoded in windows, with the same result.</param>
    /// <param name="audio">Room for at least <see cref="Vocoder.GetSampleCount"/> samples.</param>
    /// <returns>Samples written: <see cref="Vocoder.GetSampleCount"/> of <paramref name="frames"/>.</returns>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    /// <exception cref="DataFormatException">The mel holds NaN or infinity.</exception>
    /// <exception cref="TrtVocoderException">The mel is too short or too long for the model, the network put out NaN, or its backend failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using this session.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public int Decode(ReadOnlySpan<float> mel, int frames, Span<float> audio) => DecodeBatch(mel, 1, frames, audio);

    /// <summary>Decodes several mels of one length.</summary>
    /// <param name="mel">[batch, n_mels, frames].</param>
    /// <param name="batch">Items; more than one run takes are decoded in several.</param>
    /// <param name="frames">Frames of each item.</param>
    /// <param name="audio">Room for [batch, <see cref="Vocoder.GetSampleCount"/>] samples.</param>
    /// <returns>Samples written for each item. Errors are those of <see cref="Decode"/>.</returns>
    public int DecodeBatch(ReadOnlySpan<float> mel, int batch, int frames, Span<float> audio)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        Enter();
        try
        {
            int samples = CheckLengths(mel, batch, frames, audio);
            CheckMel(mel, frames);
            if (samples == 0 || batch == 0)
                return samples;
            if (frames < _info.MinFrames)
                throw new TrtVocoderException($"The mel has {frames} frames, but this model takes at least {_info.MinFrames}.");
            _plan.ThrowIfTooLong(frames);

            int melSize = _info.Metadata.MelCount * frames;
            int itemsPerRun = GetItemsPerRun(frames);
            for (int item = 0; item < batch; item += itemsPerRun)
            {
                int items = Math.Min(itemsPerRun, batch - item);
                DecodeItems(mel.Slice(item * melSize, items * melSize), items, frames, audio.Slice(item * samples, items * samples), samples);
            }
            if (_checkOutput)
                CheckAudio(audio[..(batch * samples)], samples);
            return samples;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Runs the network once on silence in the shape that a decode would use, so that the first real one is as fast as the others.</summary>
    /// <param name="frames">Frames of the decodes to come.</param>
    /// <param name="batch">Items of the decodes to come.</param>
    public void WarmUp(int frames, int batch = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        Enter();
        try
        {
            int runFrames = Math.Clamp(frames, _info.MinFrames, _plan.Window);
            _decoder.Prepare(Math.Min(batch, GetItemsPerRun(runFrames)), runFrames).Fill(MathF.Log(_info.Metadata.MelFloor));
            _decoder.Run();
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref _state, State.Disposed, State.Idle) == State.Idle)
            Release();
        else
            // A decode is running (or Dispose came before): its end releases.
            Interlocked.CompareExchange(ref _state, State.DisposeAfterUse, State.Busy);
    }

    private int GetItemsPerRun(int frames) =>
        _info.MaxBatch == int.MaxValue ? Math.Max(1, _plan.Window / Math.Min(frames, _plan.Window)) : _info.MaxBatch;

    private void DecodeItems(ReadOnlySpan<float> mel, int items, int frames, Span<float> audio, int samples)
    {
        if (frames <= _plan.Window)
        {
            mel.CopyTo(_decoder.Prepare(items, frames));
            DecoderOutput output = _decoder.Run();
            for (int item = 0; item < items; item++)
                Write(output, item, audio.Slice(item * samples, samples));
            return;
        }

        // Every window has the same shape: the last one is shifted back so that it ends where the input ends.
        (int start, int done) = (0, 0);
        while (true)
        {
            bool last = start + _plan.Window == frames;
            CopyWindow(mel, items, frames, start);
            DecoderOutput output = _decoder.Run();
            int end = _inverseStft is not null
                ? (last ? frames : start + _plan.End)
                : (last ? samples : (start * _info.Metadata.HopLength) + _plan.End);
            for (int item = 0; item < items; item++)
                WriteWindow(output, item, start, done, end, frames, audio.Slice(item * samples, samples));
            if (last)
                return;
            done = end;
            start = Math.Min(start + _plan.Stride, frames - _plan.Window);
        }
    }

    private void CopyWindow(ReadOnlySpan<float> mel, int items, int frames, int start)
    {
        int window = _plan.Window;
        Span<float> input = _decoder.Prepare(items, window);
        for (int row = 0; row < items * _info.Metadata.MelCount; row++)
            mel.Slice((row * frames) + start, window).CopyTo(input[(row * window)..]);
    }

    private void Write(DecoderOutput output, int item, Span<float> audio)
    {
        if (_inverseStft is not null)
            _inverseStft.Inverse(output.GetSpectrum(item), audio);
        else
            GetSamples(output, item, audio.Length)[..audio.Length].CopyTo(audio);
    }

    /// <summary>Takes from one window what it alone gives: frames [begin, end) of a spectrum, samples [begin, end) of a waveform, both counted in the whole input.</summary>
    private void WriteWindow(DecoderOutput output, int item, int start, int begin, int end, int frames, Span<float> audio)
    {
        if (_inverseStft is not null)
        {
            _inverseStft.Accumulate(output.GetSpectrum(item).Slice(begin - start, end - begin), begin, frames, audio);
            return;
        }
        int offset = start * _info.Metadata.HopLength;
        GetSamples(output, item, end - offset)[(begin - offset)..(end - offset)].CopyTo(audio[begin..end]);
    }

    /// <summary>A graph may put out more samples than upstream's ISTFT keeps (F5-TTS's own export: one hop more), never fewer.</summary>
    private static ReadOnlySpan<float> GetSamples(DecoderOutput output, int item, int least)
    {
        ReadOnlySpan<float> samples = output.GetAudio(item);
        return samples.Length >= least
            ? samples
            : throw new DataFormatException($"The network put out {samples.Length} samples where its hop and padding mean at least {least}; its metadata or {nameof(ModelHints)} are wrong.");
    }

    private int CheckLengths(ReadOnlySpan<float> mel, int batch, int frames, Span<float> audio)
    {
        int melCount = _info.Metadata.MelCount;
        if (mel.Length != (long)batch * melCount * frames)
            throw new ArgumentException(batch == 1
                ? $"The mel holds {mel.Length} values, but [n_mels = {melCount}, frames = {frames}] has {(long)melCount * frames}."
                : $"The mels hold {mel.Length} values, but [batch = {batch}, n_mels = {melCount}, frames = {frames}] has {(long)batch * melCount * frames}.", nameof(mel));
        int samples = _stft.GetSampleCount(frames);
        if (audio.Length < (long)batch * samples)
            throw new ArgumentException(batch == 1
                ? $"The audio has room for {audio.Length} samples, but {frames} frames decode to {samples}."
                : $"The audio has room for {audio.Length} samples, but {batch} mels of {frames} frames decode to {(long)batch * samples}.", nameof(audio));
        return samples;
    }

    private void CheckMel(ReadOnlySpan<float> mel, int frames)
    {
        int index = NonFinite.IndexOf(mel);
        if (index < 0)
            return;
        (int row, int frame) = Math.DivRem(index, frames);
        (int item, int band) = Math.DivRem(row, _info.Metadata.MelCount);
        throw new DataFormatException($"The mel holds {(float.IsNaN(mel[index]) ? "NaN" : "infinity")} in band {band}, frame {frame}{(item > 0 ? $" of item {item}" : "")}; log-mel amplitudes are finite numbers.");
    }

    private void CheckAudio(ReadOnlySpan<float> audio, int samples)
    {
        int index = NonFinite.IndexOf(audio);
        if (index >= 0)
            throw new TrtVocoderException(
                $"The network put out NaN or infinity (item {index / samples}, sample {index % samples}); this is known of FP16 models: use one whose head is FP32, or FP32 throughout ({_info.Backend}).");
    }

    private void Enter()
    {
        switch (Interlocked.CompareExchange(ref _state, State.Busy, State.Idle))
        {
            case State.Idle:
                return;
            case State.Disposed or State.DisposeAfterUse:
                throw new ObjectDisposedException(nameof(VocoderSession));
            default:
                throw new InvalidOperationException("Another thread is decoding with this session; make one session a thread with Vocoder.CreateSession.");
        }
    }

    private void Exit()
    {
        if (Interlocked.CompareExchange(ref _state, State.Idle, State.Busy) == State.Busy)
            return;
        Volatile.Write(ref _state, State.Disposed);
        Release();
    }

    private void Release()
    {
        _inverseStft?.Dispose();
        _decoder.Dispose();
    }

    private static class State
    {
        public const int Idle = 0;
        public const int Busy = 1;
        public const int DisposeAfterUse = 2;
        public const int Disposed = 3;
    }
}
