using System.Buffers.Binary;

namespace TrtVocoder.Files;

/// <summary>Little-endian stored values to and from float32. Values beyond float32's range become infinities.</summary>
internal static class TensorElements
{
    /// <summary>Bytes of one stored value.</summary>
    public static int SizeOf(FloatFormat type) => type switch
    {
        FloatFormat.F64 => 8,
        FloatFormat.F32 => 4,
        _ => 2,
    };

    /// <summary>One stored value; <paramref name="source"/> starts at it.</summary>
    public static float Read(ReadOnlySpan<byte> source, FloatFormat type) => type switch
    {
        FloatFormat.F64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(source),
        FloatFormat.F32 => BinaryPrimitives.ReadSingleLittleEndian(source),
        FloatFormat.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(source),
        _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(source) << 16),
    };

    /// <summary>As many stored values as <paramref name="destination"/> takes.</summary>
    public static void Read(ReadOnlySpan<byte> source, FloatFormat type, Span<float> destination)
    {
        int size = SizeOf(type);
        for (int i = 0; i < destination.Length; i++)
            destination[i] = Read(source.Slice(i * size, size), type);
    }

    /// <summary>Stores values as float32 or float16.</summary>
    public static void Write(ReadOnlySpan<float> source, FloatFormat type, Span<byte> destination)
    {
        for (int i = 0; i < source.Length; i++)
        {
            if (type == FloatFormat.F32)
                BinaryPrimitives.WriteSingleLittleEndian(destination[(i * 4)..], source[i]);
            else
                BinaryPrimitives.WriteHalfLittleEndian(destination[(i * 2)..], (Half)source[i]);
        }
    }
}
