using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>
/// A reference to a GPU's primary context, the one that the CUDA runtime, PyTorch and TensorRT use too; or a context of the host's own.
/// Thread-safe. What is made in it holds it: disposing of the context first is harmless.
/// </summary>
/// <remarks>
/// Every call of this library binds the context to the calling thread for as long as the call lasts; a thread that works with another
/// context finds that one current again afterwards.
/// </remarks>
internal sealed class CudaContext : IDisposable
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

    /// <summary>Works in a context that the host has made, and destroys once everything made in it here is disposed of.</summary>
    /// <param name="context">The CUcontext.</param>
    /// <exception cref="NativeLibraryException">There is no NVIDIA driver.</exception>
    /// <exception cref="CudaException">It is no context, or was destroyed or lost.</exception>
    public static unsafe CudaContext Attach(nint context)
    {
        int count = CudaDevice.GetCount();
        CudaContextHandle handle = new(null, context);
        int found;
        using (new ContextScope(handle))
            CudaStatus.Check(CudaDriver.cuCtxGetDevice(&found), nameof(CudaDriver.cuCtxGetDevice));
        for (int ordinal = 0; ordinal < count; ordinal++)
            if (CudaDevice.Get(ordinal) is { } device && device.Handle == found)
                return new CudaContext(device, handle);
        throw new InvalidOperationException($"The driver knows no GPU {found}, which it says the context is of.");
    }

    /// <summary>Another reference to the same context.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public CudaContext Share() =>
        _handle.IsHosts ? new CudaContext(Device, new CudaContextHandle(null, _handle.DangerousGetHandle())) : Retain(Device);

    /// <summary>The GPU.</summary>
    public CudaDevice Device { get; }

    /// <summary>Waits for all work in the context, of this process's other libraries too.</summary>
    /// <exception cref="CudaException">The driver refused, or earlier work failed.</exception>
    public void Synchronize()
    {
        using BoundLease current = Enter();
        CudaStatus.Check(CudaDriver.cuCtxSynchronize(), nameof(CudaDriver.cuCtxSynchronize));
    }

    /// <summary>Free and total memory of the GPU in bytes.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public unsafe (long FreeBytes, long TotalBytes) GetMemoryInfo()
    {
        using BoundLease current = Enter();
        nuint free, total;
        CudaStatus.Check(CudaDriver.cuMemGetInfo_v2(&free, &total), nameof(CudaDriver.cuMemGetInfo_v2));
        return ((long)free, (long)total);
    }

    /// <summary>Whether earlier work lost the context; asks the driver, and waits for nothing.</summary>
    /// <exception cref="CudaException">The driver does not even bind it, for another reason.</exception>
    /// <exception cref="ObjectDisposedException">The context was disposed of.</exception>
    public bool IsLost
    {
        get
        {
            try
            {
                ThrowIfLost("cuMemGetInfo");
                return false;
            }
            catch (CudaException lost) when (lost.Kind == FailureKind.ContextLost)
            {
                return true;
            }
        }
    }

    /// <summary>After something failed: tells whether it is because the context is lost.</summary>
    /// <param name="what">What failed, for the sentence.</param>
    /// <exception cref="CudaException">The context is lost (<see cref="FailureKind.ContextLost"/>).</exception>
    public unsafe void ThrowIfLost(string what)
    {
        using BoundLease current = Enter();
        nuint free, total;
        // In a lost context every call answers with the error that lost it; this one also while a stream is captured.
        CudaStatus.ThrowIfLost(CudaDriver.cuMemGetInfo_v2(&free, &total), what);
    }

    /// <summary>Gives the reference back, once everything made in the context is disposed of too.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>Binds the context to the calling thread until the lease ends.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The context was disposed of.</exception>
    internal BoundLease Enter() => new(_handle, _handle);

    /// <summary>Keeps the context alive for something that is not a <see cref="CudaHandle"/>, until that releases the handle.</summary>
    internal CudaContextHandle AddReference()
    {
        bool added = false;
        _handle.DangerousAddRef(ref added);
        return _handle;
    }

    /// <summary>Makes something in the context, and hands a reference over to the new handle.</summary>
    internal THandle Create<THandle, TState>(TState state, Func<TState, CudaContextHandle, THandle> create)
        where THandle : CudaHandle
    {
        bool added = false;
        _handle.DangerousAddRef(ref added);
        try
        {
            using ContextScope current = new(_handle);
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
}
