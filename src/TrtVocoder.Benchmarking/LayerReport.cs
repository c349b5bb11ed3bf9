using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>What each layer took, and what the layers are.</summary>
/// <param name="Runs">Profiled runs of the network.</param>
/// <param name="Layers">In the order of execution.</param>
/// <param name="InfoJson">The engine inspector's JSON, or the like of an ONNX model: an object with "Layers" and "Bindings".</param>
internal sealed record LayerReport(int Runs, IReadOnlyList<LayerTimes> Layers, string InfoJson);
