namespace TrtVocoder.TensorRt;

/// <summary>A finished build.</summary>
/// <param name="EnginePath">The engine file.</param>
/// <param name="EngineBytes">Its size.</param>
/// <param name="Builder">What built it, e.g. <c>TensorRT 10.3.0.30</c>.</param>
/// <param name="Duration">How long it took, loading included.</param>
/// <param name="Sidecar">What was written beside it.</param>
public sealed record TrtBuildResult(string EnginePath, long EngineBytes, string Builder, TimeSpan Duration, EngineSidecar Sidecar);
