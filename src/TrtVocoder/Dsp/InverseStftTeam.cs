using System.Runtime.ExceptionServices;
using TrtVocoder.Internal;

namespace TrtVocoder.Dsp;

/// <summary>
/// Shares one inverse STFT out among the caller and helper threads of the process: each computes its own range of output positions, so they
/// need no lock and the samples are those of one thread, bit for bit. A job allocates nothing. A range that no thread has begun when the
/// caller is done with its own is the caller's: on a busy machine nobody waits for a thread that gets no core.
/// </summary>
internal sealed class InverseStftTeam : IDisposable
{
    private readonly HelperThreads _threads;
    private readonly Range[] _ranges;
    private readonly ParkedThread[] _rented;
    private InverseStftJob _job;

    /// <summary>Makes the scratch memory for <paramref name="helpers"/> threads beside the caller's.</summary>
    public InverseStftTeam(StftParameters parameters, int helpers, HelperThreads threads)
    {
        _threads = threads;
        _rented = new ParkedThread[helpers];
        _ranges = new Range[helpers];
        for (int i = 0; i < helpers; i++)
            _ranges[i] = new Range(this, parameters);
    }

    /// <summary>
    /// Computes the positions [<paramref name="begin"/>, <paramref name="end"/>) on the caller's thread and as many helpers as the frames
    /// are worth.
    /// </summary>
    public void Run(in InverseStftJob job, InverseStftWorker callersWorker, int hop, int minFramesPerThread, long begin, long end)
    {
        int count = _threads.Rent(_rented.AsSpan(0, CountHelpers(job.EndFrame - job.FirstFrame, minFramesPerThread)));
        ReadOnlySpan<ParkedThread> rented = _rented.AsSpan(0, count);
        int parts = count + 1;
        ExceptionDispatchInfo? failure = null;
        _job = job;
        for (int i = 0; i < count; i++)
        {
            _ranges[i].Set(Cut(job, i + 1, parts, hop, begin, end), i + 2 == parts ? end : Cut(job, i + 2, parts, hop, begin, end));
            rented[i].Post(_ranges[i].Work);
        }
        try
        {
            callersWorker.Run(job, begin, parts == 1 ? end : Cut(job, 1, parts, hop, begin, end));
            for (int i = 0; i < count; i++)
                if (rented[i].TryTakeBack())
                    _ranges[i].Run(callersWorker);
        }
        finally
        {
            // The caller's memory is pinned only until it returns. They began about when the caller did and have as much to do: the wait is
            // short.
            foreach (ParkedThread thread in rented)
            {
                if (!thread.TryTakeBack())
                    thread.Wait();
                failure = thread.TakeFailure() ?? failure;
            }
            _threads.Return(rented);
        }
        failure?.Throw();
    }

    /// <summary>Lets as many helpers as the frames are worth stay awake until the next job, for a millisecond at most.</summary>
    public void Expect(int frames, int minFramesPerThread) => _threads.Expect(CountHelpers(frames, minFramesPerThread));

    public void Dispose()
    {
        foreach (Range range in _ranges)
            range.Dispose();
    }

    // Ranges begin where a frame of even number begins, so that each pair of frames belongs mostly to one thread.
    private static long Cut(in InverseStftJob job, int part, int parts, int hop, long begin, long end)
    {
        long frame = job.FirstFrame + ((long)(job.EndFrame - job.FirstFrame) * part / parts);
        return Math.Clamp((frame & ~1L) * hop, begin, end);
    }

    private int CountHelpers(int frames, int minFramesPerThread) => Math.Clamp(frames / minFramesPerThread, 1, _ranges.Length + 1) - 1;

    private sealed class Range : IDisposable
    {
        private readonly InverseStftTeam _team;
        private readonly InverseStftWorker _worker;
        private long _begin;
        private long _end;

        public Range(InverseStftTeam team, StftParameters parameters)
        {
            _team = team;
            _worker = new InverseStftWorker(parameters);
            Work = () => Run(_worker);
        }

        public Action Work { get; }

        public void Set(long begin, long end) => (_begin, _end) = (begin, end);

        public void Run(InverseStftWorker worker) => worker.Run(_team._job, _begin, _end);

        public void Dispose() => _worker.Dispose();
    }
}
