using Microsoft.ML.OnnxRuntime;
using TrtVocoder.Decoding;

namespace TrtVocoder.OnnxRuntime;

/// <summary>How ONNX Runtime runs a model. The defaults are those that were fastest for one decode at a time.</summary>
public sealed record OnnxDecoderOptions
{
    /// <summary>Threads that compute one operator together; 0 means one for each physical core. 1 is best where as many sessions decode at once as there are cores.</summary>
    public int IntraOpThreads { get; init; }

    /// <summary>
    /// Windows and batches of one session that run at the same time, each on a thread of its own beside the <see cref="IntraOpThreads"/> − 1 that
    /// they share; 1 computes on the caller's thread.
    /// </summary>
    public int ParallelRuns { get; init; } = 1;

    /// <summary>Threads that run independent operators with <see cref="ExecutionMode.ORT_PARALLEL"/>; the network is a chain, so 1.</summary>
    public int InterOpThreads { get; init; } = 1;

    /// <summary>Whether independent operators run at the same time.</summary>
    public ExecutionMode ExecutionMode { get; init; } = ExecutionMode.ORT_SEQUENTIAL;

    /// <summary>How far the graph is rewritten at load.</summary>
    public GraphOptimizationLevel GraphOptimization { get; init; } = GraphOptimizationLevel.ORT_ENABLE_ALL;

    /// <summary>Whether ONNX Runtime keeps its work memory between runs. Without it the process holds less and every run allocates anew.</summary>
    public bool MemoryArena { get; init; } = true;

    /// <summary>Whether ONNX Runtime plans its work memory once for each shape, and then takes it in one piece.</summary>
    public bool MemoryPattern { get; init; } = true;

    /// <summary>Whether idle worker threads spin for a while before they sleep: faster single decodes, busier cores between them.</summary>
    public bool Spinning { get; init; } = true;

    /// <summary>Further settings of an ONNX Runtime session by their own names (<c>session.set_denormal_as_zero</c> and the like).</summary>
    public IReadOnlyDictionary<string, string> SessionConfig { get; init; } = new Dictionary<string, string>();

    /// <summary>What the caller knows of a model without our metadata.</summary>
    public ModelHints Model { get; init; } = new();
}
