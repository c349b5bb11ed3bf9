using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>A mark in a stream, with or without a time. Calls are thread-safe.</summary>
internal sealed class CudaEvent : IDisposable
{
    private CudaEvent(CudaEventHandle handle) => SafeHandle = handle;

    /// <summary>Makes an event.</summary>
    /// <param name="context">The context of the streams it will be recorded in.</param>
    /// <param name="isTimed">Whether <see cref="GetElapsedMs"/> will be asked; an event without time is cheaper.</param>
    /// <param name="sleeps">Whether <see cref="Synchronize"/> gives the core away while it waits, rather than spin.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static CudaEvent Create(CudaContext context, bool isTimed = true, bool sleeps = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        int flags = (isTimed ? CudaDriver.CU_EVENT_DEFAULT : CudaDriver.CU_EVENT_DISABLE_TIMING)
            | (sleeps ? CudaDriver.CU_EVENT_BLOCKING_SYNC : 0);
        return new CudaEvent(context.Create((uint)flags, static (chosen, handle) => Make(chosen, handle)));

        static unsafe CudaEventHandle Make(uint flags, CudaContextHandle context)
        {
            nint mark;
            CudaStatus.Check(CudaDriver.cuEventCreate(&mark, flags), nameof(CudaDriver.cuEventCreate));
            return new CudaEventHandle(context, mark);
        }
    }

    /// <summary>The CUevent (cudaEvent_t), for other libraries; valid until the event is disposed of.</summary>
    public nint Handle => SafeHandle.DangerousGetHandle();

    /// <summary>Whether everything before the mark is done. Never blocks. True for an event never recorded.</summary>
    /// <exception cref="CudaException">Earlier work failed.</exception>
    public bool IsReached
    {
        get
        {
            using BoundLease mark = SafeHandle.Enter();
            return CudaStatus.CheckQuery(CudaDriver.cuEventQuery(mark.Value), nameof(CudaDriver.cuEventQuery));
        }
    }

    internal CudaEventHandle SafeHandle { get; }

    /// <summary>Puts the mark behind the work already in a stream.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Record(CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using HandleLease queue = stream.Lease();
        Record(queue.Value);
    }

    /// <summary>The same in a stream of the caller's (CUstream, cudaStream_t).</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    internal void Record(nint stream)
    {
        using BoundLease mark = SafeHandle.Enter();
        CudaStatus.Check(CudaDriver.cuEventRecord(mark.Value, stream), nameof(CudaDriver.cuEventRecord));
    }

    /// <summary>Lets later work of a stream of the caller's wait for the mark.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    internal void HoldBack(nint stream)
    {
        using BoundLease mark = SafeHandle.Enter();
        CudaStatus.Check(CudaDriver.cuStreamWaitEvent(stream, mark.Value, 0), nameof(CudaDriver.cuStreamWaitEvent));
    }

    /// <summary>While a stream is being recorded into a graph: lets each launch of the graph put the mark anew.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    internal void RecordInGraph(CudaStream stream)
    {
        using HandleLease queue = stream.Lease();
        using BoundLease mark = SafeHandle.Enter();
        CudaStatus.Check(
            CudaDriver.cuEventRecordWithFlags(mark.Value, queue.Value, CudaDriver.CU_EVENT_RECORD_EXTERNAL),
            nameof(CudaDriver.cuEventRecordWithFlags));
    }

    /// <summary>Waits until everything before the mark is done.</summary>
    /// <exception cref="CudaException">Earlier work failed.</exception>
    public void Synchronize()
    {
        using BoundLease mark = SafeHandle.Enter();
        CudaStatus.Check(CudaDriver.cuEventSynchronize(mark.Value), nameof(CudaDriver.cuEventSynchronize));
    }

    /// <summary>Milliseconds from <paramref name="start"/> to this mark; both must be timed and reached.</summary>
    /// <exception cref="CudaException">One is untimed or not reached yet.</exception>
    public unsafe float GetElapsedMs(CudaEvent start)
    {
        ArgumentNullException.ThrowIfNull(start);
        using HandleLease from = new(start.SafeHandle);
        using BoundLease to = SafeHandle.Enter();
        float milliseconds;
        CudaStatus.Check(CudaDriver.cuEventElapsedTime(&milliseconds, from.Value, to.Value), nameof(CudaDriver.cuEventElapsedTime));
        return milliseconds;
    }

    /// <summary>Destroys the event.</summary>
    public void Dispose() => SafeHandle.Dispose();
}
