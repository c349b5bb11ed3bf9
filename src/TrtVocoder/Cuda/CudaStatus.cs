using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>The one way from a driver status to an exception.</summary>
internal static class CudaStatus
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(CUresult result, string call)
    {
        if (result != CUresult.CUDA_SUCCESS)
            Throw(result, call);
    }

    /// <summary>For queries: true when done, false when not yet.</summary>
    public static bool CheckQuery(CUresult result, string call)
    {
        if (result == CUresult.CUDA_ERROR_NOT_READY)
            return false;
        Check(result, call);
        return true;
    }

    /// <summary>For what came of a call that was only made to find out whether the context is lost.</summary>
    public static void ThrowIfLost(CUresult result, string call)
    {
        if (LosesContext((int)result))
            Throw(result, call);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Throw(CUresult result, string call)
    {
        string name = NameOf(result);
        throw new CudaException(call, (int)result, name, $"CUDA: {call} failed with {name} ({(int)result}): {Advice(result)}.")
        {
            Kind = result switch
            {
                CUresult.CUDA_ERROR_NO_DEVICE => FailureKind.NoGpu,
                CUresult.CUDA_ERROR_INVALID_DEVICE => FailureKind.NoSuchGpu,
                _ when LosesContext((int)result) => FailureKind.ContextLost,
                _ => FailureKind.Other,
            },
        };
    }

    // Of the driver's list those that say that the process must be ended, and that the driver is going.
    private static bool LosesContext(int result) => result is 4 or 214 or 220 or 700 or 702 or 709 or 710 or (>= 714 and <= 719);

    // The driver's own name: newer drivers know errors that our list does not.
    private static unsafe string NameOf(CUresult result)
    {
        byte* name = null;
        if (CudaDriver.cuGetErrorName(result, &name) == CUresult.CUDA_SUCCESS && name != null
            && Marshal.PtrToStringUTF8((nint)name) is { Length: > 0 } text)
            return text;
        return Enum.GetName(result) ?? "an unknown error";
    }

    private static string Advice(CUresult result) => result switch
    {
        CUresult.CUDA_ERROR_OUT_OF_MEMORY =>
            "memory on the GPU, or memory that can be pinned, is used up; close other programs, or use fewer sessions or a smaller batch",
        CUresult.CUDA_ERROR_NO_DEVICE =>
            "the NVIDIA driver is installed but there is no GPU that it may use; check with nvidia-smi, and that CUDA_VISIBLE_DEVICES "
                + "does not hide it",
        CUresult.CUDA_ERROR_STUB_LIBRARY =>
            "libcuda.so.1 is the stub for linking, not the driver; take the CUDA toolkit's stubs folder out of LD_LIBRARY_PATH",
        CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH =>
            "the kernel's NVIDIA module and libcuda.so.1 are of different versions; restart the machine after a driver update",
        CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE => "the GPU is in use in exclusive mode by another process",
        CUresult.CUDA_ERROR_INVALID_DEVICE => "there is no GPU with that number",
        CUresult.CUDA_ERROR_ILLEGAL_ADDRESS or CUresult.CUDA_ERROR_LAUNCH_FAILED or CUresult.CUDA_ERROR_LAUNCH_TIMEOUT or CUresult.CUDA_ERROR_ECC_UNCORRECTABLE
            => "a kernel failed and the CUDA context of this process is lost; restart the process",
        CUresult.CUDA_ERROR_DEINITIALIZED => "the driver is shutting down because the process is ending",
        CUresult.CUDA_ERROR_INVALID_VALUE or CUresult.CUDA_ERROR_INVALID_HANDLE or CUresult.CUDA_ERROR_INVALID_CONTEXT
            => "a pointer, stream or context that was passed in is not valid on this GPU",
        CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED or CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
            => "this work cannot be captured into a CUDA graph; run it without one",
        _ => "see NVIDIA's list of CUresult codes; 'nvidia-smi' and the kernel's log may say more",
    };
}
