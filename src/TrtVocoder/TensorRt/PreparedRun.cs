using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>A shape that a decoder runs: a context in which it is set, its buffers, and, if it could be captured, the graph of a whole run.</summary>
internal sealed class PreparedRun(TrtBindings bindings) : IDisposable
{
    public TrtBindings Bindings { get; } = bindings;

    /// <summary>Copies and engine as one launch; null where runs are enqueued plainly.</summary>
    public CudaGraph? Graph { get; private set; }

    /// <summary>When it was used last, as its cache counts; the one used longest ago goes first.</summary>
    public long LastUse { get; set; }

    /// <summary>Records a run. The shape must have run once, so that TensorRT's own preparations are over.</summary>
    /// <returns>Why that cannot be done, or null.</returns>
    public string? Capture(CudaStream stream, TrtRunTimer? timer)
    {
        try
        {
            Graph = CudaGraph.Capture(stream, () => Bindings.Enqueue(stream, timer, isRecording: true));
            Graph.Upload(stream);
            return null;
        }
        catch (TrtVocoderException refusal)
        {
            Graph?.Dispose();
            Graph = null;
            return refusal.Message;
        }
    }

    /// <summary>Enqueues a run.</summary>
    public void Enqueue(CudaStream stream, TrtRunTimer? timer)
    {
        Bindings.Send();
        if (Graph is null)
        {
            Bindings.Enqueue(stream, timer);
            return;
        }
        timer?.EnqueueBegins();
        Graph.Launch(stream);
        timer?.EnqueueEnds();
    }

    /// <summary>Frees everything; what was enqueued must be done.</summary>
    public void Dispose()
    {
        Graph?.Dispose();
        Bindings.Dispose();
    }
}
