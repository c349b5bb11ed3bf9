namespace TrtVocoder;

/// <summary>The first bytes of engine files, read off real ones.</summary>
internal static class EngineMagic
{
    /// <summary>TensorRT's.</summary>
    public static ReadOnlySpan<byte> TensorRt => "ftrt"u8;

    /// <summary>TensorRT-RTX's.</summary>
    public static ReadOnlySpan<byte> TensorRtRtx => "vtrt"u8;

    /// <summary>Whether a file that starts so is an engine.</summary>
    public static bool IsEngine(ReadOnlySpan<byte> start) => start.StartsWith(TensorRt) || start.StartsWith(TensorRtRtx);
}
