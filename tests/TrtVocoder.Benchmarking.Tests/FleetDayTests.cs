using TrtVocoder.FleetSimulation;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Benchmarking.Tests;

/// <summary>
/// A fleet's day: what comes is answered, refused or there; the autoscaler's rule; and docs/scale.md prints what the program does.
/// </summary>
public class FleetDayTests
{
    private static readonly InstanceProfile Instance = new(
        new InstanceOptions(RunTimes.H200, 16, 2), new WindowCutter(512, 16), [400, 600, 900], 1);

    /// <param name="size">Instances that are at work all the time at 16:00, but for bursts.</param>
    /// <param name="seed">Of all that is drawn.</param>
    private static FleetOptions Fleet(double size, int seed = 1) =>
        new(Instance, new DayOfLoad(size * Instance.Capacity, seed), seed) { SliceSeconds = 0.002 };

    [Test]
    public void A_fleet_of_enough_instances_answers_all_and_is_paid_for_24_hours_each()
    {
        FleetResult day = FleetDay.RunFixed(Fleet(2.5), 4);
        double highest = 2.5 * Instance.Capacity * DayOfLoad.Seconds;

        Assert.Multiple(() =>
        {
            Assert.That((day.Refused, day.Waiting), Is.EqualTo((0, 0)));
            Assert.That(day.InstanceHours, Is.EqualTo(96).Within(1e-6));
            Assert.That(day.Times.Weight, Is.EqualTo(day.Answered).Within(0.01).Percent);
            // The mean of the curve is 0.6 of its highest; bursts add a thirtieth at most.
            Assert.That(day.Offered, Is.InRange(0.6 * highest, 0.63 * highest));
            Assert.That(day.Times.GetQuantile(0.99), Is.LessThan(20));
        });
    }

    [Test]
    public void A_fleet_of_too_few_refuses_what_would_wait_too_long_and_answers_no_more_than_it_can()
    {
        FleetResult day = FleetDay.RunFixed(Fleet(2.5), 2);

        Assert.Multiple(() =>
        {
            Assert.That(day.Refused, Is.GreaterThan(0.01 * day.Offered));
            Assert.That(day.Answered, Is.LessThan(2 * Instance.Capacity * DayOfLoad.Seconds));
            Assert.That(day.Times.Weight, Is.EqualTo(day.Answered).Within(0.01).Percent);
            Assert.That(day.Times.GetQuantile(0.99), Is.EqualTo(10_000).Within(5).Percent);
        });
    }

    [Test]
    public void A_scaled_fleet_follows_the_load_at_fewer_hours()
    {
        FleetResult day = FleetDay.RunScaled(Fleet(10), new AutoscalerOptions(2, 15));

        Assert.Multiple(() =>
        {
            Assert.That(day.Fewest, Is.LessThan(6));
            Assert.That(day.Most, Is.GreaterThan(10));
            Assert.That(day.InstanceHours, Is.LessThan(24 * 14));
        });
    }

    [Test]
    public void The_same_seed_gives_the_same_day()
    {
        FleetResult first = FleetDay.RunScaled(Fleet(10, 7), new AutoscalerOptions(2, 15));
        FleetResult second = FleetDay.RunScaled(Fleet(10, 7), new AutoscalerOptions(2, 15));

        Assert.That(second with { Times = first.Times }, Is.EqualTo(first));
        Assert.That(second.Times.GetQuantile(0.99), Is.EqualTo(first.Times.GetQuantile(0.99)));
    }

    [Test]
    public void An_instance_serves_once_it_has_started_and_is_paid_for_from_the_wish_on()
    {
        Autoscaler fleet = new(new AutoscalerOptions(2, 100) { StartSeconds = 60 }, 10);

        fleet.Step(0, 3);
        Assert.That((fleet.Ready, fleet.Paid), Is.EqualTo((10, 15)), "10 × 3 / 2");
        fleet.Step(45, 2);
        Assert.That((fleet.Ready, fleet.Paid), Is.EqualTo((10, 15)));
        fleet.Step(60, 2);
        Assert.That((fleet.Ready, fleet.Paid), Is.EqualTo((15, 15)));
    }

    [TestCase(1.9, 10)]
    [TestCase(2.15, 10)]
    [TestCase(2.3, 12)]
    [TestCase(200, 20)]
    public void It_leaves_a_tenth_alone_and_at_most_doubles(double valueMs, int paid)
    {
        Autoscaler fleet = new(new AutoscalerOptions(2, 100), 10);

        fleet.Step(0, valueMs);
        fleet.Step(15, valueMs);

        Assert.That(fleet.Paid, Is.EqualTo(paid));
    }

    [Test]
    public void It_keeps_what_was_wanted_of_late_and_then_goes_down_by_a_tenth_in_five_minutes()
    {
        Autoscaler fleet = new(new AutoscalerOptions(2, 100) { CoolDownSeconds = 600 }, 20);
        List<int> paid = [];
        fleet.Step(0, 2);
        for (int seconds = 15; seconds <= 1500; seconds += 15)
        {
            fleet.Step(seconds, 0.1);
            if (seconds % 300 == 0)
                paid.Add(fleet.Paid);
        }

        Assert.That(paid, Is.EqualTo(new[] { 20, 18, 16, 14, 12 }));
    }

    [Test]
    public void It_never_goes_beyond_its_bounds()
    {
        Autoscaler fleet = new(new AutoscalerOptions(2, 8) { Least = 3, CoolDownSeconds = 15 }, 5);
        for (int seconds = 0; seconds < 3600; seconds += 15)
            fleet.Step(seconds, 1000);
        Assert.That((fleet.Ready, fleet.Paid), Is.EqualTo((8, 8)));
        for (int seconds = 3600; seconds < 9000; seconds += 15)
            fleet.Step(seconds, 0);

        Assert.That((fleet.Ready, fleet.Paid), Is.EqualTo((3, 3)));
    }

    [TestCase("check")]
    [TestCase("windows")]
    public void The_tables_of_docs_scale_are_what_the_program_prints(string verb)
    {
        StringWriter printed = new();
        Reports.Run([verb], printed);

        Assert.That(File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "scale.md")), Does.Contain(printed.ToString()));
    }

    [TestCase("")]
    [TestCase("day --hours 3")]
    [TestCase("day --factor -1")]
    [TestCase("check --seed")]
    public void What_is_not_understood_is_said(string arguments) => Assert.That(
        () => Reports.Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), TextWriter.Null), Throws.TypeOf<FormatException>());
}
