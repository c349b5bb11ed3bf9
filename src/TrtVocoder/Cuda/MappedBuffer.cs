using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>
/// Host memory that a GPU reads and writes in place, without a copy. The right choice where host and GPU share their memory
/// (<see cref="CudaDevice.IsIntegrated"/>); over PCIe it is slower than pinned memory and copies. Zeroed.
/// </summary>
/// <typeparam name="T">What it holds.</typeparam>
internal sealed class MappedBuffer<T> : IDisposable
    where T : unmanaged
{
    private readonly HostMemoryHandle _memory;

    /// <summary>Allocates and maps.</summary>
    /// <param name="context">The context.</param>
    /// <param name="length">Values, at least 1.</param>
    /// <exception cref="CudaException">No more memory can be pinned, or the GPU cannot map host memory.</exception>
    public unsafe MappedBuffer(CudaContext context, int length)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        Length = length;
        _memory = HostMemoryHandle.Allocate(
            context, (nuint)length * (nuint)sizeof(T), CudaDriver.CU_MEMHOSTALLOC_PORTABLE | CudaDriver.CU_MEMHOSTALLOC_DEVICEMAP);
        try
        {
            using BoundLease memory = _memory.Enter();
            ulong address;
            CudaStatus.Check(
                CudaDriver.cuMemHostGetDevicePointer_v2(&address, (void*)memory.Value, 0),
                nameof(CudaDriver.cuMemHostGetDevicePointer_v2));
            DeviceAddress = (nint)address;
        }
        catch
        {
            _memory.Dispose();
            throw;
        }
    }

    /// <summary>Values.</summary>
    public int Length { get; }

    /// <summary>Where the GPU sees the memory; valid until the buffer is disposed of.</summary>
    public nint DeviceAddress { get; }

    /// <summary>The values. Not to be touched after <see cref="Dispose"/>, nor while the GPU works on them.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of.</exception>
    public unsafe Span<T> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_memory.IsClosed, this);
            return new Span<T>((void*)_memory.DangerousGetHandle(), Length);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _memory.Dispose();
}
