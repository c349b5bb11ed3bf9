namespace TrtVocoder.Vocoding;

/// <summary>A session rented from a <see cref="VocoderPool"/>. Disposing it gives the session back, once, from any thread.</summary>
public sealed class VocoderLease : IDisposable
{
    private readonly VocoderPool _pool;
    private readonly VocoderSession _session;
    private int _returned;

    internal VocoderLease(VocoderPool pool, VocoderSession session)
    {
        _pool = pool;
        _session = session;
    }

    /// <summary>The session, for one thread at a time. It is the pool's: do not dispose it, nor use it after this lease.</summary>
    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    public VocoderSession Session
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _returned) != 0, this);
            return _session;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _returned, 1) == 0)
            _pool.Return(_session);
    }
}
