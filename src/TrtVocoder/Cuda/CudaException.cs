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

    /// <summary>
    /// Whether every later call fails likewise, until the process ends: a kernel failed (of the list of CUresult: those that say "the process
    /// must be terminated and relaunched"), or the driver is going.
    /// </summary>
    internal bool IsContextLost => Code is 4 or 214 or 220 or 700 or 702 or 709 or 710 or (>= 714 and <= 719);
}
