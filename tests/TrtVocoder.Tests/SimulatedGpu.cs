using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests;

/// <summary>The base of tests that run on the simulated GPU: each starts afresh, breaks no rule of CUDA or TensorRT, and leaves nothing alive.</summary>
[NonParallelizable]
public abstract class SimulatedGpu
{
    private string _liveBefore = "";

    [OneTimeSetUp]
    public void UseSimulator()
    {
        if (Simulator.Use() is { } reason)
            Needed.Missing(reason, Assert.Ignore);
    }

    [SetUp]
    public void StartAfresh()
    {
        Simulator.Reset();
        _liveBefore = Simulator.Live;
    }

    [TearDown]
    public void LeaveNothing()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == NUnit.Framework.Interfaces.TestStatus.Failed)
            return;
        string violation = Simulator.LastViolation;
        Assert.That(violation, Is.Empty, "a rule of CUDA or TensorRT was broken");
        AssertNothingNew(_liveBefore, "at the test's end");
        Simulator.Reset();
    }

    /// <summary>Compares what is alive in the driver and in TensorRT.</summary>
    protected static void AssertNothingNew(string before, string when) => Assert.That(Simulator.Live, Is.EqualTo(before), when);
}
