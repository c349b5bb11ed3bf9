namespace TrtVocoder.Internal;

/// <summary>
/// The threads that help whoever has work to share out, one pool a process: so that many callers at once do not make many threads each. A
/// caller that gets fewer than it asks for does the rest itself. Threads are made when first needed and kept. Thread-safe.
/// </summary>
/// <param name="spinBudget">How many of the threads may stay awake at once for work to come.</param>
internal sealed class HelperThreads(SpinBudget spinBudget)
{
    private readonly Lock _gate = new();
    private bool _isClosed;

    // Those that wait, the last one returned on top.
    private readonly Stack<ParkedThread> _waiting = [];

    /// <summary>The process's. Half of the cores stay free of threads that only wait awake.</summary>
    public static HelperThreads Shared { get; } = MakeShared();

    /// <summary>Threads made so far.</summary>
    public int Count { get; private set; }

    /// <summary>Lends threads; all come back by <see cref="Return"/>.</summary>
    /// <param name="threads">Where they are put.</param>
    /// <returns>How many there were.</returns>
    public int Rent(Span<ParkedThread> threads)
    {
        lock (_gate)
        {
            MakeFor(threads.Length);
            int count = Math.Min(threads.Length, _waiting.Count);
            for (int i = 0; i < count; i++)
                threads[i] = _waiting.Pop();
            return count;
        }
    }

    /// <summary>Takes threads back that have nothing to run.</summary>
    public void Return(ReadOnlySpan<ParkedThread> threads)
    {
        lock (_gate)
        {
            for (int i = threads.Length - 1; i >= 0; i--)
                _waiting.Push(threads[i]);
            if (_isClosed)
                End();
        }
    }

    /// <summary>Ends the threads, those that are lent when they come back, and makes no more: callers do their work themselves.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            End();
        }
    }

    /// <summary>
    /// Says that a caller will rent so many threads within a millisecond: as many as the budget allows are woken and stay awake.
    /// </summary>
    public void Expect(int count)
    {
        lock (_gate)
        {
            MakeFor(count);
            foreach (ParkedThread thread in _waiting)
                if (count > 0 && thread.TryStayAwake())
                    count--;
        }
    }

    // A caller's own threads beyond the cores serve only who asks for so many.
    private void MakeFor(int wanted)
    {
        while (!_isClosed && _waiting.Count < wanted && Count < Math.Max(wanted, Environment.ProcessorCount - 1))
        {
            _waiting.Push(new ParkedThread("TrtVocoder helper", spinBudget));
            Count++;
        }
    }

    private void End()
    {
        while (_waiting.TryPop(out ParkedThread? thread))
        {
            thread.Dispose();
            Count--;
        }
    }

    private static HelperThreads MakeShared()
    {
        HelperThreads made = new(new SpinBudget(Environment.ProcessorCount / 2));
        PluginUnload.Add(made.Close);
        return made;
    }
}
