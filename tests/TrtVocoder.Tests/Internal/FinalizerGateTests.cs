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
}
