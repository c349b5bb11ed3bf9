using System.Runtime.CompilerServices;
using TrtVocoder.Internal;

namespace TrtVocoder.Tests.Internal;

public class FinalizerGateTests
{
    [Test]
    public void Nobody_enters_a_closed_gate()
    {
        FinalizerGate gate = new();
        Assert.That(gate.TryEnter());
        gate.Leave();
        Assert.That(gate.Close(TimeSpan.Zero));
        Assert.That(gate.TryEnter(), Is.False);
    }

    [Test]
    public void Closing_waits_for_the_finalizer_inside_and_only_so_long()
    {
        FinalizerGate gate = new();
        using ManualResetEventSlim isInside = new(), mayLeave = new();
        Thread finalizer = new(() =>
        {
            gate.TryEnter();
            isInside.Set();
            mayLeave.Wait();
            gate.Leave();
        });
        finalizer.Start();
        isInside.Wait();
        Assert.That(gate.Close(TimeSpan.FromMilliseconds(1)), Is.False, "still inside");
        mayLeave.Set();
        Assert.That(gate.Close(Timeout.InfiniteTimeSpan), "out");
        finalizer.Join();
    }

    [Test]
    public void What_is_forgotten_is_freed_while_the_process_runs_and_left_alone_once_it_ends([Values] bool ends)
    {
        FinalizerGate gate = new();
        if (ends)
            gate.Close(TimeSpan.Zero);
        int freed = 0;
        Forget();
        // A second one, so that there is something to wait for where nothing must be freed.
        WeakReference other = ForgetAnother();
        for (int i = 0; i < 20 && (other.IsAlive || (!ends && freed == 0)); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(other.IsAlive, Is.False);
        Assert.That(freed, Is.EqualTo(ends ? 0 : 2));

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget() => _ = new CountedHandle(gate, () => freed++);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference ForgetAnother() => new(new CountedHandle(gate, () => freed++), trackResurrection: true);
    }

    [Test]
    public void What_is_disposed_of_is_freed_also_when_the_process_ends()
    {
        FinalizerGate gate = new();
        gate.Close(TimeSpan.Zero);
        int freed = 0;
        new CountedHandle(gate, () => freed++).Dispose();
        Assert.That(freed, Is.EqualTo(1));
    }

    private sealed class CountedHandle(FinalizerGate gate, Action free) : NativeHandle(1, gate)
    {
        protected override bool ReleaseHandle()
        {
            free();
            return true;
        }
    }
}
