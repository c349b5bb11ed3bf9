using System.Runtime.InteropServices;
using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>
/// TensorRT's runtime on one GPU: loads engines. Thread-safe. Engines outlive it: disposing of the runtime first is harmless.
/// </summary>
internal sealed class TrtRuntime : IDisposable
{
    private readonly Lock _gate = new();
    private readonly RuntimeHandle _handle;

    private TrtRuntime(TensorRtLibrary library, CudaContext context, RuntimeHandle handle)
    {
        Library = library;
        Context = context;
        _handle = handle;
    }

    /// <summary>Starts the runtime.</summary>
    /// <param name="library">The library; its handle may be disposed of afterwards.</param>
    /// <param name="device">The GPU's number.</param>
    /// <param name="allowHostCode">
    /// Lets engines be loaded that carry executable code (version-compatible ones): only for engines that are trusted.
    /// </param>
    /// <param name="hostsContext">A CUcontext of the host's to work in; 0: the GPU's primary one.</param>
    /// <exception cref="NativeLibraryException">There is no NVIDIA driver.</exception>
    /// <exception cref="CudaException">The driver finds no GPU or no such context, or refused.</exception>
    /// <exception cref="TensorRtException">TensorRT refused.</exception>
    public static TrtRuntime Create(TensorRtLibrary library, int device = 0, bool allowHostCode = false, nint hostsContext = 0)
    {
        ArgumentNullException.ThrowIfNull(library);
        CudaContext context = hostsContext != 0 ? CudaContext.Attach(hostsContext) : CudaContext.Retain(CudaDevice.Get(device));
        RuntimeHandle? handle = null;
        try
        {
            using BoundLease current = context.Enter();
            handle = Make(library, context);
            if (allowHostCode)
                library.Shim.Check(library.Shim.Api.trtv_runtime_allow_host_code(handle.DangerousGetHandle(), 1),
                    "Allowing engines with host code");
            return new TrtRuntime(library, context, handle);
        }
        catch
        {
            handle?.Dispose();
            context.Dispose();
            throw;
        }
    }

    /// <summary>The library it runs on.</summary>
    public TensorRtLibrary Library { get; }

    /// <summary>The GPU's context.</summary>
    public CudaContext Context { get; }

    /// <summary>Loads an engine file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DataFormatException">The file cannot be read, is truncated, or is no engine.</exception>
    /// <exception cref="TensorRtException">
    /// TensorRT refuses it: of another version or flavour, or for another GPU. The message says which, and how to rebuild.
    /// </exception>
    public TrtEngine Load(string path)
    {
        using EnginePlan plan = EnginePlan.Open(path);
        return Load(plan);
    }

    /// <summary>Loads an engine from memory, which is not needed afterwards.</summary>
    /// <param name="plan">The engine.</param>
    /// <param name="source">Its name for messages.</param>
    /// <exception cref="DataFormatException">The bytes are truncated, or no engine.</exception>
    /// <exception cref="TensorRtException">TensorRT refuses it; the message says why, and how to rebuild.</exception>
    public TrtEngine Load(ReadOnlySpan<byte> plan, string source) => Load(plan, EnginePlanHeader.Check(source, plan, plan.Length), source);

    /// <summary>Loads an engine whose header is read. The file is held outside the managed heap, and only until TensorRT has it.</summary>
    internal unsafe TrtEngine Load(EnginePlan plan)
    {
        if (plan.Bytes > Array.MaxLength)
            throw new DataFormatException($"{plan.Path}: the engine has {plan.Bytes} bytes, and at most {Array.MaxLength} can be loaded.");
        void* bytes = NativeMemory.Alloc((nuint)plan.Bytes);
        try
        {
            Span<byte> all = new(bytes, (int)plan.Bytes);
            plan.ReadTo(all);
            return Load(all, plan.Header, plan.Path);
        }
        finally
        {
            NativeMemory.Free(bytes);
        }
    }

    /// <summary>Loads an engine from memory whose header is read.</summary>
    internal unsafe TrtEngine Load(ReadOnlySpan<byte> plan, EnginePlanHeader header, string source)
    {
        using BoundLease runtime = _handle.Enter();
        nint engine;
        lock (_gate)
        {
            fixed (byte* data = plan)
            {
                int status = Library.Shim.Api.trtv_engine_create(runtime.Value, data, plan.Length, &engine);
                if (status < 0)
                    throw EngineRefusal.CreateException(Library, Context.Device, header, source, status);
            }
        }
        return TrtEngine.Take(new EngineHandle(Library.Shim, engine, Context), Library, Context, source);
    }

    /// <summary>Ends the runtime, once no engine needs it.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        Context.Dispose();
    }

    private static unsafe RuntimeHandle Make(TensorRtLibrary library, CudaContext context)
    {
        nint runtime;
        using HandleLease handle = new(library.Handle);
        library.Shim.Check(library.Shim.Api.trtv_runtime_create(handle.Value, &runtime), $"Starting {library.DisplayName}");
        return new RuntimeHandle(library.Shim, runtime, context);
    }
}
