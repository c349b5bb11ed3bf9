namespace TrtVocoder.Internal;

/// <summary>How many threads of a kind may stay awake at once for work that is about to come. Thread-safe.</summary>
/// <param name="max">Threads.</param>
internal sealed class SpinBudget(int max)
{
    private int _awake;

    /// <summary>Threads that are awake now.</summary>
    public int Awake => Volatile.Read(ref _awake);

    /// <summary>Lets one more thread stay awake; false where enough are.</summary>
    public bool TryTake()
    {
        for (int awake = Awake; awake < max; awake = Awake)
            if (Interlocked.CompareExchange(ref _awake, awake + 1, awake) == awake)
                return true;
        return false;
    }

    /// <summary>Ends what <see cref="TryTake"/> began.</summary>
    public void GiveBack() => Interlocked.Decrement(ref _awake);
}
