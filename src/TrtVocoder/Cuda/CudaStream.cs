using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>
/// A queue of work on a GPU that does not wait for the default stream. Copies take only pinned, mapped or device buffers, which stay
/// where they are until the work is done. Calls are thread-safe; the order of work is the caller's affair.
/// </summary>
/// <remarks>A buffer must not be disposed of, nor the host part of it touched, while work on it is in the queue.</remarks>
public sealed class CudaStream : IDisposable
{
    private readonly CudaStreamHandle _handle;

    private CudaStream(CudaContext context, CudaStreamHandle handle)
    {
        Context = context;
        _handle = handle;
    }

    /// <summary>Makes a stream.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static CudaStream Create(CudaContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new CudaStream(context, context.Create(0, static (_, handle) => Make(handle)));

        static unsafe CudaStreamHandle Make(CudaContextHandle context)
        {
            nint stream;
            CudaStatus.Check(CudaDriver.cuStreamCreate(&stream, CudaDriver.CU_STREAM_NON_BLOCKING), nameof(CudaDriver.cuStreamCreate));
            return new CudaStreamHandle(context, stream);
        }
    }

    /// <summary>The context it belongs to.</summary>
    public CudaContext Context { get; }

    /// <summary>The CUstream (cudaStream_t), for other libraries; valid until the stream is disposed of.</summary>
    public nint Handle => _handle.DangerousGetHandle();

    /// <summary>Whether all work is done. Never blocks.</summary>
    /// <exception cref="CudaException">Earlier work failed.</exception>
    public bool IsIdle
    {
        get
        {
            using HandleLease stream = Enter();
            return CudaStatus.CheckQuery(CudaDriver.cuStreamQuery(stream.Value), nameof(CudaDriver.cuStreamQuery));
        }
    }

    /// <summary>Waits until all work is done.</summary>
    /// <exception cref="CudaException">Earlier work failed.</exception>
    public void Synchronize()
    {
        using HandleLease stream = Enter();
        CudaStatus.Check(CudaDriver.cuStreamSynchronize(stream.Value), nameof(CudaDriver.cuStreamSynchronize));
    }

    /// <summary>Waits after a failure, so that nothing still runs on buffers that are freed or written next; the first failure is what the caller must hear of.</summary>
    internal void Drain()
    {
        try
        {
            Synchronize();
        }
        catch (TrtVocoderException)
        {
        }
    }

    /// <summary>Enqueues a copy of the first <paramref name="count"/> values to the GPU.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A buffer is shorter.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public unsafe void Copy<T>(PinnedBuffer<T> source, DeviceBuffer<T> destination, int count)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        CheckCount(count, source.Length, destination.Length);
        using HandleLease stream = Enter();
        using HandleLease from = new(source.Memory);
        using HandleLease to = new(destination.Memory);
        CudaStatus.Check(
            CudaDriver.cuMemcpyHtoDAsync_v2((ulong)to.Value, (void*)from.Value, (nuint)count * (nuint)sizeof(T), stream.Value),
            nameof(CudaDriver.cuMemcpyHtoDAsync_v2));
    }

    /// <summary>Enqueues a copy of the first <paramref name="count"/> values to the host.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A buffer is shorter.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public unsafe void Copy<T>(DeviceBuffer<T> source, PinnedBuffer<T> destination, int count)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        CheckCount(count, source.Length, destination.Length);
        using HandleLease stream = Enter();
        using HandleLease from = new(source.Memory);
        using HandleLease to = new(destination.Memory);
        CudaStatus.Check(
            CudaDriver.cuMemcpyDtoHAsync_v2((void*)to.Value, (ulong)from.Value, (nuint)count * (nuint)sizeof(T), stream.Value),
            nameof(CudaDriver.cuMemcpyDtoHAsync_v2));
    }

    /// <summary>Enqueues a copy of the first <paramref name="count"/> values within the GPU.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A buffer is shorter.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public unsafe void Copy<T>(DeviceBuffer<T> source, DeviceBuffer<T> destination, int count)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        CheckCount(count, source.Length, destination.Length);
        using HandleLease stream = Enter();
        using HandleLease from = new(source.Memory);
        using HandleLease to = new(destination.Memory);
        CudaStatus.Check(
            CudaDriver.cuMemcpyDtoDAsync_v2((ulong)to.Value, (ulong)from.Value, (nuint)count * (nuint)sizeof(T), stream.Value),
            nameof(CudaDriver.cuMemcpyDtoDAsync_v2));
    }

    /// <summary>Lets later work wait for an event recorded in another stream.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void WaitFor(CudaEvent marker)
    {
        ArgumentNullException.ThrowIfNull(marker);
        using HandleLease stream = Enter();
        using HandleLease mark = new(marker.SafeHandle);
        CudaStatus.Check(CudaDriver.cuStreamWaitEvent(stream.Value, mark.Value, 0), nameof(CudaDriver.cuStreamWaitEvent));
    }

    /// <summary>Destroys the stream; work in it still finishes.</summary>
    public void Dispose() => _handle.Dispose();

    internal HandleLease Enter()
    {
        HandleLease stream = new(_handle);
        try
        {
            _handle.BindContext();
        }
        catch
        {
            stream.Dispose();
            throw;
        }
        return stream;
    }

    private static void CheckCount(int count, int source, int destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Math.Min(source, destination));
    }
}
