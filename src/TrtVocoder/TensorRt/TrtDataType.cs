namespace TrtVocoder.TensorRt;

/// <summary>What a tensor's elements are; TensorRT's own numbers.</summary>
public enum TrtDataType
{
    /// <summary>FP32.</summary>
    Float,

    /// <summary>FP16.</summary>
    Half,

    /// <summary>Signed 8-bit, quantised.</summary>
    Int8,

    /// <summary>Signed 32-bit.</summary>
    Int32,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>Unsigned 8-bit.</summary>
    UInt8,

    /// <summary>8-bit float, E4M3.</summary>
    Fp8,

    /// <summary>bfloat16.</summary>
    BFloat16,

    /// <summary>Signed 64-bit.</summary>
    Int64,

    /// <summary>Signed 4-bit, two a byte.</summary>
    Int4,

    /// <summary>4-bit float, two a byte.</summary>
    Fp4,
}
