namespace TrtVocoder.Dsp;

/// <summary>
/// Threads that share one inverse STFT: each computes its own range of output positions, so they need no lock and the samples are those
/// of one thread, bit for bit. The threads wait between jobs; a job allocates nothing.
/// </summary>
internal sealed class InverseStftPool : IDisposable
{
    private readonly Helper[] _helpers;

    // Counts up as helpers finish. Unlike CountdownEvent it makes its lock at once, not when it first happens to block.
    private readonly SemaphoreSlim _finished = new(0);
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
        int helpers = Math.Min(_helpers.Length, (frames / minFramesPerThread) - 1);
        if (helpers < 1)
        {
            callersWorker.Run(job, begin, end);
            return;
        }

        _job = job;
        long firstCut = Cut(job, 1, helpers + 1, hop, begin, end);
        long cut = firstCut;
        for (int i = 0; i < helpers; i++)
        {
            long next = i == helpers - 1 ? end : Cut(job, i + 2, helpers + 1, hop, begin, end);
            _helpers[i].Start(cut, next);
            cut = next;
        }
        try
        {
            callersWorker.Run(job, begin, firstCut);
        }
        finally
        {
            // The caller's memory is pinned only until it returns.
            for (int i = 0; i < helpers; i++)
                _finished.Wait();
        }
        foreach (Helper helper in _helpers.AsSpan(0, helpers))
            helper.ThrowIfFailed();
    }

    public void Dispose()
    {
        foreach (Helper helper in _helpers)
            helper.Dispose();
        _finished.Dispose();
    }

    // Ranges begin where a frame of even number begins, so that each pair of frames belongs mostly to one thread.
    private static long Cut(in InverseStftJob job, int part, int parts, int hop, long begin, long end)
    {
        long frame = job.FirstFrame + ((long)(job.EndFrame - job.FirstFrame) * part / parts);
        return Math.Clamp((frame & ~1L) * hop, begin, end);
    }

    private sealed class Helper : IDisposable
    {
        private readonly InverseStftPool _pool;
        private readonly InverseStftWorker _worker;
        private readonly SemaphoreSlim _start = new(0);
        private readonly Thread _thread;
        private long _begin;
        private long _end;
        private bool _stop;
        private Exception? _failure;

        public Helper(InverseStftPool pool, StftParameters parameters)
        {
            _pool = pool;
            _worker = new InverseStftWorker(parameters);
            _thread = new Thread(Loop) { IsBackground = true, Name = "TrtVocoder inverse STFT" };
            _thread.Start();
        }

        public void Start(long begin, long end)
        {
            (_begin, _end, _failure) = (begin, end, null);
            _start.Release();
        }

        public void ThrowIfFailed()
        {
            if (_failure is not null)
                throw new InvalidOperationException("A thread of the inverse STFT failed.", _failure);
        }

        public void Dispose()
        {
            _stop = true;
            _start.Release();
            _thread.Join();
            _start.Dispose();
            _worker.Dispose();
        }

        private void Loop()
        {
            while (true)
            {
                _start.Wait();
                if (_stop)
                    return;
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
                _pool._finished.Release();
            }
        }
    }
}
