namespace TrtVocoder.FleetSimulation;

/// <summary>
/// A day of a fleet behind a balancer that picks an instance at random for each request: then arrivals at each are at random too, at their
/// share of the rate, and one instance stands for all. It is simulated event by event for a slice of every step of 15 s; between the slices
/// only what an overload heaps up is counted: what comes beyond what instances can do, shared evenly.
/// </summary>
internal static class FleetDay
{
    private const double StepSeconds = 15;

    // The value that rules the autoscaler is the mean of the last minute.
    private const int StepsOfValue = 4;

    // Above this share of the capacity the queue of a slice would not settle: the fluid count takes over.
    private const double MostUtilization = 0.97;

    /// <summary>A day of so many instances.</summary>
    public static FleetResult RunFixed(FleetOptions options, int instances) => Run(options, new Autoscaler(
        new AutoscalerOptions(1, instances) { Least = instances }, instances));

    /// <summary>A day under a rule; it begins with what midnight's load takes.</summary>
    public static FleetResult RunScaled(FleetOptions options, AutoscalerOptions rule) => Run(options, new Autoscaler(
        rule, Math.Clamp((int)Math.Ceiling(options.Load.GetRate(0) / options.Instance.Capacity / 0.7), rule.Least, rule.Most)));

    private static FleetResult Run(FleetOptions options, Autoscaler fleet)
    {
        PoissonLoad one = new(options.Instance.Instance, options.Instance.Cutter.Cut, options.Instance.Lengths, options.Seed);
        AnswerTimes times = new();
        List<double> slice = [];
        Queue<double> values = [];
        double backlog = 0, offered = 0, refused = 0, instanceHours = 0, untold = 0;
        (int fewest, int most) = (fleet.Paid, fleet.Paid);
        for (double now = 0; now < DayOfLoad.Seconds; now += StepSeconds)
        {
            double rate = options.Load.GetRate(now + (StepSeconds / 2));
            double came = rate * StepSeconds;
            double capacity = options.Instance.Capacity * fleet.Ready;
            double before = backlog;
            double sustained = MostUtilization * capacity;
            backlog = Math.Max(0, backlog + ((rate - sustained) * StepSeconds));
            double tooMany = Math.Max(0, backlog - (options.LongestWaitSeconds * capacity));
            backlog -= tooMany;
            double waitMs = (before + backlog) / 2 / capacity * 1000;

            // Whoever works off a backlog is never idle.
            double share = (before > 0 ? sustained : Math.Min(rate, sustained)) / fleet.Ready;
            slice.Clear();
            one.Run(share, options.SliceSeconds, slice.Add);
            // Those of a slice in which nobody was answered are told by the next.
            untold += came - tooMany + before - backlog;
            foreach (double milliseconds in slice)
                times.Add(milliseconds + waitMs, untold / slice.Count);
            if (slice.Count > 0)
                untold = 0;

            values.Enqueue(waitMs + options.Instance.GetQueueMs(share));
            if (values.Count > StepsOfValue)
                values.Dequeue();
            offered += came;
            refused += tooMany;
            instanceHours += fleet.Paid * StepSeconds / 3600;
            fleet.Step(now + StepSeconds, values.Average());
            (fewest, most) = (Math.Min(fewest, fleet.Paid), Math.Max(most, fleet.Paid));
        }
        double speechSeconds = options.Instance.Lengths.Average(options.Instance.Cutter.GetSeconds) * (offered - refused - backlog);
        return new FleetResult(times, offered, refused, backlog, instanceHours, speechSeconds / 3600, fewest, most);
    }
}
