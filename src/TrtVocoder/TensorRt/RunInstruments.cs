using TrtVocoder.Profiling;

namespace TrtVocoder.TensorRt;

/// <summary>What a profiled decoder measures with. A decoder without a profiler has none.</summary>
internal sealed class RunInstruments(DecodeProfiler profiler, TrtRunTimer timer, LayerTimeCollector? layers) : IDisposable
{
    public TrtRunTimer Timer { get; } = timer;

    /// <summary>Null unless the profiler collects layers.</summary>
    public LayerTimeCollector? Layers { get; } = layers;

    /// <summary>The profiler's clock.</summary>
    public double NowMs => profiler.NowMs;

    public void Dispose()
    {
        Timer.Dispose();
        Layers?.Dispose();
    }
}
