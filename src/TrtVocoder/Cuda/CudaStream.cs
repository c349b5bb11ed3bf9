using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>
/// A queue of work on a GPU that does not wait for the default stream. Copies take only pinned, mapped or device buffers, which stay
/// where they are until the work is done. Calls are thread-safe; the order of work is the caller's affair.
/// </summary>
/// <remarks>A buffer must not be disposed of, nor the host part of it touched, while work on it is in the queue.</remarks>
internal sealed class CudaStream : IDisposable
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
            using BoundLease stream = Enter();
            return CudaStatus.CheckQuery(CudaDriver.cuStreamQuery(stream.Value), nameof(CudaDriver.cuStreamQuery));
        }
    }

    /// <summary>Waits until all work is done.</summary>
    /// <exception cref="CudaException">Earlier work failed.</exception>
    public void Synchronize()
    {
        using BoundLease stream = Enter();
        CudaStatus.Check(CudaDriver.cuStreamSynchronize(stream.Value), nameof(CudaDriver.cuStreamSynchronize));
    }

    /// <summary>
    /// Waits after a failure, so that nothing still runs on buffers that are freed or written next; the first failure is what the caller
    /// must hear of.
    /// </summary>
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

    /// <summary>The same for a stream of the caller's (CUstream, cudaStream_t).</summary>
    internal static void Drain(CudaContext context, nint stream)
    {
        using BoundLease current = context.Enter();
        _ = CudaDriver.cuStreamSynchronize(stream);
    }

    /// <summary>Enqueues a copy of some values to the GPU.</summary>
    /// <param name="source">From where.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="count">Values.</param>
    /// <param name="start">The first one, in both.</param>
    /// <exception cref="ArgumentOutOfRangeException">A buffer is shorter.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public unsafe void Copy<T>(PinnedBuffer<T> source, DeviceBuffer<T> destination, int count, int start = 0)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        CheckRange(start, count, source.Length, destination.Length);
        using BoundLease stream = Enter();
        using HandleLease from = new(source.Memory);
        using HandleLease to = new(destination.Memory);
        CudaStatus.Check(
            CudaDriver.cuMemcpyHtoDAsync_v2(
                (ulong)((T*)to.Value + start), (T*)from.Value + start, (nuint)count * (nuint)sizeof(T), stream.Value),
            nameof(CudaDriver.cuMemcpyHtoDAsync_v2));
    }

    /// <summary>Enqueues a copy of some values to the host.</summary>
    /// <param name="source">From where.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="count">Values.</param>
    /// <param name="start">The first one, in both.</param>
    /// <exception cref="ArgumentOutOfRangeException">A buffer is shorter.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public unsafe void Copy<T>(DeviceBuffer<T> source, PinnedBuffer<T> destination, int count, int start = 0)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        CheckRange(start, count, source.Length, destination.Length);
        using BoundLease stream = Enter();
        using HandleLease from = new(source.Memory);
        using HandleLease to = new(destination.Memory);
        CudaStatus.Check(
            CudaDriver.cuMemcpyDtoHAsync_v2(
                (T*)to.Value + start, (ulong)((T*)from.Value + start), (nuint)count * (nuint)sizeof(T), stream.Value),
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
        CheckRange(0, count, source.Length, destination.Length);
        using BoundLease stream = Enter();
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
        using BoundLease stream = Enter();
        using HandleLease mark = new(marker.SafeHandle);
        CudaStatus.Check(CudaDriver.cuStreamWaitEvent(stream.Value, mark.Value, 0), nameof(CudaDriver.cuStreamWaitEvent));
    }

    /// <summary>Destroys the stream; work in it still finishes.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>For one native call, with the context bound.</summary>
    internal BoundLease Enter() => _handle.Enter();

    /// <summary>The stream alone, where what goes with it binds the context.</summary>
    internal HandleLease Lease() => new(_handle);

    /// <summary>Whether a stream of the caller's (CUstream, cudaStream_t) is being captured into a graph.</summary>
    /// <exception cref="CudaException">The driver refused: there is no such stream.</exception>
    internal static unsafe bool IsCaptured(CudaContext context, nint stream)
    {
        using BoundLease current = context.Enter();
        CUstreamCaptureStatus status;
        CudaStatus.Check(CudaDriver.cuStreamIsCapturing(stream, &status), nameof(CudaDriver.cuStreamIsCapturing));
        return status != CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_NONE;
    }

    /// <summary>Enqueues a copy of rows within the GPU, in a stream of the caller's (CUstream, cudaStream_t).</summary>
    /// <param name="context">The stream's context.</param>
    /// <param name="source">Device address of the first row.</param>
    /// <param name="sourcePitch">Bytes from one row to the next there.</param>
    /// <param name="destination">Device address of where it goes.</param>
    /// <param name="destinationPitch">Bytes from one row to the next there.</param>
    /// <param name="width">Bytes of a row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="stream">The stream.</param>
    /// <exception cref="CudaException">The driver refused: an address is not of the GPU's memory.</exception>
    internal static unsafe void CopyRows(
        CudaContext context, nint source, long sourcePitch, nint destination, long destinationPitch, long width, int rows, nint stream)
    {
        CUDA_MEMCPY2D copy = new()
        {
            srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE,
            srcDevice = (ulong)source,
            srcPitch = (nuint)sourcePitch,
            dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE,
            dstDevice = (ulong)destination,
            dstPitch = (nuint)destinationPitch,
            WidthInBytes = (nuint)width,
            Height = (nuint)rows,
        };
        using BoundLease current = context.Enter();
        CudaStatus.Check(CudaDriver.cuMemcpy2DAsync_v2(&copy, stream), nameof(CudaDriver.cuMemcpy2DAsync_v2));
    }

    private static void CheckRange(int start, int count, long source, long destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Math.Min(source, destination) - start);
    }
}
