namespace TrtVocoder.Internal;

/// <summary>Counts those who use something, its owner among them from the start; the last one to leave disposes it. Safe for use by many threads; a field, never copied.</summary>
internal struct UseCount
{
    private int _others;

    /// <summary>Joins the users; false when the last one has left already. Each leaves once.</summary>
    public bool TryJoin()
    {
        for (int others = Volatile.Read(ref _others); others >= 0; others = Volatile.Read(ref _others))
            if (Interlocked.CompareExchange(ref _others, others + 1, others) == others)
                return true;
        return false;
    }

    /// <summary>Leaves; true for the last one, who disposes.</summary>
    public bool Leave() => Interlocked.Decrement(ref _others) < 0;
}
