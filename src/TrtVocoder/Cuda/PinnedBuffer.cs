using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>
/// Host memory that does not move and that a GPU copies from and to without a detour; mapped, it also reads and writes it in place, which
/// is right for all of it where host and GPU share their memory (<see cref="CudaDevice.IsIntegrated"/>). Zeroed.
/// </summary>
/// <typeparam name="T">What it holds.</typeparam>
internal sealed class PinnedBuffer<T> : IDisposable
    where T : unmanaged
{
    /// <summary>Allocates.</summary>
    /// <param name="context">The context.</param>
    /// <param name="length">Values, at least 1.</param>
    /// <param name="isMapped">Whether the GPU sees it too.</param>
    /// <exception cref="CudaException">No more memory can be pinned, the GPU cannot map host memory, or the driver refused.</exception>
    public unsafe PinnedBuffer(CudaContext context, int length, bool isMapped = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        Length = length;
        Memory = HostMemoryHandle.Allocate(
            context, (nuint)length * (nuint)sizeof(T),
            CudaDriver.CU_MEMHOSTALLOC_PORTABLE | (isMapped ? CudaDriver.CU_MEMHOSTALLOC_DEVICEMAP : 0));
        if (!isMapped)
            return;
        try
        {
            using BoundLease memory = Memory.Enter();
            ulong address;
            CudaStatus.Check(
                CudaDriver.cuMemHostGetDevicePointer_v2(&address, (void*)memory.Value, 0),
                nameof(CudaDriver.cuMemHostGetDevicePointer_v2));
            DeviceAddress = (nint)address;
        }
        catch
        {
            Memory.Dispose();
            throw;
        }
    }

    /// <summary>Values.</summary>
    public int Length { get; }

    /// <summary>Where the GPU sees the memory, until the buffer is disposed of; 0 where it is not mapped.</summary>
    public nint DeviceAddress { get; }

    /// <summary>The values. Not to be touched after <see cref="Dispose"/>, nor while the GPU works on them.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of.</exception>
    public unsafe Span<T> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(Memory.IsClosed, this);
            return new Span<T>((void*)Memory.DangerousGetHandle(), Length);
        }
    }

    internal HostMemoryHandle Memory { get; }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Memory.Dispose();
}
