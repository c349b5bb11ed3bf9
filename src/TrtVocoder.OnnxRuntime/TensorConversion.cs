using Microsoft.ML.OnnxRuntime.Tensors;

namespace TrtVocoder.OnnxRuntime;

/// <summary>Between float32 and the other types that models take and give.</summary>
internal static class TensorConversion
{
    /// <summary>Bytes of an element.</summary>
    public static int SizeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float16 or TensorElementType.Int16 => 2,
        TensorElementType.Double or TensorElementType.Int64 => 8,
        TensorElementType.Bool => 1,
        _ => 4,
    };

    /// <summary>Narrows.</summary>
    public static void ToSingle(ReadOnlySpan<double> source, Span<float> destination)
    {
        for (int i = 0; i < source.Length; i++)
            destination[i] = (float)source[i];
    }

    /// <summary>16-bit samples: full scale is 1.</summary>
    public static void ToSingle(ReadOnlySpan<short> source, Span<float> destination)
    {
        for (int i = 0; i < source.Length; i++)
            destination[i] = source[i] / 32768f;
    }

    /// <summary>Widens.</summary>
    public static void ToDouble(ReadOnlySpan<float> source, Span<double> destination)
    {
        for (int i = 0; i < source.Length; i++)
            destination[i] = source[i];
    }
}
