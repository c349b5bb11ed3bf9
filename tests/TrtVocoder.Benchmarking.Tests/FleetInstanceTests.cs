using TrtVocoder.FleetSimulation;

namespace TrtVocoder.Benchmarking.Tests;

/// <summary>One simulated instance: queues whose answers are known by theory, and what may never happen.</summary>
public class FleetInstanceTests
{
    private static readonly RunTimes Millisecond = new((1, 1.0));
    private static readonly InstanceOptions SingleRuns = new(Millisecond, Batch: 1, Lanes: 1);

    private static int[] OneWindow(int frames) => [frames];

    [TestCase(0.3)]
    [TestCase(0.7)]
    [TestCase(0.9)]
    public void The_mean_wait_for_runs_of_one_window_is_that_of_Pollaczek_and_Khinchine(double utilization)
    {
        double wait = Enumerable.Range(1, 4).Average(seed =>
            Loads.RunOpenLoop(SingleRuns, OneWindow, [1], utilization * 1000, 100, seed).MeanWaitMs);

        // M/D/1: ρ s / 2 (1 − ρ), for runs of s = 1 ms.
        Assert.That(wait, Is.EqualTo(utilization / (2 * (1 - utilization))).Within(4).Percent);
    }

    [Test]
    public void Two_lanes_of_one_GPU_serve_single_windows_as_one_lane_does()
    {
        LoadResult one = Loads.RunOpenLoop(SingleRuns, OneWindow, [1], 800, 20, 1);
        LoadResult two = Loads.RunOpenLoop(SingleRuns with { Lanes = 2 }, OneWindow, [1], 800, 20, 1);

        Assert.That(two.MeanWaitMs, Is.EqualTo(one.MeanWaitMs).Within(1e-9));
    }

    [Test]
    public void Lanes_side_by_side_serve_twice_as_many() => Assert.That(
        Loads.RunClosedLoop(SingleRuns with { Lanes = 2, HasOneRunAtATime = false }, OneWindow, [1], 8, 1, 1).RequestsPerSecond,
        Is.EqualTo(2 * Loads.RunClosedLoop(SingleRuns, OneWindow, [1], 8, 1, 1).RequestsPerSecond).Within(0.5).Percent);

    [Test]
    public void A_single_client_waits_for_its_own_runs_alone()
    {
        LoadResult result = Loads.RunClosedLoop(SingleRuns with { Batch = 16 }, _ => [512, 512, 256], [1], 1, 10, 1);

        Assert.Multiple(() =>
        {
            Assert.That(result.WindowsPerRun, Is.EqualTo(1.5).Within(0.01), "two of 512 frames share a run, that of 256 has its own");
            Assert.That(result.Times.GetQuantile(0.99), Is.EqualTo(2).Within(1).Percent);
        });
    }

    [Test]
    public void A_run_is_as_full_as_there_are_clients_up_to_the_batch([Values(4, 16, 64)] int clients) => Assert.That(
        Loads.RunClosedLoop(SingleRuns with { Batch = 16 }, OneWindow, [1], clients, 10, 1).WindowsPerRun,
        Is.EqualTo(Math.Min(clients, 16)).Within(1).Percent);

    [Test]
    public void Every_request_is_answered_or_still_there()
    {
        WindowCutter cutter = new(512, 16);
        PoissonLoad load = new(new InstanceOptions(RunTimes.H200, 16, 2), cutter.Cut, [300, 500, 700, 900], 3);
        int answered = 0;
        foreach (double rate in new[] { 500.0, 9000, 0, 2000 })
            load.Run(rate, 1, _ => answered++);

        Assert.Multiple(() =>
        {
            Assert.That(load.Arrived, Is.GreaterThan(10_000));
            Assert.That(answered + load.Instance.OpenRequests, Is.EqualTo(load.Arrived));
        });
    }

    [Test]
    public void Nobody_waits_once_nobody_comes_any_more()
    {
        PoissonLoad load = new(SingleRuns, OneWindow, [1], 1);
        load.Run(2000, 1, _ => { });
        Assert.That(load.Instance.OpenRequests, Is.GreaterThan(500));

        load.Run(0, 2, _ => { });

        Assert.That((load.Instance.OpenRequests, load.Instance.QueuedWindows), Is.EqualTo((0, 0)));
    }

    [Test]
    public void The_same_seed_gives_the_same_times_and_another_seed_others()
    {
        double[] Draw(int seed)
        {
            List<double> times = [];
            WindowCutter cutter = new(512, 16);
            new PoissonLoad(new InstanceOptions(RunTimes.H200, 16, 2), cutter.Cut, [300, 500, 900], seed).Run(3000, 0.5, times.Add);
            return [.. times];
        }

        double[] first = Draw(5), again = Draw(5), other = Draw(6);

        Assert.Multiple(() =>
        {
            Assert.That(again, Is.EqualTo(first));
            Assert.That(other, Is.Not.EqualTo(first));
        });
    }

    [TestCase(1, 64, 0.1823)]
    [TestCase(1, 256, 0.1823)]
    [TestCase(4, 256, 0.3334)]
    [TestCase(16, 256, 0.8733)]
    [TestCase(2, 320, 0.25785)]
    [TestCase(28, 256, 1.4132)]
    public void A_run_takes_what_was_measured_and_between_and_behind_it_lies_on_lines(int items, int frames, double milliseconds) =>
        Assert.That(RunTimes.H200.GetMilliseconds(items, frames), Is.EqualTo(milliseconds).Within(1e-9));

    [Test]
    public void Run_times_out_of_order_are_refused() => Assert.That(() => new RunTimes((256, 1), (256, 2)), Throws.ArgumentException);

    [Test]
    public void Windows_cover_a_mel_with_what_they_share_and_hardly_more()
    {
        WindowCutter cutter = new(512, 16);
        foreach (int frames in new[] { 300, 512, 640, 900 })
            Assert.That(cutter.Cut(frames).Sum(), Is.InRange(frames, (int)(1.6 * frames)), $"{frames} frames");
    }

    [Test]
    public void Quantiles_of_weighted_times_are_within_a_hundredth()
    {
        AnswerTimes times = new();
        for (int i = 1; i <= 1000; i++)
            times.Add(i, i <= 500 ? 3 : 1);

        // 1,500 of the weight lie up to 500, 500 above.
        Assert.That(times.GetQuantile(0.75), Is.EqualTo(500).Within(1).Percent);
    }
}
