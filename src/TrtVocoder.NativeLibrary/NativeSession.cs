using TrtVocoder.Dsp;
using TrtVocoder.Internal;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.NativeLibrary;

/// <summary>
/// A session that C holds, with what it needs beside .NET's: a decoder for device pointers down to spectra and a mel transform, each made at first use.
/// One thread at a time, which each part checks.
/// </summary>
internal sealed unsafe class NativeSession : IDisposable
{
    private readonly NativeVocoder _owner;
    private readonly VocoderSession _session;
    private readonly DecodeProfiler? _profiler;
    // Of the parts below; the session has its own.
    private ExclusiveUse _use;
    private TrtDecoder? _device;
    private MelSpectrogram? _mel;
    private NativeText? _profile;

    /// <exception cref="ArgumentException">The vocoder was destroyed.</exception>
    public NativeSession(NativeVocoder owner, int profileCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(profileCapacity);
        owner.Join();
        _owner = owner;
        try
        {
            _profiler = profileCapacity > 0 ? new DecodeProfiler(profileCapacity) : null;
            _session = owner.Vocoder.CreateSession(_profiler);
        }
        catch
        {
            owner.Leave();
            throw;
        }
    }

    public void WarmUp() => _session.WarmUp();

    public void WarmUp(int batch, int frames) => _session.WarmUp(frames, batch);

    public int Decode(float* mel, int batch, int frames, float* audio, long capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        return _session.DecodeBatch(
            Spans.Of(mel, (Int128)batch * _owner.Vocoder.MelCount * frames, "mel"), batch, frames,
            Spans.Of(audio, Math.Min(capacity, Array.MaxLength), "audio"));
    }

    public int GetDeviceOutputLength(int batch, int frames)
    {
        Enter();
        try
        {
            return Device.GetOutputLength(batch, frames);
        }
        finally
        {
            Leave();
        }
    }

    public void DecodeOnDevice(nint mel, int batch, int frames, nint realOrAudio, nint imag, nint stream)
    {
        Enter();
        try
        {
            Device.RunOnDevice(mel, batch, frames, realOrAudio, imag, stream);
        }
        finally
        {
            Leave();
        }
    }

    public void DecodeAudioOnDevice(nint mel, int batch, int frames, nint audio, nint stream) =>
        _session.DecodeOnDevice(mel, batch, frames, audio, stream);

    public int GetFrameCount(int samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        Enter();
        try
        {
            return Mel.GetFrameCount(samples);
        }
        finally
        {
            Leave();
        }
    }

    public int ComputeMel(float* audio, int count, float* mel, long capacity)
    {
        ReadOnlySpan<float> samples = Spans.Of(audio, count, "audio");
        Enter();
        try
        {
            int frames = Mel.GetFrameCount(count);
            long needed = (long)frames * Mel.MelCount;
            if (capacity < needed)
                throw new ArgumentException($"The mel has room for {capacity} values, but {count} samples have {Mel.MelCount} × {frames} = {needed}.");
            Mel.Compute(samples, Spans.Of(mel, needed, "mel"));
            return frames;
        }
        finally
        {
            Leave();
        }
    }

    public byte* GetProfile()
    {
        if (_profiler is null)
            throw new NotSupportedException("The session takes no times; make it with a profile_capacity above 0.");
        Enter();
        try
        {
            _profile = new NativeText(ProfileJson.Write(_profiler));
            return _profile.Pointer;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Frees everything; parts that another thread is inside of, as soon as it is out.</summary>
    public void Dispose()
    {
        _session.Dispose();
        if (_use.TryDispose())
            Free();
    }

    private TrtDecoderModel Engine =>
        _owner.Engine ?? throw new NotSupportedException("This model runs on the CPU: it takes no device pointers.");

    private TrtDecoder Device => _device ??= Engine.CreateDecoder();

    private MelSpectrogram Mel => _mel ??= new MelSpectrogram(
        _owner.Vocoder.Metadata.Stft, _owner.Vocoder.SampleRate, _owner.Vocoder.MelCount, _owner.Vocoder.Metadata.MelFloor);

    private void Enter() => _use.Enter(_session);

    private void Leave()
    {
        if (_use.Leave())
            Free();
    }

    private void Free()
    {
        _device?.Dispose();
        _mel?.Dispose();
        _owner.Leave();
    }
}
