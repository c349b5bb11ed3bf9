using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>
/// Copies between a GPU's memory and host memory of any kind, each done when its call returns; they wait for each other, and for no other work on
/// the GPU. Safe for use by many threads.
/// </summary>
internal sealed class HostCopies : IDisposable
{
    private readonly CudaContext _context;
    private readonly CudaStream _stream;

    /// <summary>Takes the GPU's primary context, and makes a stream in it.</summary>
    /// <param name="ordinal">The GPU's number.</param>
    /// <exception cref="NativeLibraryException">There is no NVIDIA driver.</exception>
    /// <exception cref="CudaException">There is no such GPU, or the driver refused.</exception>
    public HostCopies(int ordinal)
    {
        _context = CudaContext.Retain(CudaDevice.Get(ordinal));
        try
        {
            _stream = CudaStream.Create(_context);
        }
        catch
        {
            _context.Dispose();
            throw;
        }
    }

    /// <summary>Copies to the host what nobody writes any more.</summary>
    /// <param name="source">CUdeviceptr of the bytes.</param>
    /// <param name="destination">Where to.</param>
    /// <exception cref="CudaException">The address is not of the GPU's memory, or the driver refused.</exception>
    public unsafe void ToHost(ulong source, Span<byte> destination)
    {
        using BoundLease stream = _stream.Enter();
        fixed (byte* to = destination)
        {
            CudaStatus.Check(
                CudaDriver.cuMemcpyDtoHAsync_v2(to, source, (nuint)destination.Length, stream.Value),
                nameof(CudaDriver.cuMemcpyDtoHAsync_v2));
            // Also for the pinned, whose copy is still under way.
            CudaStatus.Check(CudaDriver.cuStreamSynchronize(stream.Value), nameof(CudaDriver.cuStreamSynchronize));
        }
    }

    /// <summary>Copies to the GPU.</summary>
    /// <param name="source">The bytes.</param>
    /// <param name="destination">CUdeviceptr of where to.</param>
    /// <exception cref="CudaException">The address is not of the GPU's memory, or the driver refused.</exception>
    public unsafe void ToDevice(ReadOnlySpan<byte> source, ulong destination)
    {
        using BoundLease stream = _stream.Enter();
        fixed (byte* from = source)
        {
            CudaStatus.Check(
                CudaDriver.cuMemcpyHtoDAsync_v2(destination, from, (nuint)source.Length, stream.Value),
                nameof(CudaDriver.cuMemcpyHtoDAsync_v2));
            CudaStatus.Check(CudaDriver.cuStreamSynchronize(stream.Value), nameof(CudaDriver.cuStreamSynchronize));
        }
    }

    /// <summary>Gives stream and context back; no copy may be under way.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        _context.Dispose();
    }
}
