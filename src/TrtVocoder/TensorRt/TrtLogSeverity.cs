namespace TrtVocoder.TensorRt;

/// <summary>How grave a log message is, in TensorRT's own steps.</summary>
public enum TrtLogSeverity
{
    /// <summary>A fault inside TensorRT.</summary>
    InternalError,

    /// <summary>A call failed.</summary>
    Error,

    /// <summary>Something worth changing.</summary>
    Warning,

    /// <summary>What is going on.</summary>
    Info,

    /// <summary>Everything.</summary>
    Verbose,
}
