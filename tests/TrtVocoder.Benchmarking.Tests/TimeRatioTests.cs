using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking.Tests;

/// <summary>The verdict on two series must not cry wolf, and must not sleep either.</summary>
public class TimeRatioTests
{
    private const int Trials = 300;

    // Rounds of a busy machine: both sides drift together, each has noise of its own, and one round in ten is disturbed.
    private static (double[] First, double[] Second) MakeRounds(Random random, double ratio, double noise = 0.03)
    {
        double[] first = new double[InterleavedRounds.Count], second = new double[InterleavedRounds.Count];
        for (int i = 0; i < first.Length; i++)
        {
            double drift = 1 + (0.5 * Math.Sin(i / 3.0));
            first[i] = drift * Disturbed();
            second[i] = drift * ratio * Disturbed();
        }
        return (first, second);

        double Disturbed() => 1 + (noise * ((2 * random.NextDouble()) - 1)) + (random.Next(10) == 0 ? random.NextDouble() : 0);
    }

    private static Dictionary<string, int> Judge(double ratio, double noise = 0.03)
    {
        Dictionary<string, int> verdicts = new() { [TimeRatio.Faster] = 0, [TimeRatio.Slower] = 0, [TimeRatio.Same] = 0 };
        for (int seed = 0; seed < Trials; seed++)
        {
            (double[] first, double[] second) = MakeRounds(new Random(seed), ratio, noise);
            verdicts[TimeRatio.OfRounds(first, second).Verdict]++;
        }
        return verdicts;
    }

    [TestCase(0.01)]
    [TestCase(0.03)]
    [TestCase(0.2)]
    public void The_same_thing_twice_is_no_difference(double noise) =>
        Assert.That(Judge(1, noise)[TimeRatio.Same], Is.GreaterThanOrEqualTo(0.94 * Trials));

    [TestCase(1.1, TimeRatio.Slower)]
    [TestCase(1 / 1.1, TimeRatio.Faster)]
    public void Ten_percent_are_seen_through_the_noise(double ratio, string verdict) =>
        Assert.That(Judge(ratio)[verdict], Is.GreaterThanOrEqualTo(0.95 * Trials));

    [Test]
    public void A_difference_below_the_smallest_is_none_however_sure() =>
        Assert.That(Judge(1.005, noise: 0.0001)[TimeRatio.Same], Is.EqualTo(Trials));

    [Test]
    public void The_interval_holds_the_true_ratio_as_often_as_it_says()
    {
        int held = 0;
        for (int seed = 0; seed < Trials; seed++)
        {
            (double[] first, double[] second) = MakeRounds(new Random(seed), 1.07);
            TimeRatio ratio = TimeRatio.OfRounds(first, second);
            held += ratio.Low <= 1.07 && 1.07 <= ratio.High ? 1 : 0;
            Assert.That(ratio.Ratio, Is.InRange(ratio.Low, ratio.High));
        }
        Assert.That(held, Is.InRange(0.91 * Trials, 0.995 * Trials));
    }

    [Test]
    public void The_same_rounds_give_the_same_interval()
    {
        (double[] first, double[] second) = MakeRounds(new Random(1), 1.02);
        TimeRatio once = TimeRatio.OfRounds(first, second), again = TimeRatio.OfRounds(first, second);
        Assert.That(again, Is.EqualTo(once));
    }

    [Test]
    public void Runs_at_different_times_are_said_not_to_be_interleaved()
    {
        BenchSeries first = new(TimingStatistics.Of([1, 1.01, 0.99, 1]), [1, 1.01, 0.99, 1]), second = new(TimingStatistics.Of([1.2, 1.21, 1.19]), [1.2, 1.21, 1.19]);
        TimeRatio ratio = TimeRatio.OfRuns(first, second);
        Assert.That((ratio.Verdict, ratio.IsInterleaved), Is.EqualTo((TimeRatio.Slower, false)));
        Assert.That(ratio.Ratio, Is.EqualTo(1.2).Within(1e-9));
        Assert.That(TimeRatio.OfRuns(second, first).Verdict, Is.EqualTo(TimeRatio.Faster));
    }

    [Test]
    public void Without_rounds_there_is_a_ratio_but_no_verdict()
    {
        TimeRatio ratio = TimeRatio.OfRuns(BenchSeries.Of([1, 2, 3]), BenchSeries.Of([4, 4, 4]));
        Assert.That((ratio.Ratio, ratio.HasInterval, ratio.Verdict), Is.EqualTo((2.0, false, TimeRatio.Unknown)));
    }
}
