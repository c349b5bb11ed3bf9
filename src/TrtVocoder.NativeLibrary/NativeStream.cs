using TrtVocoder.Internal;
using TrtVocoder.Vocoding;

namespace TrtVocoder.NativeLibrary;

/// <summary>A stream that C holds, on a session of its own. One thread at a time.</summary>
internal sealed unsafe class NativeStream : IDisposable
{
    private readonly NativeVocoder _owner;
    private readonly VocoderSession _session;
    private readonly VocoderStream _stream;
    private readonly MelLayout _layout;
    // The session has its own, which does not keep the stream's memory.
    private ExclusiveUse _use;

    /// <exception cref="ArgumentException">The vocoder was destroyed, or an option is out of range.</exception>
    public NativeStream(NativeVocoder owner, NativeStreamOptions* options)
    {
        if (options is not null)
        {
            StructSize.Check(options->StructSize, sizeof(NativeStreamOptions), "trtvocoder_stream_options");
            _layout = (MelLayout)OptionReader.Within(options->Layout, 1, "layout");
        }
        owner.Join();
        _owner = owner;
        VocoderSession? session = null;
        try
        {
            _session = session = owner.Vocoder.CreateSession();
            _stream = session.CreateStream();
        }
        catch
        {
            session?.Dispose();
            owner.Leave();
            throw;
        }
    }

    public void WarmUp(int chunkFrames)
    {
        _use.Enter(_stream);
        try
        {
            _stream.WarmUp(chunkFrames);
        }
        finally
        {
            Leave();
        }
    }

    public int Push(float* mel, int frames)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        ReadOnlySpan<float> values = Spans.Of(mel, (long)_owner.Vocoder.MelCount * frames, "mel");
        _use.Enter(_stream);
        try
        {
            ThrowIfOver();
            return _stream.Push(values, frames, _layout);
        }
        finally
        {
            Leave();
        }
    }

    public int Complete()
    {
        _use.Enter(_stream);
        try
        {
            if (!_stream.IsComplete)
                ThrowIfOver();
            return _stream.Complete();
        }
        finally
        {
            Leave();
        }
    }

    public int Read(float* audio, long capacity)
    {
        Span<float> room = Spans.Of(audio, Math.Min(capacity, Array.MaxLength), "audio");
        _use.Enter(_stream);
        try
        {
            return _stream.Read(room);
        }
        finally
        {
            Leave();
        }
    }

    public void Reset()
    {
        _use.Enter(_stream);
        try
        {
            _stream.Reset();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Fills everything but the size in.</summary>
    public void Describe(NativeStreamInfo* info)
    {
        _use.Enter(_stream);
        try
        {
            info->LookaheadFrames = _stream.LookaheadFrames;
            info->FirstSampleFrames = _stream.FirstSampleFrames;
            info->HeldFrames = _stream.HeldFrames;
            info->AvailableSamples = _stream.AvailableSamples;
            info->IsComplete = _stream.IsComplete ? 1 : 0;
            info->PushedFrames = _stream.PushedFrames;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Frees everything; where another thread is inside, as soon as it is out.</summary>
    public void Dispose()
    {
        if (_use.TryDispose())
            Free();
    }

    private void ThrowIfOver()
    {
        if (_stream.Obstacle is { } why)
            throw new StreamStateException(why);
    }

    private void Leave()
    {
        if (_use.Leave())
            Free();
    }

    private void Free()
    {
        _stream.Dispose();
        _session.Dispose();
        _owner.Leave();
    }
}

/// <summary>A stream's utterance is over: complete, or a push of it failed.</summary>
internal sealed class StreamStateException(string message) : InvalidOperationException(message);
