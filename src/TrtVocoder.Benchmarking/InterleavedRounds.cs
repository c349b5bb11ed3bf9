using System.Diagnostics;

namespace TrtVocoder.Benchmarking;

/// <summary>
/// Times contenders in turn, in many short rounds whose order alternates (AB, BA, AB, …), so that whatever else the machine does meanwhile
/// meets all of them alike.
/// </summary>
internal static class InterleavedRounds
{
    /// <summary>Rounds of a measurement. Enough for an interval of their medians, few enough that a round holds many calls.</summary>
    public const int Count = 20;

    // After another contender has run, caches are foreign and its worker threads may still spin.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(5);

    /// <summary>Runs all contenders.</summary>
    /// <param name="contenders">What is timed.</param>
    /// <param name="warmUp">How long each runs unmeasured first; at least one call.</param>
    /// <param name="duration">How long each is measured.</param>
    /// <param name="iterations">Calls that are measured of each even when they take longer.</param>
    /// <param name="cancellation">Ends the measurement between two calls.</param>
    public static void Run(IReadOnlyList<TimedContender> contenders, TimeSpan warmUp, TimeSpan duration, int iterations, CancellationToken cancellation)
    {
        foreach (TimedContender contender in contenders)
        {
            Repeat(contender.Next, warmUp, 1, cancellation);
            contender.Rewind();
        }
        TimeSpan[] spent = new TimeSpan[contenders.Count];
        for (int round = 1; round <= Count; round++)
        {
            for (int i = 0; i < contenders.Count; i++)
            {
                int turn = round % 2 == 1 ? i : contenders.Count - 1 - i;
                TimedContender contender = contenders[turn];
                // Goals count from the start, so that slow calls take part in fewer rounds instead of making each longer.
                int calls = (iterations * round / Count) - contender.Calls.Count;
                TimeSpan time = (duration * round / Count) - spent[turn];
                if (calls > 0 || time > TimeSpan.Zero)
                {
                    if (contenders.Count > 1)
                        Repeat(contender.Again, Settling, 1, cancellation);
                    spent[turn] += Repeat(contender.Measure, time, calls, cancellation);
                }
                contender.EndRound();
            }
        }
    }

    private static TimeSpan Repeat(Action call, TimeSpan duration, int least, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        for (int done = 0; done < least || Stopwatch.GetElapsedTime(start) < duration; done++)
        {
            cancellation.ThrowIfCancellationRequested();
            call();
        }
        return Stopwatch.GetElapsedTime(start);
    }
}
