namespace TrtVocoder.Cuda;

/// <summary>A call of the CUDA driver failed. The message names the call, the driver's error and what to do.</summary>
public sealed class CudaException : TrtVocoderException
{
    /// <summary>Creates the exception for one failed call.</summary>
    /// <param name="call">The driver function, e.g. <c>cuMemAlloc_v2</c>.</param>
    /// <param name="code">The driver's CUresult.</param>
    /// <param name="errorName">The driver's name for it, e.g. <c>CUDA_ERROR_OUT_OF_MEMORY</c>.</param>
    /// <param name="message">The sentence for the user.</param>
    public CudaException(string call, int code, string errorName, string message)
        : base(message)
    {
        Call = call;
        Code = code;
        ErrorName = errorName;
    }

    /// <summary>The driver function that failed.</summary>
    public string Call { get; }

    /// <summary>The driver's CUresult.</summary>
    public int Code { get; }

    /// <summary>The driver's name for <see cref="Code"/>.</summary>
    public string ErrorName { get; }
}
