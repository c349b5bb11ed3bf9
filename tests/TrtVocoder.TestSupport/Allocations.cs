namespace TrtVocoder.TestSupport;

/// <summary>What the threads of this process allocate.</summary>
public static class Allocations
{
    /// <summary>
    /// Managed bytes of all threads while the work runs: the least of several times, since the test host's own threads allocate whenever they
    /// please, whereas what the work allocates it allocates each time.
    /// </summary>
    public static long OfAllThreads(Action work)
    {
        const int Times = 10;
        long least = long.MaxValue;
        for (int i = 0; i < Times; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            work();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        return least;
    }
}
