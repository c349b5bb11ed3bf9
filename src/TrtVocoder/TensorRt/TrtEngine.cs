using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Internal;

namespace TrtVocoder.TensorRt;

/// <summary>
/// A network on a GPU, ready to run. Thread-safe: many contexts, each for one thread at a time, run on one engine, and keep it alive
/// when it is disposed of first.
/// </summary>
internal sealed class TrtEngine : IDisposable
{
    private readonly EngineHandle _handle;
    private readonly string _source;
    private UseCount _use;
    private int _disposed;

    private TrtEngine(EngineHandle handle, TensorRtLibrary library, CudaContext context, string source)
    {
        _handle = handle;
        _source = source;
        Library = library;
        Context = context;
        trtv_engine_info info = ReadInfo();
        ProfileCount = info.profile_count;
        LayerCount = info.layer_count;
        DeviceMemoryBytes = info.device_memory_bytes;
        List<TrtTensor> tensors = [];
        for (int i = 0; i < info.tensor_count; i++)
            tensors.Add(ReadTensor(i));
        Tensors = tensors;
    }

    /// <summary>All inputs and outputs, in the engine's order.</summary>
    public IReadOnlyList<TrtTensor> Tensors { get; }

    /// <summary>How many optimisation profiles it has.</summary>
    public int ProfileCount { get; }

    /// <summary>Layers after fusion.</summary>
    public int LayerCount { get; }

    /// <summary>Scratch memory of one context in bytes.</summary>
    public long DeviceMemoryBytes { get; }

    /// <summary>The library that runs it.</summary>
    public TensorRtLibrary Library { get; }

    /// <summary>The GPU's context; the engine holds its own reference.</summary>
    public CudaContext Context { get; }

    internal Shim Shim => _handle.Shim;

    /// <summary>The shape of an input in a profile: the smallest, the one it is tuned for, and the largest.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such profile.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    public (IReadOnlyList<long> Min, IReadOnlyList<long> Opt, IReadOnlyList<long> Max) GetProfileShape(TrtTensor input, int profile)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentOutOfRangeException.ThrowIfNegative(profile);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(profile, ProfileCount);
        return (Read(trtv_profile_selector.TRTV_PROFILE_MIN), Read(trtv_profile_selector.TRTV_PROFILE_OPT),
            Read(trtv_profile_selector.TRTV_PROFILE_MAX));

