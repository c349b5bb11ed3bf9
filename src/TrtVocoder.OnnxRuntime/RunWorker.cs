using System.Runtime.ExceptionServices;

namespace TrtVocoder.OnnxRuntime;

/// <summary>
/// A thread that runs one thing each time it is asked, beside the thread that asks. What it has not begun when the asking thread wants the
/// result is done by that one, so that nobody waits for a thread to wake. One run at a time; a run allocates nothing.
/// </summary>
internal sealed class RunWorker : IDisposable
{
    private const int Idle = 0;
    private const int Posted = 1;
    private const int Running = 2;

    private readonly Action _run;
    private readonly Thread _thread;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly SemaphoreSlim _finished = new(0);
    private ExceptionDispatchInfo? _failure;
    private int _state;
    private bool _stop;

    public RunWorker(Action run)
    {
        _run = run;
        _thread = new Thread(Loop) { IsBackground = true, Name = "TrtVocoder decoder" };
        _thread.Start();
    }

    /// <summary>Asks for a run; <see cref="Finish"/> follows before the next.</summary>
    public void Start()
    {
        Volatile.Write(ref _state, Posted);
        _wake.Release();
    }

    /// <summary>Waits for the run, or does it; throws what it threw.</summary>
    public void Finish()
    {
        if (Withdraw())
        {
            _run();
            return;
        }
        _finished.Wait();
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    /// <summary>Waits for a run that has begun, forgets one that has not, and ends the thread.</summary>
    public void Dispose()
    {
        Withdraw();
        _stop = true;
        _wake.Release();
        _thread.Join();
        _wake.Dispose();
        _finished.Dispose();
    }

    private bool Withdraw() => Interlocked.CompareExchange(ref _state, Idle, Posted) == Posted;

    private void Loop()
    {
        while (true)
        {
            _wake.Wait();
            if (_stop)
                return;
            if (Interlocked.CompareExchange(ref _state, Running, Posted) != Posted)
                continue;
            try
            {
                _run();
            }
#pragma warning disable CA1031 // Thrown again by Finish.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                _failure = ExceptionDispatchInfo.Capture(failure);
            }
            Volatile.Write(ref _state, Idle);
            _finished.Release();
        }
    }
}
