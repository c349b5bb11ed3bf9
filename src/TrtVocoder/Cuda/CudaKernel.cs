using System.Text;
using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>A kernel of ours, compiled by the driver for the GPU at hand. Calls are thread-safe.</summary>
internal sealed class CudaKernel : IDisposable
{
    private readonly CudaModuleHandle _module;
    private readonly nint _function;

    private CudaKernel(CudaModuleHandle module, nint function) => (_module, _function) = (module, function);

    /// <summary>Compiles PTX (NVIDIA's assembler text) and finds a kernel in it. The driver keeps what it compiled on disk, where it may.</summary>
    /// <param name="context">The context.</param>
    /// <param name="ptx">The text, ended by a zero byte.</param>
    /// <param name="name">The kernel's name.</param>
    /// <param name="mostSharedBytes">Shared memory that a launch may ask for.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static CudaKernel Load(CudaContext context, byte[] ptx, string name, int mostSharedBytes)
    {
        CudaModuleHandle module = context.Create(ptx, static (text, handle) => MakeModule(text, handle));
        try
        {
            return new CudaKernel(module, FindFunction(module, name, mostSharedBytes));
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }

    /// <summary>Enqueues a run, also into a graph that the stream is recorded into. The arguments are copied at once.</summary>
    /// <typeparam name="T">The kernel's one parameter.</typeparam>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch<T>(CudaStream stream, in T arguments, int gridX, int gridY, int threads, int sharedBytes)
        where T : unmanaged
    {
        using HandleLease queue = stream.Lease();
        Launch(queue.Value, arguments, gridX, gridY, threads, sharedBytes);
    }

    /// <summary>The same on a stream of the caller's (CUstream, cudaStream_t) of the same GPU's primary context.</summary>
    /// <typeparam name="T">The kernel's one parameter.</typeparam>
    /// <exception cref="CudaException">The driver refused.</exception>
    public unsafe void Launch<T>(nint stream, in T arguments, int gridX, int gridY, int threads, int sharedBytes)
        where T : unmanaged
    {
        using BoundLease module = _module.Enter();
        fixed (T* argument = &arguments)
        {
            void* parameters = argument;
            CudaStatus.Check(
                CudaDriver.cuLaunchKernel(
                    _function, (uint)gridX, (uint)gridY, 1, (uint)threads, 1, 1, (uint)sharedBytes, stream, &parameters, null),
                nameof(CudaDriver.cuLaunchKernel));
        }
    }

    /// <summary>Unloads the kernel; what was enqueued must be done.</summary>
    public void Dispose() => _module.Dispose();

    private static unsafe CudaModuleHandle MakeModule(byte[] ptx, CudaContextHandle context)
    {
        nint module;
        fixed (byte* text = ptx)
            CudaStatus.Check(CudaDriver.cuModuleLoadData(&module, text), nameof(CudaDriver.cuModuleLoadData));
        return new CudaModuleHandle(context, module);
    }

    private static unsafe nint FindFunction(CudaModuleHandle module, string name, int mostSharedBytes)
    {
        using BoundLease loaded = module.Enter();
        nint function;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            CudaStatus.Check(CudaDriver.cuModuleGetFunction(&function, loaded.Value, text), nameof(CudaDriver.cuModuleGetFunction));
        CudaStatus.Check(
            CudaDriver.cuFuncSetAttribute(
                function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, mostSharedBytes),
            nameof(CudaDriver.cuFuncSetAttribute));
        return function;
    }
}
