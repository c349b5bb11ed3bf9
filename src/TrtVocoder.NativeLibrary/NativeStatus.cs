using TrtVocoder.Cuda;
using TrtVocoder.TensorRt;

namespace TrtVocoder.NativeLibrary;

/// <summary>What a call came to: <c>trtvocoder_status</c>.</summary>
internal enum NativeStatus
{
    Ok = 0,
    InvalidArgument = -1,
    OutOfMemory = -2,
    FileSystem = -3,
    BadData = -4,
    MissingLibrary = -5,
    Cuda = -6,
    TensorRt = -7,
    Busy = -8,
    Model = -9,
    Forked = -10,
    Unsupported = -11,
    Internal = -12,
    Cancelled = -13,
    InvalidState = -14,
}

/// <summary>An exception's status.</summary>
internal static class NativeStatusExtensions
{
    public static NativeStatus ToStatus(this Exception error) => error switch
    {
        OutOfMemoryException => NativeStatus.OutOfMemory,
        { InnerException: OutOfMemoryException } => NativeStatus.OutOfMemory,
        TrtVocoderException { Kind: FailureKind.OptionsDoNotFit or FailureKind.NoSuchGpu } => NativeStatus.InvalidArgument,
        TrtVocoderException { Kind: FailureKind.PoolBusy } => NativeStatus.Busy,
        OperationCanceledException => NativeStatus.Cancelled,
        StreamStateException => NativeStatus.InvalidState,
        NativeLibraryException or TrtVocoderException { Kind: FailureKind.NoGpu } => NativeStatus.MissingLibrary,
        DataFormatException => NativeStatus.BadData,
        CudaException => NativeStatus.Cuda,
        TensorRtException => NativeStatus.TensorRt,
        TrtVocoderException => NativeStatus.Model,
        ArgumentException or ObjectDisposedException or FormatException => NativeStatus.InvalidArgument,
        NotSupportedException => NativeStatus.Unsupported,
        InvalidOperationException => NativeStatus.Busy,
        IOException or UnauthorizedAccessException => NativeStatus.FileSystem,
        _ => NativeStatus.Internal,
    };
}
