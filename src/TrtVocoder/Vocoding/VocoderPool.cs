using System.Collections.Concurrent;
using System.Diagnostics;

namespace TrtVocoder.Vocoding;

/// <summary>
/// Sessions of one vocoder for many callers: bounded, warm, first come first served. Safe for use by any number of threads. Disposing it
/// refuses new callers and those that wait, lets decodes under way finish, and disposes the sessions; the vocoder stays its owner's.
/// </summary>
public sealed class VocoderPool : IDisposable, IAsyncDisposable
{
    private readonly ConcurrentStack<VocoderSession> _idle = [];
    private readonly SemaphoreSlim _free;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private int _rented;
    private int _disposed;

    /// <summary>Makes a pool. Its sessions are made when first needed, or all by <see cref="WarmUp"/>.</summary>
    /// <param name="vocoder">What decodes; it must live as long as the pool.</param>
    /// <param name="options">Bounds; null for the defaults.</param>
    public VocoderPool(Vocoder vocoder, VocoderPoolOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(vocoder);
        Vocoder = vocoder;
        Options = options ?? new VocoderPoolOptions();
        _free = new SemaphoreSlim(Options.Sessions);
    }

    /// <summary>What decodes.</summary>
    public Vocoder Vocoder { get; }

    /// <summary>Its bounds.</summary>
    public VocoderPoolOptions Options { get; }

    /// <summary>Sessions that are rented now.</summary>
    public int RentedSessions => Volatile.Read(ref _rented);

    /// <summary>Callers that wait for a session now.</summary>
    public int WaitingCallers => Volatile.Read(ref _waiting);

    /// <summary>
    /// Makes all sessions and warms each (<see cref="VocoderSession.WarmUp(CancellationToken)"/>), so that no caller pays for it. Call it before
    /// the first decode; rented sessions are waited for. What was made before a cancellation stays.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="TrtVocoderException">The backend failed.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void WarmUp(CancellationToken cancellationToken = default)
    {
        List<VocoderLease> leases = [];
        try
        {
            for (int i = 0; i < Options.Sessions; i++)
            {
                ThrowIfDisposed();
                _free.Wait(cancellationToken);
                leases.Add(Lend());
                leases[^1].Session.WarmUp(cancellationToken);
            }
        }
        finally
        {
            foreach (VocoderLease lease in leases)
                lease.Dispose();
        }
    }

    /// <summary>Rents a session, as soon as one is free.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The lease, to be disposed.</returns>
    /// <exception cref="TrtVocoderException">
    /// Too many wait already, or none was free in time (<see cref="FailureKind.PoolBusy"/>); or a session could not be made.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public async ValueTask<VocoderLease> RentAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        if (!_free.Wait(0, CancellationToken.None))
            await WaitAsync(cancellationToken).ConfigureAwait(false);
        VocoderTelemetry.AddWait(Stopwatch.GetElapsedTime(start), Vocoder.Info);
        return Lend();
    }

    /// <summary>Decodes one mel on a thread of the thread pool, as soon as a session is free.</summary>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes; it must not change until the task ends.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="audio">Room for at least <see cref="Vocoder.GetSampleCount"/> samples, the task's until it ends.</param>
    /// <param name="cancellationToken">Ends the wait, or the decode between two windows.</param>
    /// <returns>
    /// Samples written. Errors are those of <see cref="RentAsync"/> and of
    /// <see cref="VocoderSession.Decode(ReadOnlySpan{float}, int, Span{float})"/>.
    /// </returns>
    public async Task<int> DecodeAsync(
        ReadOnlyMemory<float> mel, int frames, Memory<float> audio, CancellationToken cancellationToken = default)
    {
        using VocoderLease lease = await RentAsync(cancellationToken).ConfigureAwait(false);
        return await Task.Run(
            () => lease.Session.DecodeBatch(mel.Span, 1, frames, audio.Span, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Decodes one mel into a new array. Parameters and errors are those of
    /// <see cref="DecodeAsync(ReadOnlyMemory{float}, int, Memory{float}, CancellationToken)"/>.
    /// </summary>
    /// <param name="mel">[n_mels, frames], natural-log amplitudes; it must not change until the task ends.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="cancellationToken">Ends the wait, or the decode between two windows.</param>
    /// <returns>All samples.</returns>
    public async Task<float[]> DecodeAsync(ReadOnlyMemory<float> mel, int frames, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        float[] audio = new float[Vocoder.GetSampleCount(frames)];
        await DecodeAsync(mel, frames, audio, cancellationToken).ConfigureAwait(false);
        return audio;
    }

    /// <summary>Waits until all decodes under way are done, as <see cref="DisposeAsync"/> does, on the calling thread.</summary>
    public void Dispose()
    {
        Close();
        _drained.Task.GetAwaiter().GetResult();
    }

    /// <summary>Refuses new callers and those that wait, and ends when the last rented session was given back.</summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        await _drained.Task.ConfigureAwait(false);
    }

    internal void Return(VocoderSession session)
    {
        VocoderTelemetry.AddRented(-1, Vocoder.Info);
        _idle.Push(session);
        int rented = Interlocked.Decrement(ref _rented);
        _free.Release();
        if (Volatile.Read(ref _disposed) != 0 && rented == 0)
            Drain();
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > Options.MaxWaiting)
                throw Busy($"{Options.MaxWaiting} callers wait for a session already");
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
            if (!await _free.WaitAsync(Options.RentTimeout ?? Timeout.InfiniteTimeSpan, either.Token).ConfigureAwait(false))
                throw Busy($"no session was free within {Options.RentTimeout!.Value.TotalSeconds:0.###} s");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(VocoderPool));
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>A session, after one was free: the one used last, whose memory is warm, or a new one.</summary>
    private VocoderLease Lend()
    {
        Interlocked.Increment(ref _rented);
        try
        {
            // Counted first: either the disposal sees this rent and waits for it, or this sees the disposal.
            ThrowIfDisposed();
            VocoderLease lease = new(this, _idle.TryPop(out VocoderSession? session) ? session : Vocoder.CreateSession(Options.Profiler));
            VocoderTelemetry.AddRented(1, Vocoder.Info);
            return lease;
        }
        catch
        {
            int rented = Interlocked.Decrement(ref _rented);
            _free.Release();
            if (Volatile.Read(ref _disposed) != 0 && rented == 0)
                Drain();
            throw;
        }
    }

    private void Close()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _closing.Cancel();
        if (Volatile.Read(ref _rented) == 0)
            Drain();
    }

    /// <summary>Disposes what is idle, which is all that there is: nobody rents any more. Several may come here.</summary>
    private void Drain()
    {
        while (_idle.TryPop(out VocoderSession? session))
            session.Dispose();
        _drained.TrySetResult();
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);

    private static TrtVocoderException Busy(string why) => new($"The vocoder is busy: {why}.") { Kind = FailureKind.PoolBusy };
}
