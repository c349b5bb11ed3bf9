using System.Runtime.CompilerServices;
using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>Host memory that does not move and that a GPU copies from and to without a detour. Zeroed.</summary>
/// <typeparam name="T">What it holds.</typeparam>
internal sealed class PinnedBuffer<T> : IDisposable
    where T : unmanaged
{
    /// <summary>Allocates.</summary>
    /// <param name="context">The context.</param>
    /// <param name="length">Values, at least 1.</param>
    /// <exception cref="CudaException">No more memory can be pinned, or the driver refused.</exception>
    public PinnedBuffer(CudaContext context, int length)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        Length = length;
        Memory = HostMemoryHandle.Allocate(context, (nuint)length * (nuint)Unsafe.SizeOf<T>(), CudaDriver.CU_MEMHOSTALLOC_PORTABLE);
    }

    /// <summary>Values.</summary>
    public int Length { get; }

    /// <summary>The values. Not to be touched after <see cref="Dispose"/>, nor while a copy is under way.</summary>
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
