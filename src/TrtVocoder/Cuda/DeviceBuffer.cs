using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>Memory on a GPU, aligned to at least 256 bytes. Not initialised.</summary>
/// <typeparam name="T">What it holds.</typeparam>
internal sealed class DeviceBuffer<T> : IDisposable
    where T : unmanaged
{
    /// <summary>Allocates.</summary>
    /// <param name="context">The context.</param>
    /// <param name="length">Values, at least 1.</param>
    /// <exception cref="CudaException">The GPU's memory is used up, or the driver refused.</exception>
    public DeviceBuffer(CudaContext context, long length)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        Length = length;
        Memory = context.Create(length, static (count, handle) => Make(count, handle));

        static unsafe DeviceMemoryHandle Make(long length, CudaContextHandle context)
        {
            ulong pointer;
            CudaStatus.Check(CudaDriver.cuMemAlloc_v2(&pointer, (nuint)length * (nuint)sizeof(T)), nameof(CudaDriver.cuMemAlloc_v2));
            return new DeviceMemoryHandle(context, (nint)pointer);
        }
    }

    /// <summary>Values.</summary>
    public long Length { get; }

    /// <summary>The CUdeviceptr; valid until the buffer is disposed of.</summary>
    public nint Address => Memory.DangerousGetHandle();

    internal DeviceMemoryHandle Memory { get; }

    /// <summary>Frees the memory after the work that uses it.</summary>
    public void Dispose() => Memory.Dispose();
}
