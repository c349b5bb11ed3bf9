using System.Runtime.CompilerServices;
using TrtVocoder.Profiling;

namespace TrtVocoder.Benchmarking;

/// <summary>Times layers in a run of its own, because timing them slows the whole down.</summary>
internal static class LayerBench
{
    private const int MaxRuns = 100;

    public static LayerReport Run(BenchModel model, Workload workload, BenchOptions options)
    {
        int runs = Math.Clamp(options.Iterations, 1, MaxRuns);
        return model.Engine is null ? RunOnnx(model, workload, runs, options) : RunEngine(model, workload, runs, options);
    }

    private static LayerReport RunEngine(BenchModel model, Workload workload, int runs, BenchOptions options)
    {
        DecodeProfiler profiler = new(collectsLayers: true);
        float[] mel = BenchMel.Make(workload.Batch * model.Vocoder.MelCount * workload.Longest);
        using BenchSession session = new(model, workload, mel, profiler);
        TimedContender contender = new(workload, session.Decode);
        contender.Next();
        profiler.Clear();
        for (int i = 0; i < runs; i++)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            contender.Next();
        }
        return new LayerReport(runs, profiler.GetLayers(), model.Engine!.DescribeLayers());
    }

    // Not inlined: ONNX Runtime is loaded only where there is an ONNX model.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static LayerReport RunOnnx(BenchModel model, Workload workload, int runs, BenchOptions options) => OnnxLayers.Run(model, workload, runs, options);
}
