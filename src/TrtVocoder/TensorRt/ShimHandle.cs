using System.Runtime.InteropServices;
using TrtVocoder.Bindings;
using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>
/// An object of the shim's. The shim itself keeps parents alive for their children; what it cannot know of is the CUDA context,
/// which each handle therefore holds.
/// </summary>
internal abstract class ShimHandle : SafeHandle
{
    private readonly CudaContext.Reference? _context;

    protected ShimHandle(Shim shim, nint value, CudaContext? context)
        : base(0, ownsHandle: true)
    {
        Shim = shim;
        _context = context?.AddReference();
        SetHandle(value);
    }

    public Shim Shim { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>Binds the CUDA context to the calling thread. Works as long as this handle does.</summary>
    public void BindContext()
    {
        if (_context is not null)
            CudaStatus.Check(_context.Bind(), nameof(CudaDriver.cuCtxSetCurrent));
    }

    protected abstract void Free(TrtvShim api, nint value);

    protected sealed override bool ReleaseHandle()
    {
        _context?.Bind();
        Free(Shim.Api, handle);
        _context?.Dispose();
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
