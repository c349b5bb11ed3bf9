using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>
/// A reference to a GPU's primary context, the one that the CUDA runtime, PyTorch and TensorRT use too. Thread-safe. What is made in
/// it holds it: disposing of the context first is harmless.
/// </summary>
/// <remarks>Every call of this library binds the context to the calling thread and leaves it bound.</remarks>
public sealed class CudaContext : IDisposable
{
    private readonly CudaContextHandle _handle;

    private CudaContext(CudaDevice device, CudaContextHandle handle)
    {
        Device = device;
        _handle = handle;
    }

    /// <summary>Takes a reference to a GPU's primary context, creating the context if nobody has yet (some 100 ms).</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static unsafe CudaContext Retain(CudaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        nint context;
        CudaStatus.Check(CudaDriver.cuDevicePrimaryCtxRetain(&context, device.Handle), nameof(CudaDriver.cuDevicePrimaryCtxRetain));
        return new CudaContext(device, new CudaContextHandle(device.Handle, context));
    }

    /// <summary>The GPU.</summary>
    public CudaDevice Device { get; }

    /// <summary>Binds the context to the calling thread.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The context was disposed of.</exception>
    public void Bind()
    {
        using HandleLease context = new(_handle);
        CudaStatus.Check(CudaDriver.cuCtxSetCurrent(context.Value), nameof(CudaDriver.cuCtxSetCurrent));
    }

    /// <summary>Waits for all work in the context, of this process's other libraries too.</summary>
    /// <exception cref="CudaException">The driver refused, or earlier work failed.</exception>
    public void Synchronize()
    {
        Bind();
        CudaStatus.Check(CudaDriver.cuCtxSynchronize(), nameof(CudaDriver.cuCtxSynchronize));
    }

    /// <summary>Free and total memory of the GPU in bytes.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public unsafe (long FreeBytes, long TotalBytes) GetMemoryInfo()
    {
        Bind();
        nuint free, total;
        CudaStatus.Check(CudaDriver.cuMemGetInfo_v2(&free, &total), nameof(CudaDriver.cuMemGetInfo_v2));
        return ((long)free, (long)total);
    }

    /// <summary>Gives the reference back, once everything made in the context is disposed of too.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>Keeps the context alive for something that is not a <see cref="CudaHandle"/>.</summary>
    internal Reference AddReference()
    {
        bool added = false;
        _handle.DangerousAddRef(ref added);
        return new Reference(_handle);
    }

    /// <summary>Makes something in the context: binds it, and hands a reference over to the new handle.</summary>
    internal THandle Create<THandle, TState>(TState state, Func<TState, CudaContextHandle, THandle> create)
        where THandle : CudaHandle
    {
        bool added = false;
        _handle.DangerousAddRef(ref added);
        try
        {
            Bind();
            THandle made = create(state, _handle);
            added = false;
            return made;
        }
        finally
        {
            if (added)
                _handle.DangerousRelease();
        }
    }

    /// <summary>A reference to be given back once.</summary>
    internal sealed class Reference(CudaContextHandle context) : IDisposable
    {
        public CUresult Bind() => CudaDriver.cuCtxSetCurrent(context.DangerousGetHandle());

        public void Dispose() => context.DangerousRelease();
    }
}
