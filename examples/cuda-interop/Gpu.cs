using System.Runtime.InteropServices;

namespace CudaInterop;

/// <summary>What a program has of a GPU when it uses the driver itself: the primary context, a stream, memory. For one thread.</summary>
internal sealed unsafe partial class Gpu : IDisposable
{
    private const string Library = "libcuda.so.1";
    private const uint NonBlocking = 1;
    private readonly List<ulong> _memory = [];
    private readonly int _device;

    /// <summary>Takes the first GPU.</summary>
    /// <exception cref="GpuException">There is none, or no driver.</exception>
    public Gpu()
    {
        try
        {
            ThrowIfFailed(Initialize(0), "cuInit");
        }
        catch (DllNotFoundException)
        {
            throw new GpuException("There is no NVIDIA driver: libcuda.so.1 is missing.");
        }
        ThrowIfFailed(GetDevice(out _device, 0), "cuDeviceGet");
        ThrowIfFailed(RetainPrimaryContext(out nint context, _device), "cuDevicePrimaryCtxRetain");
        ThrowIfFailed(SetCurrent(context), "cuCtxSetCurrent");
        ThrowIfFailed(CreateStream(out nint stream, NonBlocking), "cuStreamCreate");
        Stream = stream;
    }

    /// <summary>The CUstream.</summary>
    public nint Stream { get; }

    /// <summary>Room for so many floats; freed with this.</summary>
    public ulong Allocate(int count)
    {
        ThrowIfFailed(AllocateMemory(out ulong address, (nuint)count * sizeof(float)), "cuMemAlloc");
        _memory.Add(address);
        return address;
    }

    /// <summary>Enqueues a copy to the GPU.</summary>
    public void Send(ReadOnlySpan<float> values, ulong address)
    {
        fixed (float* first = values)
            ThrowIfFailed(CopyToDevice(address, first, (nuint)values.Length * sizeof(float), Stream), "cuMemcpyHtoDAsync");
    }

    /// <summary>Copies to the host, after all that is in the stream.</summary>
    public void Receive(ulong address, Span<float> values)
    {
        fixed (float* first = values)
        {
            ThrowIfFailed(CopyToHost(first, address, (nuint)values.Length * sizeof(float), Stream), "cuMemcpyDtoHAsync");
            ThrowIfFailed(Synchronize(Stream), "cuStreamSynchronize");
        }
    }

    public void Dispose()
    {
        foreach (ulong address in _memory)
            _ = FreeMemory(address);
        _ = DestroyStream(Stream);
        _ = ReleasePrimaryContext(_device);
    }

    private static void ThrowIfFailed(int result, string call)
    {
        if (result != 0)
            throw new GpuException($"{call} failed with CUDA's error {result}.");
    }

    [LibraryImport(Library, EntryPoint = "cuInit")]
    private static partial int Initialize(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    private static partial int GetDevice(out int device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRetain")]
    private static partial int RetainPrimaryContext(out nint context, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial int ReleasePrimaryContext(int device);

    [LibraryImport(Library, EntryPoint = "cuCtxSetCurrent")]
    private static partial int SetCurrent(nint context);

    [LibraryImport(Library, EntryPoint = "cuStreamCreate")]
    private static partial int CreateStream(out nint stream, uint flags);

    [LibraryImport(Library, EntryPoint = "cuStreamDestroy_v2")]
    private static partial int DestroyStream(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamSynchronize")]
    private static partial int Synchronize(nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemAlloc_v2")]
    private static partial int AllocateMemory(out ulong address, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cuMemFree_v2")]
    private static partial int FreeMemory(ulong address);

    [LibraryImport(Library, EntryPoint = "cuMemcpyHtoDAsync_v2")]
    private static partial int CopyToDevice(ulong destination, void* source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoHAsync_v2")]
    private static partial int CopyToHost(void* destination, ulong source, nuint bytes, nint stream);
}

/// <summary>The GPU cannot be used; the message says why.</summary>
internal sealed class GpuException(string message) : Exception(message);