        unsafe long[] Read(trtv_profile_selector selector)
        {
            using BoundLease engine = _handle.Enter();
            trtv_shape shape = new() { struct_size = (uint)sizeof(trtv_shape) };
            Check(
                Shim.Api.trtv_engine_get_profile_shape(engine.Value, input.Utf8Name.Pointer, profile, (int)selector, &shape),
                "reading its profiles");
            return new ReadOnlySpan<long>(shape.sizes, Math.Clamp(shape.rank, 0, TrtvShim.TRTV_MAX_RANK)).ToArray();
        }
    }

    /// <summary>Makes a context in a profile, for one thread at a time.</summary>
    /// <param name="profile">The profile.</param>
    /// <param name="stream">The stream in whose order the profile is set.</param>
    /// <param name="bringsScratch">
    /// Whether the caller gives it scratch memory by <see cref="TrtExecutionContext.SetScratch"/>, which several contexts may share.
    /// </param>
    /// <exception cref="TensorRtException">TensorRT refused: mostly because the GPU's memory is used up.</exception>
    public TrtExecutionContext CreateContext(int profile, CudaStream stream, bool bringsScratch = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegative(profile);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(profile, ProfileCount);
        TrtExecutionContext made = new(this, MakeContext(bringsScratch));
        try
        {
            made.SetProfile(profile, stream);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Scratch memory that a context needs in a profile, in bytes.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    public unsafe long GetScratchBytes(int profile)
    {
        using BoundLease engine = _handle.Enter();
        long bytes;
        Check(Shim.Api.trtv_engine_get_device_memory_size(engine.Value, profile, &bytes), "asking for its scratch memory");
        return bytes;
    }

    /// <summary>What the engine tells of its layers, as JSON; more when it was built with detailed profiling verbosity.</summary>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    public unsafe string DescribeLayers()
    {
        using BoundLease engine = _handle.Enter();
        nint text;
        Check(
            Shim.Api.trtv_inspector_describe_engine(engine.Value, 0, (int)trtv_inspector_format.TRTV_INSPECTOR_JSON, &text),
            "describing its layers");
        using BufferHandle buffer = new(Shim, text);
        return Encoding.UTF8.GetString(buffer.GetBytes());
    }

    /// <summary>Gives the handle back; contexts and decoders made from it go on working.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            Leave();
    }

    /// <summary>Joins those who still make contexts after <see cref="Dispose"/>; each leaves once.</summary>
    /// <exception cref="ObjectDisposedException">The last one has left.</exception>
    internal void Join() => ObjectDisposedException.ThrowIf(!_use.TryJoin(), this);

    /// <summary>The last one to leave gives the handle back.</summary>
    internal void Leave()
    {
        if (!_use.Leave())
            return;
        _handle.Dispose();
        Context.Dispose();
    }

    internal static TrtEngine Take(EngineHandle handle, TensorRtLibrary library, CudaContext runtimes, string source)
    {
        CudaContext? context = null;
        try
        {
            context = runtimes.Share();
            return new TrtEngine(handle, library, context, source);
        }
        catch
        {
            handle.Dispose();
            context?.Dispose();
            throw;
        }
    }

    internal void Check(int status, string what)
    {
        if (status < 0)
            Throw(status, $"{_source}: {what}");
    }

    // TensorRT has one word for all that the driver refuses it; that a context is lost must be told alike, whoever finds it first.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Throw(int status, string what)
    {
        TrtVocoderException refusal = Shim.CreateException(status, what);
        Context?.ThrowIfLost(what);
        throw refusal;
    }

    private unsafe ExecutionContextHandle MakeContext(bool bringsScratch)
    {
        using BoundLease engine = _handle.Enter();
        nint context;
        Check(
            Shim.Api.trtv_execution_context_create(
                engine.Value, (int)(bringsScratch ? trtv_allocation_strategy.TRTV_ALLOCATION_USER_MANAGED : trtv_allocation_strategy.TRTV_ALLOCATION_STATIC), &context),
            $"making an execution context ({(bringsScratch ? 0 : DeviceMemoryBytes / (1 << 20))} MiB of GPU memory)");
        return new ExecutionContextHandle(Shim, context, Context);
    }

    private unsafe trtv_engine_info ReadInfo()
    {
        trtv_engine_info info = new() { struct_size = (uint)sizeof(trtv_engine_info) };
        Check(Shim.Api.trtv_engine_get_info(_handle.DangerousGetHandle(), &info), "asking what it is");
        return info;
    }

    private unsafe TrtTensor ReadTensor(int index)
    {
        trtv_tensor_info info = new() { struct_size = (uint)sizeof(trtv_tensor_info) };
        Check(Shim.Api.trtv_engine_get_tensor(_handle.DangerousGetHandle(), index, &info), "listing its tensors");
        return new TrtTensor(
            Marshal.PtrToStringUTF8((nint)info.name) ?? "",
            info.mode == (int)trtv_tensor_mode.TRTV_TENSOR_MODE_INPUT,
            (TrtDataType)info.data_type,
            info.location == (int)trtv_tensor_location.TRTV_TENSOR_LOCATION_HOST,
            info.format == (int)trtv_tensor_format.TRTV_TENSOR_FORMAT_LINEAR,
            Marshal.PtrToStringUTF8((nint)info.format_description) ?? "",
            new ReadOnlySpan<long>(info.sizes, Math.Clamp(info.rank, 0, TrtvShim.TRTV_MAX_RANK)).ToArray());
    }
}
