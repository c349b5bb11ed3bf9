using TrtVocoder.Profiling;

namespace TrtVocoder.Inference;

/// <summary>What a profiled decoder measures with. A decoder without a profiler has none.</summary>
internal sealed class TrtInstruments(DecodeProfiler profiler, TrtRunTimer timer, TrtLayerTimes? layers) : IDisposable
{
    public TrtRunTimer Timer { get; } = timer;

    /// <summary>Null unless the profiler collects layers.</summary>
    public TrtLayerTimes? Layers { get; } = layers;

    /// <summary>The profiler's clock.</summary>
    public double NowMs => profiler.NowMs;

    public void Dispose()
    {
        Timer.Dispose();
        Layers?.Dispose();
    }
}
