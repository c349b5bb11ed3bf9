using System.Globalization;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>
/// How a server is loaded: by so many clients, each of which asks again when it is answered (a closed loop), or by requests that arrive at
/// random and wait for nobody (an open loop), as those of many users do.
/// </summary>
/// <param name="Clients">Clients of a closed loop; 0 for an open one.</param>
/// <param name="Rate">Requests a second of an open loop, on average; 0 for a closed one.</param>
internal readonly record struct ServedLoad(int Clients, double Rate)
{
    private const int Seed = 1;

    public bool IsOpen => Rate > 0;

    /// <summary>For people.</summary>
    public string Title => IsOpen
        ? string.Create(CultureInfo.InvariantCulture, $"{Rate} a second, open loop")
        : string.Create(CultureInfo.InvariantCulture, $"{Clients} at once, closed loop");

    /// <summary>When requests arrive, in seconds from the start: a Poisson process, the same in every run.</summary>
    /// <param name="duration">Until when.</param>
    /// <param name="least">Arrivals at least, also behind that.</param>
    public IEnumerable<double> PlanArrivals(TimeSpan duration, int least)
    {
        Random random = new(Seed);
        double time = 0;
        for (int count = 0; ; count++)
        {
            time -= Math.Log(1 - random.NextDouble()) / Rate;
            if (time >= duration.TotalSeconds && count >= least)
                yield break;
            yield return time;
        }
    }
}
