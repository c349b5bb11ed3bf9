namespace TrtVocoder.FleetSimulation;

/// <summary>Loads on one instance.</summary>
internal static class Loads
{
    /// <summary>Clients that each send a request as soon as the last one is answered.</summary>
    /// <param name="options">The instance.</param>
    /// <param name="cut">The windows of a mel.</param>
    /// <param name="lengths">Lengths in frames that are drawn from.</param>
    /// <param name="clients">Clients.</param>
    /// <param name="seconds">Of simulated time.</param>
    /// <param name="seed">Of all that is drawn.</param>
    public static LoadResult RunClosedLoop(
        InstanceOptions options, Func<int, IReadOnlyList<int>> cut, IReadOnlyList<int> lengths, int clients, double seconds, int seed)
    {
        Random random = new(seed);
        AnswerTimes times = new();
        SimulatedInstance? instance = null;
        instance = new SimulatedInstance(options, (request, now) =>
        {
            times.Add(now - request.Arrival);
            instance!.Submit(Next(now, request.Client));
        });
        for (int client = 0; client < clients; client++)
            instance.Submit(Next(0, client));
        while (instance.NextEndMs < seconds * 1000)
            instance.EndNextRun();
        return Summarize(times, instance, seconds);

        SimulatedRequest Next(double now, int client) => new(cut(lengths[random.Next(lengths.Count)]), now, client);
    }

    /// <summary>Requests that arrive at random, whoever waits.</summary>
    /// <param name="options">The instance.</param>
    /// <param name="cut">The windows of a mel.</param>
    /// <param name="lengths">Lengths in frames that are drawn from.</param>
    /// <param name="rate">Requests a second.</param>
    /// <param name="seconds">Of simulated time.</param>
    /// <param name="seed">Of all that is drawn.</param>
    public static LoadResult RunOpenLoop(
        InstanceOptions options, Func<int, IReadOnlyList<int>> cut, IReadOnlyList<int> lengths, double rate, double seconds, int seed)
    {
        PoissonLoad load = new(options, cut, lengths, seed);
        AnswerTimes times = new();
        load.Run(rate, seconds, time => times.Add(time));
        return Summarize(times, load.Instance, seconds);
    }

    private static LoadResult Summarize(AnswerTimes times, SimulatedInstance instance, double seconds) => new(
        times, times.Weight / seconds, (double)instance.WindowsRun / instance.Runs, instance.WaitedMs / instance.WindowsRun);
}
