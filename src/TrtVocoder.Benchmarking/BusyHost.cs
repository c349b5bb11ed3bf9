namespace TrtVocoder.Benchmarking;

/// <summary>Loads every core with a thread that only computes, as another program beside the vocoder would, until it is disposed of.</summary>
internal sealed class BusyHost : IDisposable
{
    private const int StepsBetweenLooks = 1 << 12;

    private readonly Thread[] _threads = new Thread[Environment.ProcessorCount];
    private volatile bool _isOver;

    /// <summary>Begins.</summary>
    public BusyHost()
    {
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Compute) { IsBackground = true, Name = "busy host" };
            _threads[i].Start();
        }
    }

    /// <summary>Lets the cores go; returns when all have stopped.</summary>
    public void Dispose()
    {
        _isOver = true;
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Compute()
    {
        double value = 1;
        while (!_isOver)
            for (int step = 0; step < StepsBetweenLooks; step++)
                value = Math.Sqrt(value + step);
        GC.KeepAlive(value);
    }
}
