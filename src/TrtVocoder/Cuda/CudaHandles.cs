using System.Runtime.InteropServices;
using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>A reference to a GPU's primary context.</summary>
internal sealed class CudaContextHandle : SafeHandle
{
    private readonly int _device;

    public CudaContextHandle(int device, nint context)
        : base(0, ownsHandle: true)
    {
        _device = device;
        SetHandle(context);
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => CudaDriver.cuDevicePrimaryCtxRelease_v2(_device) == CUresult.CUDA_SUCCESS;
}

/// <summary>Something that lives in a context. It holds the context, so that the two may be disposed in any order.</summary>
internal abstract class CudaHandle : SafeHandle
{
    private readonly CudaContextHandle _context;

    /// <param name="context">The context; the caller's <see cref="SafeHandle.DangerousAddRef"/> on it passes to this handle.</param>
    /// <param name="value">The live native handle.</param>
    protected CudaHandle(CudaContextHandle context, nint value)
        : base(0, ownsHandle: true)
    {
        _context = context;
        SetHandle(value);
    }

    public override bool IsInvalid => handle == 0;

    protected abstract CUresult Free(nint value);

    /// <summary>Binds the context to the calling thread. Works as long as this handle does, even when the <see cref="CudaContext"/> is gone.</summary>
    public void BindContext() => CudaStatus.Check(CudaDriver.cuCtxSetCurrent(_context.DangerousGetHandle()), nameof(CudaDriver.cuCtxSetCurrent));

    protected sealed override bool ReleaseHandle()
    {
        // Finalizer and pool threads have no context bound. If binding fails, one may be bound all the same.
        CudaDriver.cuCtxSetCurrent(_context.DangerousGetHandle());
        bool freed = Free(handle) == CUresult.CUDA_SUCCESS;
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
    private readonly SafeHandle _handle;

    /// <exception cref="ObjectDisposedException">The handle was disposed of.</exception>
    public HandleLease(SafeHandle handle)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
    }

    public nint Value => _handle.DangerousGetHandle();

    public void Dispose() => _handle.DangerousRelease();
}
