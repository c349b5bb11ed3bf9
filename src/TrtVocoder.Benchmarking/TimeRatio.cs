using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>How much longer one thing takes than another, and how sure that is.</summary>
/// <param name="Ratio">Time of the second over time of the first: below 1 the second is faster.</param>
/// <param name="Low">Lower end of the 95 % interval; 0 where there is none.</param>
/// <param name="High">Upper end; infinite where there is none.</param>
/// <param name="IsInterleaved">Whether both were measured in turn, so that the interval holds for what disturbed the machine meanwhile too.</param>
internal sealed record TimeRatio(double Ratio, double Low, double High, bool IsInterleaved)
{
    /// <summary>
    /// Differences below this are none: two sessions of one model differ by as much for where their memory happens to lie, which lasts as
    /// long as they do, so that no number of rounds averages it out.
    /// </summary>
    public const double SmallestDifference = 0.01;

    public const string Faster = "faster";
    public const string Slower = "slower";
    public const string Same = "no difference beyond the noise";
    public const string Unknown = "no verdict: the noise is not known";

    private const int Resamples = 2000;
    private const int Seed = 1;

    /// <summary>Whether the noise is known.</summary>
    public bool HasInterval => Low > 0 && double.IsFinite(High);

    /// <summary>What the second is, compared with the first.</summary>
    public string Verdict => !HasInterval ? Unknown
        : High < 1 && Ratio <= 1 - SmallestDifference ? Faster
        : Low > 1 && Ratio >= 1 + SmallestDifference ? Slower
        : Same;

    /// <summary>
    /// Of interleaved rounds: the median of the rounds' ratios, which a disturbance of both sides of a round does not touch; the interval is a
    /// percentile bootstrap over rounds (Efron, 1979) with a fixed seed.
    /// </summary>
    /// <param name="first">The median time of each round of the first.</param>
    /// <param name="second">The same of the second, in the same rounds.</param>
    public static TimeRatio OfRounds(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        double[] ratios = [.. first.Zip(second, (a, b) => b / a)];
        (double low, double high) = Bootstrap(ratios.Length, ratios.Length, (picks, _) => Median(ratios, picks));
        return new TimeRatio(TimingStatistics.Of(ratios).Median, low, high, true);
    }

    /// <summary>Of two runs at different times: the ratio of their medians, and an interval if both tell their rounds. It cannot know how the machine changed in between.</summary>
    public static TimeRatio OfRuns(BenchSeries first, BenchSeries second)
    {
        (IReadOnlyList<double> a, IReadOnlyList<double> b) = (first.RoundMedians, second.RoundMedians);
        double ratio = second.Times.Median / first.Times.Median;
        if (a.Count < 2 || b.Count < 2)
            return new TimeRatio(ratio, 0, double.PositiveInfinity, false);
        (double low, double high) = Bootstrap(a.Count, b.Count, (picksA, picksB) => Median(b, picksB) / Median(a, picksA));
        return new TimeRatio(ratio, low, high, false);
    }

    private static (double Low, double High) Bootstrap(int countA, int countB, Func<int[], int[], double> statistic)
    {
        Random random = new(Seed);
        double[] values = new double[Resamples];
        int[] picksA = new int[countA], picksB = new int[countB];
        for (int i = 0; i < values.Length; i++)
        {
            Pick(picksA);
            Pick(picksB);
            values[i] = statistic(picksA, picksB);
        }
        Array.Sort(values);
        return (values[(int)(0.025 * Resamples)], values[(int)(0.975 * Resamples) - 1]);

        void Pick(int[] picks)
        {
            for (int i = 0; i < picks.Length; i++)
                picks[i] = random.Next(picks.Length);
        }
    }

    private static double Median(IReadOnlyList<double> values, int[] picks)
    {
        double[] picked = new double[picks.Length];
        for (int i = 0; i < picks.Length; i++)
            picked[i] = values[picks[i]];
        Array.Sort(picked);
        return (picked[(picked.Length - 1) / 2] + picked[picked.Length / 2]) / 2;
    }
}
