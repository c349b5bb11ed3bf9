using TrtVocoder.Bindings;
using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>
/// Runs an engine. For one thread at a time: a call while another thread is inside throws. It keeps its engine alive. The memory it
/// is pointed to is the caller's, and must live until the work on it is done.
/// </summary>
public sealed class TrtExecutionContext : IDisposable
{
    /// <summary>What every tensor's address must be a multiple of, in bytes.</summary>
    public const int AddressAlignmentBytes = 256;

    private readonly ExecutionContextHandle _handle;
    private readonly TrtEngine _engine;
    private int _inUse;

    internal TrtExecutionContext(TrtEngine engine, ExecutionContextHandle handle)
    {
        _engine = engine;
        _handle = handle;
    }

    private TrtvShim Api => _handle.Shim.Api;

    /// <summary>Selects a profile, in the stream's order. Shapes must be set again afterwards.</summary>
    /// <exception cref="TensorRtException">There is no such profile, or TensorRT refused.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the context.</exception>
    public void SetProfile(int profile, CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using Use use = new(this);
        using HandleLease queue = stream.Enter();
        _engine.Check(Api.trtv_execution_context_set_profile(use.Value, profile, queue.Value), $"selecting profile {profile}");
    }

    /// <summary>Sets an input's shape. The next run after a change is slow, even back to an earlier shape.</summary>
    /// <exception cref="TensorRtException">The profile does not take the shape.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the context.</exception>
    public unsafe void SetInputShape(TrtTensor input, params ReadOnlySpan<long> shape)
    {
        ArgumentNullException.ThrowIfNull(input);
        using Use use = new(this);
        fixed (long* sizes = shape)
            _engine.Check(Api.trtv_execution_context_set_input_shape(use.Value, input.Utf8Name.Pointer, sizes, shape.Length), "setting the input's shape");
    }

    /// <summary>A tensor's shape under the shapes set; −1 in it depends on inputs not set, or on data.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="shape">Where the dimensions go.</param>
    /// <returns>Their number; −1 when not even that is known.</returns>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the context.</exception>
    public unsafe int GetShape(TrtTensor tensor, Span<long> shape)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using Use use = new(this);
        trtv_shape found = new() { struct_size = (uint)sizeof(trtv_shape) };
        _engine.Check(Api.trtv_execution_context_get_tensor_shape(use.Value, tensor.Utf8Name.Pointer, &found), "asking for a tensor's shape");
        if (found.rank > 0)
            new ReadOnlySpan<long>(found.sizes, found.rank).CopyTo(shape);
        return found.rank;
    }

    /// <summary>Points a tensor to GPU memory.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="address">A CUdeviceptr, a multiple of <see cref="AddressAlignmentBytes"/>.</param>
    /// <exception cref="ArgumentException">The address is not aligned.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the context.</exception>
    public unsafe void SetAddress(TrtTensor tensor, nint address)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (address == 0 || address % AddressAlignmentBytes != 0)
            throw new ArgumentException($"Tensor '{tensor.Name}' needs memory at a multiple of {AddressAlignmentBytes} bytes; 0x{address:X} is not.", nameof(address));
        using Use use = new(this);
        _engine.Check(Api.trtv_execution_context_set_tensor_address(use.Value, tensor.Utf8Name.Pointer, (void*)address), "setting a tensor's address");
    }

    /// <summary>Names an event to be recorded once the inputs may be overwritten; null for none. The event must outlive its use here.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the context.</exception>
    public void SetInputConsumedEvent(CudaEvent? consumed)
    {
        using Use use = new(this);
        _engine.Check(Api.trtv_execution_context_set_input_consumed_event(use.Value, consumed?.Handle ?? 0), "setting the input-consumed event");
    }

    /// <summary>Gives a context made without scratch memory (<see cref="TrtEngine.CreateContext(int, CudaStream, bool)"/>) the memory to work in.</summary>
    /// <param name="address">A CUdeviceptr, a multiple of <see cref="AddressAlignmentBytes"/>; not to be used by two runs at the same time.</param>
    /// <param name="bytes">At least <see cref="TrtEngine.GetScratchBytes"/> of its profile.</param>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the context.</exception>
    public unsafe void SetScratch(nint address, long bytes)
    {
        using Use use = new(this);
        _engine.Check(Api.trtv_execution_context_set_device_memory(use.Value, (void*)address, bytes), "setting its scratch memory");
    }

    /// <summary>Lets TensorRT time every layer of each run, without waiting for it; <see cref="ReportLayers"/> then hands the times over.</summary>
    internal void SetLayerProfiler(ProfilerHandle profiler)
    {
        using Use use = new(this);
        using HandleLease times = new(profiler);
        _engine.Check(Api.trtv_execution_context_set_profiler(use.Value, times.Value), "setting its profiler");
        _engine.Check(Api.trtv_execution_context_set_enqueue_emits_profile(use.Value, 0), "setting its profiler");
    }

    /// <summary>Hands the layer times of the last run, or launch of its graph, to the profiler. The run must be done.</summary>
    internal void ReportLayers()
    {
        using Use use = new(this);
        _engine.Check(Api.trtv_execution_context_report_to_profiler(use.Value), "reporting layer times");
    }

    /// <summary>Enqueues a run (enqueueV3) and returns at once.</summary>
    /// <exception cref="TensorRtException">A shape or an address is missing, or TensorRT failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the context.</exception>
    public void Enqueue(CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using HandleLease queue = stream.Enter();
        Enqueue(queue.Value);
    }

    /// <summary>The same on a stream of the caller's (CUstream, cudaStream_t) of the same GPU's primary context.</summary>
    /// <exception cref="TensorRtException">A shape or an address is missing, or TensorRT failed.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the context.</exception>
    public void Enqueue(nint stream)
    {
        using Use use = new(this);
        _handle.BindContext();
        _engine.Check(Api.trtv_execution_context_enqueue(use.Value, stream), "running it");
    }

    /// <summary>Gives the handle back. Work that it enqueued must be done.</summary>
    public void Dispose() => _handle.Dispose();

    // One thread's stay inside.
    private readonly ref struct Use : IDisposable
    {
        private readonly TrtExecutionContext _context;
        private readonly HandleLease _handle;

        public Use(TrtExecutionContext context)
        {
            if (Interlocked.CompareExchange(ref context._inUse, 1, 0) != 0)
                throw new InvalidOperationException("This execution context is being used by another thread; make one for each thread.");
            try
            {
                _handle = new HandleLease(context._handle);
            }
            catch
            {
                Volatile.Write(ref context._inUse, 0);
                throw;
            }
            _context = context;
        }

        public nint Value => _handle.Value;

        public void Dispose()
        {
            _handle.Dispose();
            Volatile.Write(ref _context._inUse, 0);
        }
    }
}
