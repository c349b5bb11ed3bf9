using System.Text;

namespace TrtVocoder.Decoding;

/// <summary>Reads the metadata_props of an ONNX model, and nothing else of it: enough for a sidecar, without a protobuf library.</summary>
internal static class OnnxMetadata
{
    // onnx.proto: ModelProto.metadata_props, StringStringEntryProto.key and .value.
    private const ulong PropsField = 14;
    private const ulong KeyField = 1;
    private const ulong ValueField = 2;
    private const int LengthWire = 2;

    /// <exception cref="DataFormatException">The model is truncated or no protobuf message.</exception>
    public static IReadOnlyDictionary<string, string> Read(ReadOnlySpan<byte> model, string source)
    {
        Dictionary<string, string> properties = [];
        while (model.Length > 0)
        {
            if (Next(ref model, source, out ReadOnlySpan<byte> entry) != PropsField)
                continue;
            (string key, string value) = ("", "");
            while (entry.Length > 0)
            {
                ulong field = Next(ref entry, source, out ReadOnlySpan<byte> text);
                if (field == KeyField)
                    key = Encoding.UTF8.GetString(text);
                else if (field == ValueField)
                    value = Encoding.UTF8.GetString(text);
            }
            properties[key] = value;
        }
        return properties;
    }

    // The next field's number and, if it has a length, its content.
    private static ulong Next(ref ReadOnlySpan<byte> message, string source, out ReadOnlySpan<byte> content)
    {
        content = default;
        ulong tag = Varint(ref message, source);
        int skip;
        switch ((int)(tag & 7))
        {
            case 0:
                Varint(ref message, source);
                return tag >> 3;
            case 1:
                skip = 8;
                break;
            case LengthWire:
                ulong length = Varint(ref message, source);
                skip = length > (ulong)message.Length ? throw Bad(source) : (int)length;
                content = message[..skip];
                break;
            case 5:
                skip = 4;
                break;
            default:
                throw Bad(source);
        }
        if (skip > message.Length)
            throw Bad(source);
        message = message[skip..];
        return tag >> 3;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> message, string source)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (message.Length == 0)
                throw Bad(source);
            byte next = message[0];
            message = message[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw Bad(source);
    }

    private static DataFormatException Bad(string source) => new($"{source}: this is not an ONNX model, or it is truncated; export it again.");
}
