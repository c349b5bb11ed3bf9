using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Internal;

namespace TrtVocoder.TensorRt;

/// <summary>
/// An object of the shim's. The shim itself keeps parents alive for their children; what it cannot know of is the CUDA context,
/// which each handle therefore holds.
/// </summary>
internal abstract class ShimHandle : NativeHandle
{
    private readonly CudaContextHandle? _context;

    protected ShimHandle(Shim shim, nint value, CudaContext? context)
        : base(value)
    {
        Shim = shim;
        _context = context?.AddReference();
    }

    public Shim Shim { get; }

    /// <summary>For one native call, with the CUDA context bound. Works as long as this handle does.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The handle was disposed of.</exception>
    public BoundLease Enter() => new(this, _context);

    protected abstract void Free(TrtvShim api, nint value);

    protected sealed override bool ReleaseHandle()
    {
        using (_context is null ? default : ContextScope.EnterToFree(_context))
            Free(Shim.Api, handle);
        _context?.DangerousRelease();
        return true;
    }
}

internal sealed class LibraryHandle(Shim shim, nint value) : ShimHandle(shim, value, null)
{
    protected override void Free(TrtvShim api, nint value) => api.trtv_library_destroy(value);
}

internal sealed class RuntimeHandle(Shim shim, nint value, CudaContext context) : ShimHandle(shim, value, context)
{
    protected override void Free(TrtvShim api, nint value) => api.trtv_runtime_destroy(value);
}

internal sealed class EngineHandle(Shim shim, nint value, CudaContext context) : ShimHandle(shim, value, context)
{
    protected override void Free(TrtvShim api, nint value) => api.trtv_engine_destroy(value);
}

internal sealed class ExecutionContextHandle(Shim shim, nint value, CudaContext context) : ShimHandle(shim, value, context)
{
    protected override void Free(TrtvShim api, nint value) => api.trtv_execution_context_destroy(value);
}

internal sealed class ProfilerHandle(Shim shim, nint value) : ShimHandle(shim, value, null)
{
    protected override void Free(TrtvShim api, nint value) => api.trtv_profiler_destroy(value);
}

internal sealed class BuilderHandle(Shim shim, nint value, CudaContext? context) : ShimHandle(shim, value, context)
{
    protected override void Free(TrtvShim api, nint value) => api.trtv_builder_destroy(value);
}

internal sealed class BufferHandle(Shim shim, nint value) : ShimHandle(shim, value, null)
{
    protected override void Free(TrtvShim api, nint value) => api.trtv_buffer_destroy(value);

    /// <summary>The bytes; valid while the handle is.</summary>
    public unsafe ReadOnlySpan<byte> GetBytes()
    {
        void* data;
        long size;
        Shim.Check(Shim.Api.trtv_buffer_get_data(DangerousGetHandle(), &data, &size), "Reading what TensorRT made");
        return new ReadOnlySpan<byte>(data, checked((int)size));
    }
}
