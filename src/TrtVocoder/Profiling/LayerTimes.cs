namespace TrtVocoder.Profiling;

/// <summary>What one layer of the network took over all profiled runs.</summary>
/// <param name="Name">TensorRT's name of the layer after fusion.</param>
/// <param name="Times">Statistics of a run in milliseconds.</param>
/// <param name="TotalMs">The sum over all runs in milliseconds.</param>
/// <param name="Percentage">Its part of the sum over all layers, 0 to 100.</param>
public sealed record LayerTimes(string Name, TimingStatistics Times, double TotalMs, double Percentage);
