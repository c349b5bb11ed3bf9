using System.Diagnostics;

namespace TrtVocoder.Dsp;

/// <summary>
/// Threads that share one inverse STFT: each computes its own range of output positions, so they need no lock and the samples are those
/// of one thread, bit for bit. The threads wait between jobs; a job allocates nothing. A range that no thread has begun when the caller is
/// done with its own is the caller's: on a busy machine nobody waits for a thread that gets no core.
/// </summary>
internal sealed class InverseStftPool : IDisposable
{
    private readonly Helper[] _helpers;
    private InverseStftJob _job;

    /// <summary>Starts <paramref name="helpers"/> threads beside the caller's.</summary>
    public InverseStftPool(StftParameters parameters, int helpers)
    {
        _helpers = new Helper[helpers];
        for (int i = 0; i < helpers; i++)
            _helpers[i] = new Helper(this, parameters);
    }

    /// <summary>Computes the positions [<paramref name="begin"/>, <paramref name="end"/>) on the caller's thread and as many helpers as the frames are worth.</summary>
    public void Run(in InverseStftJob job, InverseStftWorker callersWorker, int hop, int minFramesPerThread, long begin, long end)
    {
        int frames = job.EndFrame - job.FirstFrame;
        int parts = Math.Clamp(frames / minFramesPerThread, 1, _helpers.Length + 1);
        ReadOnlySpan<Helper> helpers = _helpers.AsSpan(0, parts - 1);
        _job = job;
        for (int i = 0; i < helpers.Length; i++)
            helpers[i].Post(Cut(job, i + 1, parts, hop, begin, end), i + 2 == parts ? end : Cut(job, i + 2, parts, hop, begin, end));
        try
        {
            callersWorker.Run(job, begin, parts == 1 ? end : Cut(job, 1, parts, hop, begin, end));
            foreach (Helper helper in helpers)
                helper.RunIfNotBegun(callersWorker);
        }
        finally
        {
            // The caller's memory is pinned only until it returns.
            foreach (Helper helper in helpers)
                helper.WaitOrWithdraw();
        }
        foreach (Helper helper in helpers)
            helper.ThrowIfFailed();
    }

    /// <summary>Lets as many helpers as the frames are worth stay awake until the next job, for a millisecond at most.</summary>
    public void Expect(int frames, int minFramesPerThread)
    {
        int parts = Math.Clamp(frames / minFramesPerThread, 1, _helpers.Length + 1);
        foreach (Helper helper in _helpers.AsSpan(0, parts - 1))
            helper.Expect();
    }

    public void Dispose()
    {
        foreach (Helper helper in _helpers)
            helper.Dispose();
    }

    // Ranges begin where a frame of even number begins, so that each pair of frames belongs mostly to one thread.
    private static long Cut(in InverseStftJob job, int part, int parts, int hop, long begin, long end)
    {
        long frame = job.FirstFrame + ((long)(job.EndFrame - job.FirstFrame) * part / parts);
        return Math.Clamp((frame & ~1L) * hop, begin, end);
    }

    private sealed class Helper : IDisposable
    {
        private const int Idle = 0;
        private const int Posted = 1;
        private const int Running = 2;
        private static readonly long MaxSpinTicks = Stopwatch.Frequency / 1000;

        private readonly InverseStftPool _pool;
        private readonly InverseStftWorker _worker;
        private readonly SemaphoreSlim _wake = new(0);
        private readonly Thread _thread;
        private long _begin;
        private long _end;
        private long _expectedUntil;
        private int _state;
        private bool _stop;
        private Exception? _failure;

        public Helper(InverseStftPool pool, StftParameters parameters)
        {
            _pool = pool;
            _worker = new InverseStftWorker(parameters);
            _thread = new Thread(Loop) { IsBackground = true, Name = "TrtVocoder inverse STFT" };
            _thread.Start();
        }

        public void Post(long begin, long end)
        {
            (_begin, _end, _failure) = (begin, end, null);
            Volatile.Write(ref _state, Posted);
            _wake.Release();
        }

        public void Expect()
        {
            Volatile.Write(ref _expectedUntil, Stopwatch.GetTimestamp() + MaxSpinTicks);
            _wake.Release();
        }

        public void RunIfNotBegun(InverseStftWorker worker)
        {
            if (Interlocked.CompareExchange(ref _state, Idle, Posted) == Posted)
                worker.Run(_pool._job, _begin, _end);
        }

        public void WaitOrWithdraw()
        {
            if (Interlocked.CompareExchange(ref _state, Idle, Posted) == Posted)
                return;

            // It began about when the caller did and has as much to do: the wait is short.
            SpinWait spin = default;
            while (Volatile.Read(ref _state) == Running)
                spin.SpinOnce(sleep1Threshold: -1);
        }

        public void ThrowIfFailed()
        {
            if (_failure is not null)
                throw new InvalidOperationException("A thread of the inverse STFT failed.", _failure);
        }

        public void Dispose()
        {
            _stop = true;
            _wake.Release();
            _thread.Join();
            _wake.Dispose();
            _worker.Dispose();
        }

        private void SpinWhileExpected()
        {
            while (Volatile.Read(ref _state) == Idle && !_stop && Stopwatch.GetTimestamp() < Volatile.Read(ref _expectedUntil))
                Thread.SpinWait(10);
            Volatile.Write(ref _expectedUntil, 0);
        }

        private void Loop()
        {
            while (true)
            {
                _wake.Wait();
                SpinWhileExpected();
                if (_stop)
                    return;
                if (Interlocked.CompareExchange(ref _state, Running, Posted) != Posted)
                    continue;
                try
                {
                    _worker.Run(_pool._job, _begin, _end);
                }
#pragma warning disable CA1031 // Thrown again on the caller's thread.
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    _failure = failure;
                }
                Volatile.Write(ref _state, Idle);
            }
        }
    }
}
