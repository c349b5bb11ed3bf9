using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace TrtVocoder.Internal;

/// <summary>
/// A thread that waits until it is given something to run. What it has not begun when the result is wanted can be taken back, so that
/// nobody waits for a thread to wake. One piece of work at a time, from one caller at a time; a run allocates nothing. While it waits it
/// refers to nobody, so who forgets to dispose of it leaks no thread.
/// </summary>
internal sealed class ParkedThread : IDisposable
{
    private readonly Loop _loop;
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">For debuggers.</param>
    /// <param name="spinBudget">What <see cref="TryStayAwake"/> draws on; null where it is not used.</param>
    public ParkedThread(string name, SpinBudget? spinBudget = null)
    {
        _loop = new Loop(spinBudget);
        _thread = new Thread(_loop.Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    ~ParkedThread() => _loop.Stop();

    /// <summary>Whether the thread has ended.</summary>
    internal bool HasEnded => !_thread.IsAlive;

    /// <summary>Asks for a run; <see cref="TryTakeBack"/> or <see cref="Wait"/> follows before the next.</summary>
    public void Post(Action work) => _loop.Post(work);

    /// <summary>True when the thread has not begun and now will not.</summary>
    public bool TryTakeBack() => _loop.TryTakeBack();

    /// <summary>Waits for a run that has begun.</summary>
    public void Wait() => _loop.Wait();

    /// <summary>What the last run threw, once; null if it threw nothing.</summary>
    public ExceptionDispatchInfo? TakeFailure() => _loop.TakeFailure();

    /// <summary>
    /// Wakes the thread and lets it stay awake until work comes, for a millisecond at most; false where enough threads are awake, or it is
    /// already.
    /// </summary>
    public bool TryStayAwake() => _loop.TryStayAwake();

    /// <summary>Takes back work that has not begun, waits for work that has, and ends the thread.</summary>
    public void Dispose()
    {
        if (HasEnded)
            return;
        TryTakeBack();
        _loop.Stop();
        _thread.Join();
        GC.SuppressFinalize(this);
    }

    // What the thread itself holds on to: not the object that its owner holds, so that the owner can be forgotten.
#pragma warning disable CA1001 // Semaphores without a wait handle hold nothing that must be freed, and the thread may still be on its way out.
    private sealed class Loop(SpinBudget? spinBudget)
#pragma warning restore CA1001
    {
        private const int Idle = 0;
        private const int Posted = 1;
        private const int Running = 2;
        private const int RunningAwaited = 3;

        // Some tens of microseconds: most of what is waited for ends sooner.
        private const int SpinsBeforeSleep = 40;
        private static readonly long MaxSpinTicks = Stopwatch.Frequency / 1000;

        private readonly SemaphoreSlim _wake = new(0);
        private readonly SemaphoreSlim _finished = new(0);
        private Action? _work;
        private ExceptionDispatchInfo? _failure;
        private long _awakeUntil;
        private int _state;
        private bool _stop;

        public void Post(Action work)
        {
            (_work, _failure) = (work, null);
            Volatile.Write(ref _state, Posted);
            _wake.Release();
        }

        public bool TryTakeBack()
        {
            if (Interlocked.CompareExchange(ref _state, Idle, Posted) != Posted)
                return false;
            _work = null;
            return true;
        }

        public void Wait()
        {
            SpinWait spin = default;
            while (Volatile.Read(ref _state) == Running)
            {
                if (spin.Count < SpinsBeforeSleep)
                    spin.SpinOnce(sleep1Threshold: -1);
                else if (Interlocked.CompareExchange(ref _state, RunningAwaited, Running) == Running)
                    _finished.Wait();
            }
        }

        public ExceptionDispatchInfo? TakeFailure()
        {
            ExceptionDispatchInfo? failure = _failure;
            _failure = null;
            return failure;
        }

        public bool TryStayAwake()
        {
            if (spinBudget is null || Volatile.Read(ref _awakeUntil) != 0 || !spinBudget.TryTake())
                return false;
            Volatile.Write(ref _awakeUntil, Stopwatch.GetTimestamp() + MaxSpinTicks);
            _wake.Release();
            return true;
        }

        public void Stop()
        {
            Volatile.Write(ref _stop, true);
            _wake.Release();
        }

        public void Run()
        {
            while (true)
            {
                _wake.Wait();
                SpinWhileAwake();
                if (Volatile.Read(ref _stop))
                    return;
                if (Interlocked.CompareExchange(ref _state, Running, Posted) != Posted)
                    continue;
                RunWork();
                if (Interlocked.Exchange(ref _state, Idle) == RunningAwaited)
                    _finished.Release();
            }
        }

        // Not inlined: what the work refers to must not live on in the waiting thread's frame.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void RunWork()
        {
            try
            {
                _work!();
            }
#pragma warning disable CA1031 // Thrown again on the caller's thread.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                _failure = ExceptionDispatchInfo.Capture(failure);
            }
            _work = null;
        }

        private void SpinWhileAwake()
        {
            long until = Volatile.Read(ref _awakeUntil);
            if (until == 0)
                return;
            while (Volatile.Read(ref _state) == Idle && !Volatile.Read(ref _stop) && Stopwatch.GetTimestamp() < until)
                Thread.SpinWait(10);
            Volatile.Write(ref _awakeUntil, 0);
            spinBudget!.GiveBack();
        }
    }
}
