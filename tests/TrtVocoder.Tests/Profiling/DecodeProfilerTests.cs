using TrtVocoder.Profiling;

namespace TrtVocoder.Tests.Profiling;

public class DecodeProfilerTests
{
    private static DecodeTimes Decode(int frames, double endToEndMs = 1, bool changedShape = false) =>
        new() { Batch = 1, Frames = frames, EndToEndMs = endToEndMs, ChangedShape = changedShape };

    [Test]
    public void A_new_profiler_is_empty()
    {
        DecodeProfiler profiler = new();
        Assert.That(profiler.Count, Is.Zero);
        Assert.That(profiler.GetDecodes(), Is.Empty);
        Assert.That(profiler.GetLayers(), Is.Empty);
        Assert.That(profiler.GetStatistics(DecodePart.EndToEnd).Count, Is.Zero);
        Assert.That(() => profiler.Last, Throws.InvalidOperationException);
    }

    [Test]
    public void A_capacity_below_1_is_refused() => Assert.That(() => new DecodeProfiler(0), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [TestCase(0)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    [TestCase(10)]
    public void The_latest_decodes_are_kept_earliest_first(int count)
    {
        DecodeProfiler profiler = new(capacity: 3);
        for (int i = 1; i <= count; i++)
            profiler.Add(Decode(i));
        Assert.That(profiler.Count, Is.EqualTo(count));
        Assert.That(profiler.GetDecodes().Select(decode => decode.Frames), Is.EqualTo(Enumerable.Range(1, count).TakeLast(3)));
        if (count > 0)
            Assert.That(profiler.Last.Frames, Is.EqualTo(count));
    }

    [Test]
    public void Decodes_that_set_a_shape_are_a_series_of_their_own()
    {
        DecodeProfiler profiler = new();
        profiler.Add(Decode(64, 40, changedShape: true));
        profiler.Add(Decode(64, 1));
        profiler.Add(Decode(64, 2));
        profiler.Add(Decode(65, 60, changedShape: true));
        TimingStatistics usual = profiler.GetStatistics(DecodePart.EndToEnd), changes = profiler.GetStatistics(DecodePart.EndToEnd, afterShapeChange: true);
        Assert.That((usual.Count, usual.Max), Is.EqualTo((2, 2.0)));
        Assert.That((changes.Count, changes.Min, changes.Mean), Is.EqualTo((2, 40.0, 50.0)));
    }

    [Test]
    public void Every_part_has_its_statistics()
    {
        DecodeProfiler profiler = new();
        profiler.Add(new DecodeTimes
        {
            Network = new NetworkTimes { ShapeSetMs = 1, HostToDeviceMs = 2, EnqueueMs = 3, ComputeMs = 4, DeviceToHostMs = 5 },
            InverseStftMs = 6,
            EndToEndMs = 20,
        });
        (DecodePart, double)[] expected =
        [
            (DecodePart.ShapeSet, 1), (DecodePart.HostToDevice, 2), (DecodePart.Enqueue, 3), (DecodePart.Compute, 4), (DecodePart.DeviceToHost, 5),
            (DecodePart.Latency, 11), (DecodePart.InverseStft, 6), (DecodePart.EndToEnd, 20),
        ];
        Assert.That(expected.Select(pair => pair.Item1), Is.EquivalentTo(Enum.GetValues<DecodePart>()));
        foreach ((DecodePart part, double ms) in expected)
            Assert.That(profiler.GetStatistics(part).Median, Is.EqualTo(ms), part.ToString());
        Assert.That(() => profiler.Last[(DecodePart)99], Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void The_times_of_several_runs_add_up_from_the_first_start_to_the_last_end()
    {
        NetworkTimes first = new() { ComputeMs = 2, EnqueueMs = 0.1, EnqueueStartMs = 10, EnqueueEndMs = 11, ComputeStartMs = 11, ComputeEndMs = 13, DeviceToHostEndMs = 14, UsedGraph = true };
        NetworkTimes second = new() { ComputeMs = 3, EnqueueMs = 0.2, EnqueueStartMs = 20, EnqueueEndMs = 21, ComputeStartMs = 21, ComputeEndMs = 24, DeviceToHostEndMs = 25, ChangedShape = true };
        NetworkTimes both = first.Then(second);
        Assert.That((both.ComputeMs, both.EnqueueMs), Is.EqualTo((5.0, 0.1 + 0.2)));
        Assert.That((both.EnqueueStartMs, both.EnqueueEndMs, both.ComputeStartMs, both.ComputeEndMs, both.DeviceToHostEndMs), Is.EqualTo((10.0, 21.0, 11.0, 24.0, 25.0)));
        Assert.That((both.ChangedShape, both.UsedGraph), Is.EqualTo((true, false)));
    }

    [Test]
    public void Layers_come_in_the_order_of_first_report_with_their_part_of_all()
    {
        DecodeProfiler profiler = new(collectsLayers: true);
        foreach ((string name, double ms) in ((string, double)[])[("z", 1), ("a", 4), ("z", 2), ("a", 5)])
            profiler.AddLayer(name, ms);
        IReadOnlyList<LayerTimes> layers = profiler.GetLayers();
        Assert.That(layers.Select(layer => (layer.Name, layer.TotalMs, layer.Percentage, layer.Times.Count)), Is.EqualTo(((string, double, double, int)[])[("z", 3, 25, 2), ("a", 9, 75, 2)]));
        profiler.Clear();
        Assert.That(profiler.GetLayers(), Is.Empty);
    }

    [Test]
    public void Clearing_forgets_the_decodes_and_keeps_the_clock()
    {
        DecodeProfiler profiler = new(capacity: 2);
        profiler.Add(Decode(1));
        double before = profiler.NowMs;
        profiler.Clear();
        Assert.That(profiler.Count, Is.Zero);
        Assert.That(() => profiler.Last, Throws.InvalidOperationException);
        Assert.That(profiler.NowMs, Is.GreaterThanOrEqualTo(before));
        profiler.Add(Decode(7));
        Assert.That(profiler.GetDecodes().Select(decode => decode.Frames), Is.EqualTo((int[])[7]));
    }

    [Test]
    public void Many_threads_add_and_read_without_losing_or_mixing_decodes()
    {
        const int Threads = 4, Each = 2000;
        DecodeProfiler profiler = new(capacity: Threads * Each);
        int torn = 0;
        Parallel.For(0, Threads + 1, new ParallelOptions { MaxDegreeOfParallelism = Threads + 1 }, thread =>
        {
            for (int i = 0; i < Each; i++)
            {
                if (thread < Threads)
                    profiler.Add(Decode((thread * Each) + i + 1, (thread * Each) + i + 1));
                else if (i % 100 == 0)
                    torn += profiler.GetDecodes().Count(decode => decode.Frames != decode.EndToEndMs);
            }
        });
        Assert.That(torn, Is.Zero);
        Assert.That(profiler.Count, Is.EqualTo(Threads * Each));
        Assert.That(profiler.GetDecodes().Select(decode => decode.Frames).Order(), Is.EqualTo(Enumerable.Range(1, Threads * Each)));
    }

    [Test]
    public void Adding_allocates_nothing()
    {
        DecodeProfiler profiler = new(capacity: 8);
        profiler.Add(Decode(1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            profiler.Add(Decode(i));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }
}
