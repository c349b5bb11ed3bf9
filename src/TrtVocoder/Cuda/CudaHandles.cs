using System.Runtime.InteropServices;
using TrtVocoder.Bindings;
using TrtVocoder.Internal;

namespace TrtVocoder.Cuda;

/// <summary>A reference to a GPU's primary context, or a context of the host's, which counts no references and is the host's to destroy.</summary>
internal sealed class CudaContextHandle : NativeHandle
{
    private readonly int? _device;

    /// <param name="device">The GPU whose primary context it is; null for the host's own.</param>
    /// <param name="context">The context.</param>
    public CudaContextHandle(int? device, nint context)
        : base(context) => _device = device;

    public bool IsHosts => _device is null;

    protected override bool ReleaseHandle() =>
        _device is not { } device || CudaDriver.cuDevicePrimaryCtxRelease_v2(device) == CUresult.CUDA_SUCCESS;
}

/// <summary>Something that lives in a context. It holds the context, so that the two may be disposed in any order.</summary>
internal abstract class CudaHandle : NativeHandle
{
    private readonly CudaContextHandle _context;

    /// <param name="context">The context; the caller's <see cref="SafeHandle.DangerousAddRef"/> on it passes to this handle.</param>
    /// <param name="value">The live native handle.</param>
    protected CudaHandle(CudaContextHandle context, nint value)
        : base(value) => _context = context;

    protected abstract CUresult Free(nint value);

    /// <summary>For one native call. Works as long as this handle does, even when the <see cref="CudaContext"/> is gone.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The handle was disposed of.</exception>
    public BoundLease Enter() => new(this, _context);

    protected sealed override bool ReleaseHandle()
    {
        // Finalizer and pool threads have no context bound.
        bool freed;
        using (ContextScope.EnterToFree(_context))
            freed = Free(handle) == CUresult.CUDA_SUCCESS;
        _context.DangerousRelease();
        return freed;
    }
}

internal sealed class CudaStreamHandle(CudaContextHandle context, nint value) : CudaHandle(context, value)
{
    protected override CUresult Free(nint value) => CudaDriver.cuStreamDestroy_v2(value);
}

internal sealed class CudaEventHandle(CudaContextHandle context, nint value) : CudaHandle(context, value)
{
    protected override CUresult Free(nint value) => CudaDriver.cuEventDestroy_v2(value);
}

internal sealed class CudaGraphHandle(CudaContextHandle context, nint value) : CudaHandle(context, value)
{
    protected override CUresult Free(nint value) => CudaDriver.cuGraphExecDestroy(value);
}

internal sealed class CudaModuleHandle(CudaContextHandle context, nint value) : CudaHandle(context, value)
{
    protected override CUresult Free(nint value) => CudaDriver.cuModuleUnload(value);
}

internal sealed class DeviceMemoryHandle(CudaContextHandle context, nint value) : CudaHandle(context, value)
{
    protected override CUresult Free(nint value) => CudaDriver.cuMemFree_v2((ulong)value);
}

internal sealed class HostMemoryHandle(CudaContextHandle context, nint value) : CudaHandle(context, value)
{
    /// <exception cref="CudaException">No more memory can be pinned, or the driver refused.</exception>
    public static HostMemoryHandle Allocate(CudaContext context, nuint bytes, int flags)
    {
        return context.Create((bytes, flags), static (state, handle) => Make(state.bytes, (uint)state.flags, handle));

        static unsafe HostMemoryHandle Make(nuint bytes, uint flags, CudaContextHandle context)
        {
            void* pointer;
            CudaStatus.Check(CudaDriver.cuMemHostAlloc(&pointer, bytes, flags), nameof(CudaDriver.cuMemHostAlloc));
            NativeMemory.Clear(pointer, bytes);
            return new HostMemoryHandle(context, (nint)pointer);
        }
    }

    protected override unsafe CUresult Free(nint value) => CudaDriver.cuMemFreeHost((void*)value);
}

/// <summary>Keeps a handle alive during a native call: <c>using HandleLease x = new(handle);</c>.</summary>
internal readonly ref struct HandleLease : IDisposable
{
    private readonly SafeHandle? _handle;

    /// <exception cref="ObjectDisposedException">The handle was disposed of.</exception>
    public HandleLease(SafeHandle handle)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
    }

    public nint Value => _handle!.DangerousGetHandle();

    // Null in a default value, which leases nothing.
    public void Dispose() => _handle?.DangerousRelease();
}

/// <summary>Makes a context the calling thread's for a while; afterwards the thread has the one that it had before, or none.</summary>
internal readonly ref struct ContextScope : IDisposable
{
    private readonly bool _isEntered;

    /// <exception cref="CudaException">The driver refused.</exception>
    public ContextScope(CudaContextHandle context)
    {
        CudaStatus.Check(CudaDriver.cuCtxPushCurrent_v2(context.DangerousGetHandle()), nameof(CudaDriver.cuCtxPushCurrent_v2));
        _isEntered = true;
    }

    private ContextScope(bool isEntered) => _isEntered = isEntered;

    /// <summary>
    /// The same for disposal, which never throws. Tried twice: what cannot be freed for want of a context stays for good.
    /// </summary>
    public static ContextScope EnterToFree(CudaContextHandle context)
    {
        nint value = context.DangerousGetHandle();
        return new ContextScope(
            CudaDriver.cuCtxPushCurrent_v2(value) == CUresult.CUDA_SUCCESS
                || CudaDriver.cuCtxPushCurrent_v2(value) == CUresult.CUDA_SUCCESS);
    }

    public unsafe void Dispose()
    {
        nint context;
        if (_isEntered)
            CudaDriver.cuCtxPopCurrent_v2(&context);
    }
}

/// <summary>
/// Keeps a handle alive, and its context bound to the calling thread, during a native call: <c>using BoundLease x = handle.Enter();</c>.
/// </summary>
internal readonly ref struct BoundLease : IDisposable
{
    private readonly HandleLease _handle;
    private readonly ContextScope _scope;

    /// <param name="handle">The handle.</param>
    /// <param name="context">Its context; null for what lives in none.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The handle was disposed of.</exception>
    public BoundLease(SafeHandle handle, CudaContextHandle? context)
    {
        _handle = new HandleLease(handle);
        try
        {
            _scope = context is null ? default : new ContextScope(context);
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    public nint Value => _handle.Value;

    public void Dispose()
    {
        _scope.Dispose();
        _handle.Dispose();
    }
}
