using System.Runtime.CompilerServices;
using TrtVocoder.Internal;

namespace TrtVocoder.Tests.Internal;

public class ParkedThreadTests
{
    [Test]
    public void Work_is_run_once_each_time_by_the_thread_or_by_who_takes_it_back()
    {
        using ParkedThread thread = new("test");
        int runs = 0;
        void Work() => runs++;
        for (int round = 0; round < 2000; round++)
        {
            thread.Post(Work);
            if (round % 3 == 0)
                Thread.Yield();
            if (thread.TryTakeBack())
                Work();
            else
                thread.Wait();
        }
        Assert.That(runs, Is.EqualTo(2000));
    }

    [Test]
    public void Waiting_lasts_until_the_work_is_done_however_long_it_takes()
    {
        using ParkedThread thread = new("test");
        using ManualResetEventSlim begun = new();
        bool done = false;
        for (int round = 0; round < 3; round++)
        {
            done = false;
            begun.Reset();
            thread.Post(() =>
            {
                begun.Set();
                Thread.Sleep(50);
                done = true;
            });
            begun.Wait();
            Assert.That(thread.TryTakeBack(), Is.False, "it has begun");
            thread.Wait();
            Assert.That(done);
        }
    }

    [Test]
    public void What_the_work_throws_is_told_once_and_the_thread_goes_on()
    {
        using ParkedThread thread = new("test");
        for (int round = 0; round < 2; round++)
        {
            RunThere(thread, () => throw new InvalidOperationException("mine"));
            Assert.That(() => thread.TakeFailure()!.Throw(), Throws.InvalidOperationException.With.Message.EqualTo("mine"));
            Assert.That(thread.TakeFailure(), Is.Null);
        }
        RunThere(thread, () => { });
        Assert.That(thread.TakeFailure(), Is.Null);
    }

    [Test]
    public void A_thread_stays_awake_only_within_the_budget_and_not_for_long()
    {
        SpinBudget budget = new(1);
        using ParkedThread first = new("test", budget);
        using ParkedThread second = new("test", budget);
        using ParkedThread none = new("test");
        Assert.That(none.TryStayAwake(), Is.False, "it has no budget");
        Assert.That(budget.TryTake());
        Assert.That(first.TryStayAwake(), Is.False, "somebody else has all of it");
        budget.GiveBack();
        Assert.That(first.TryStayAwake());
        Assert.That(() => budget.Awake, Is.Zero.After(10_000, 1));
        Assert.That(second.TryStayAwake());
        Assert.That(() => budget.Awake, Is.Zero.After(10_000, 1));
    }

    [Test]
    public void A_thread_that_nobody_disposes_of_ends_and_keeps_nothing_alive()
    {
        (WeakReference work, Thread thread) = Forget();
        Assert.That(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return (work.IsAlive, thread.IsAlive);
            },
            Is.EqualTo((false, false)).After(10_000, 10));
    }

    [Test]
    public void Disposing_waits_for_work_that_has_begun_and_twice_is_harmless()
    {
        ParkedThread thread = new("test");
        using ManualResetEventSlim begun = new();
        bool done = false;
        thread.Post(() =>
        {
            begun.Set();
            Thread.Sleep(50);
            done = true;
        });
        begun.Wait();
        thread.Dispose();
        thread.Dispose();
        Assert.That(done);
    }

    private static void RunThere(ParkedThread thread, Action work)
    {
        using ManualResetEventSlim begun = new();
        thread.Post(() =>
        {
            begun.Set();
            work();
        });
        begun.Wait();
        Assert.That(thread.TryTakeBack(), Is.False);
        thread.Wait();
    }

    // Not inlined: nothing of it may live on in the caller's frame.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Work, Thread Thread) Forget()
    {
        ParkedThread forgotten = new("test");
        Thread? itself = null;
        object held = new();
        RunThere(forgotten, () =>
        {
            itself = Thread.CurrentThread;
            GC.KeepAlive(held);
        });
        return (new WeakReference(held), itself!);
    }
}
