namespace TrtVocoder.FleetSimulation;

/// <summary>One mel at an instance. Times are in milliseconds.</summary>
/// <param name="windows">Frames of each window.</param>
/// <param name="arrival">When it came.</param>
/// <param name="client">Who sent it.</param>
internal sealed class SimulatedRequest(IReadOnlyList<int> windows, double arrival, int client)
{
    public IReadOnlyList<int> Windows { get; } = windows;

    public double Arrival { get; } = arrival;

    public int Client { get; } = client;

    /// <summary>Windows that a run has taken.</summary>
    public int Taken { get; set; }

    /// <summary>Windows that are done.</summary>
    public int Done { get; set; }
}
