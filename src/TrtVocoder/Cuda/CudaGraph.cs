using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>Work recorded once and launched many times with one call. Shapes and addresses are those of the recording.</summary>
internal sealed class CudaGraph : IDisposable
{
    private readonly CudaGraphHandle _handle;

    private CudaGraph(CudaGraphHandle handle) => _handle = handle;

    /// <summary>Records what <paramref name="work"/> enqueues in <paramref name="stream"/>, without running it.</summary>
    /// <exception cref="CudaException">The work cannot be captured: run it plainly.</exception>
    public static CudaGraph Capture(CudaStream stream, Action work)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(work);
        using BoundLease current = stream.Enter();
        nint graph = Record(stream, work);
        try
        {
            return new CudaGraph(stream.Context.Create(graph, static (recorded, context) => Instantiate(recorded, context)));
        }
        finally
        {
            CudaDriver.cuGraphDestroy(graph);
        }
    }

    /// <summary>Enqueues the recorded work.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch(CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using BoundLease queue = stream.Enter();
        using HandleLease graph = new(_handle);
        CudaStatus.Check(CudaDriver.cuGraphLaunch(graph.Value, queue.Value), nameof(CudaDriver.cuGraphLaunch));
    }

    /// <summary>The same in a stream of the caller's (CUstream, cudaStream_t).</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch(nint stream)
    {
        using BoundLease graph = _handle.Enter();
        CudaStatus.Check(CudaDriver.cuGraphLaunch(graph.Value, stream), nameof(CudaDriver.cuGraphLaunch));
    }

    /// <summary>Sends the graph to the GPU, so that the first launch is as quick as the others.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Upload(CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using BoundLease queue = stream.Enter();
        using HandleLease graph = new(_handle);
        CudaStatus.Check(CudaDriver.cuGraphUpload(graph.Value, queue.Value), nameof(CudaDriver.cuGraphUpload));
    }

    /// <summary>Destroys the graph.</summary>
    public void Dispose() => _handle.Dispose();

    private static unsafe nint Record(CudaStream stream, Action work)
    {
        using BoundLease queue = stream.Enter();
        CudaStatus.Check(
            CudaDriver.cuStreamBeginCapture_v2(queue.Value, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
            nameof(CudaDriver.cuStreamBeginCapture_v2));
        nint graph = 0;
        try
        {
            work();
            CudaStatus.Check(CudaDriver.cuStreamEndCapture(queue.Value, &graph), nameof(CudaDriver.cuStreamEndCapture));
            return graph;
        }
        catch
        {
            // The stream must leave capture mode whatever happened: until then nothing can be freed.
            if (CudaDriver.cuStreamEndCapture(queue.Value, &graph) == CUresult.CUDA_SUCCESS && graph != 0)
                CudaDriver.cuGraphDestroy(graph);
            throw;
        }
    }

    private static unsafe CudaGraphHandle Instantiate(nint graph, CudaContextHandle context)
    {
        nint executable;
        CudaStatus.Check(CudaDriver.cuGraphInstantiateWithFlags(&executable, graph, 0), nameof(CudaDriver.cuGraphInstantiateWithFlags));
        return new CudaGraphHandle(context, executable);
    }
}
