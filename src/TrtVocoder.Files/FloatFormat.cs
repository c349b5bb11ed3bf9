namespace TrtVocoder.Files;

/// <summary>How a file stores the values of a floating-point tensor.</summary>
public enum FloatFormat
{
    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>The upper half of a binary32.</summary>
    BF16,

    /// <summary>IEEE 754 binary64.</summary>
    F64,
}
