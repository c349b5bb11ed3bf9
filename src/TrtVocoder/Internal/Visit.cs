namespace TrtVocoder.Internal;

/// <summary>
/// One thread's stay inside something that one thread at a time uses; disposal that came meanwhile is done on the way out:
/// <c>using Visit visit = new(this);</c>.
/// </summary>
internal readonly ref struct Visit : IDisposable
{
    private readonly IVisited _visited;

    /// <exception cref="InvalidOperationException">Another thread is inside.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    public Visit(IVisited visited)
    {
        visited.Use.Enter(visited);
        _visited = visited;
    }

    public void Dispose()
    {
        if (_visited.Use.Leave())
            _visited.Free();
    }
}

/// <summary>What is visited.</summary>
internal interface IVisited
{
    /// <summary>Who is inside.</summary>
    ref ExclusiveUse Use { get; }

    /// <summary>Disposes, once nobody is inside any more.</summary>
    void Free();
}
