namespace TrtVocoder.Decoding;

/// <summary>Protobuf's encoding as far as telling an ONNX file and reading its outline need it.</summary>
internal static class ProtobufWire
{
    public const int Varint = 0;
    public const int Fixed64 = 1;
    public const int Length = 2;
    public const int Fixed32 = 5;

    /// <summary>Reads a number of up to ten bytes that ends before a position; false where it does not.</summary>
    public static bool TryReadVarint(Stream stream, long end, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = stream.Position < end ? stream.ReadByte() : -1;
            if (next < 0)
                return false;
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return true;
        }
        return false;
    }
}
