using TrtVocoder.Dsp;
using TrtVocoder.Internal;
using TrtVocoder.Tests.Dsp;

namespace TrtVocoder.Tests.Internal;

public class HelperThreadsTests
{
    private static readonly StftParameters Parameters = new(64, 16, StftPadding.Center);

    [Test]
    public void However_many_callers_expect_help_no_more_threads_stay_awake_than_the_process_spares()
    {
        // The scenario of a server: 16 sessions that each may use six threads.
        SpinBudget budget = new(3);
        HelperThreads threads = new(budget);
        InverseStft[] sessions = [.. Enumerable.Range(0, 16).Select(_ => new InverseStft(Parameters, maxThreads: 6) { HasCoresToSpare = true, Threads = threads })];
        int most = 0;
        for (int round = 0; round < 50; round++)
            foreach (InverseStft session in sessions)
            {
                session.Expect(400);
                most = Math.Max(most, budget.Awake);
            }
        Assert.That(most, Is.InRange(1, 3), "threads awake at once");
        Assert.That(threads.Count, Is.LessThanOrEqualTo(Math.Max(5, Environment.ProcessorCount - 1)), "threads of all sessions together");
        Assert.That(() => budget.Awake, Is.Zero.After(10_000, 1));
        foreach (InverseStft session in sessions)
            session.Dispose();
    }

    [Test]
    public void Sessions_that_are_forgotten_keep_no_threads()
    {
        HelperThreads threads = new(new SpinBudget(0));
        TestSpectrum spectrum = TestSpectrum.Random(Parameters.BinCount, 400, 1);
        float[] audio = new float[Parameters.GetSampleCount(400)];
        for (int i = 0; i < 20; i++)
            new InverseStft(Parameters, maxThreads: 3) { Threads = threads }.Inverse(spectrum.View(SpectrumLayout.FrameMajor), audio);
        int made = threads.Count;
        Assert.That(made, Is.InRange(1, Math.Max(2, Environment.ProcessorCount - 1)));
        Assert.That(threads.Rent(new ParkedThread[made]), Is.EqualTo(made), "threads that are free again");
    }

    [Test]
    public void A_thread_is_lent_to_one_at_a_time()
    {
        HelperThreads threads = new(new SpinBudget(0));
        int cap = Math.Max(3, Environment.ProcessorCount - 1);
        ParkedThread[] first = new ParkedThread[cap];
        ParkedThread[] second = new ParkedThread[2];
        Assert.That(threads.Rent(first), Is.EqualTo(cap));
        Assert.That(threads.Rent(second), Is.Zero, "all are lent");
        threads.Return(first.AsSpan(0, 1));
        Assert.That(threads.Rent(second), Is.EqualTo(1));
        Assert.That(second[0], Is.SameAs(first[0]));
        Assert.That(first, Is.Unique);
        threads.Return(first);
    }
}
