using TrtVocoder.Profiling;

namespace TrtVocoder.Tests.Profiling;

public class TimingStatisticsTests
{
    private static double[] Ascending(int count) => [.. Enumerable.Range(0, count).Select(i => (double)i)];

    [Test]
    public void An_empty_series_is_all_zero() => Assert.That(TimingStatistics.Of([]), Is.EqualTo(default(TimingStatistics)));

    [Test]
    public void One_time_is_every_statistic() =>
        Assert.That(TimingStatistics.Of([2.5]), Is.EqualTo(new TimingStatistics(1, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5)));

    [Test]
    public void The_order_of_a_series_does_not_matter()
    {
        TimingStatistics times = TimingStatistics.Of([4, 1, 3, 2, 100]);
        Assert.That((times.Min, times.Max, times.Mean, times.Median), Is.EqualTo((1.0, 100.0, 22.0, 3.0)));
        Assert.That(TimingStatistics.Of([100, 2, 1, 4, 3]), Is.EqualTo(times));
    }

    [Test]
    public void The_median_of_an_even_number_is_the_mean_of_the_middle_two() => Assert.That(TimingStatistics.Of([1, 2, 10, 20]).Median, Is.EqualTo(6));

    // sampleReporting.cpp's findPercentile: sorted[max(N − 1 − (int)((1 − p/100)·N), 0)] with p as float. In single precision 1 − 90/100 is a
    // little above 0.1 and 1 − 99/100 a little below 0.01: of 10 times one is excluded at 90, of 100 none at 99.
    [TestCase(10, 90f, 8)]
    [TestCase(10, 95f, 9)]
    [TestCase(20, 95f, 18)]
    [TestCase(20, 90f, 17)]
    [TestCase(100, 90f, 89)]
    [TestCase(100, 95f, 94)]
    [TestCase(100, 99f, 99)]
    [TestCase(1000, 99f, 990)]
    [TestCase(1, 99f, 0)]
    [TestCase(3, 0f, 0)]
    public void Percentiles_are_those_of_trtexec(int count, float percent, double expected) =>
        Assert.That(TimingStatistics.Percentile(Ascending(count), percent), Is.EqualTo(expected));

    [Test]
    public void The_statistics_hold_the_percentiles_of_the_sorted_series()
    {
        TimingStatistics times = TimingStatistics.Of(Ascending(1000).Reverse());
        Assert.That((times.P90, times.P95, times.P99), Is.EqualTo((899.0, 949.0, 990.0)));
    }
}
