using System.Text;

namespace TrtVocoder.Decoding;

/// <summary>
/// What an ONNX file says around its network: read by walking its protobuf fields, without a library and without its weights. Nothing is
/// taken on trust from a stranger's file that a runtime would crash over, where that can be told cheaply. Safe for use by many threads.
/// </summary>
/// <remarks>Fields: onnx.proto. The bounds stand in docs/formats.md.</remarks>
internal sealed record OnnxOutline
{
    private const int MaxProperties = 10_000;
    private const int MaxTextBytes = 1 << 20;

    /// <summary>The strings of metadata_props.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>Names of the files beside the model that its weights lie in; empty where they are in the model.</summary>
    public required IReadOnlyList<string> ExternalFiles { get; init; }

    /// <summary>Reads the outline of a file.</summary>
    /// <exception cref="DataFormatException">
    /// The model is truncated, no protobuf message, without outputs, or names a property twice.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static OnnxOutline Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 4096);
        return Read(file, path);
    }

    /// <summary>Reads the outline of a model in memory.</summary>
    /// <param name="model">The bytes of an <c>.onnx</c> file.</param>
    /// <param name="source">Its name for messages.</param>
    /// <exception cref="DataFormatException">
    /// The model is truncated, no protobuf message, without outputs, or names a property twice.
    /// </exception>
    public static OnnxOutline Read(byte[] model, string source)
    {
        using MemoryStream stream = new(model, writable: false);
        return Read(stream, source);
    }

    /// <summary>
    /// Checks that the files of weights beside a model are there: the runtimes' own words for one that lacks do not name it.
    /// </summary>
    /// <param name="path">The model's path.</param>
    /// <exception cref="DataFormatException">One is missing, or lies elsewhere than in the model's folder.</exception>
    public void RequireExternalFiles(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (string name in ExternalFiles)
        {
            if (Path.IsPathRooted(name) || name.Split('/', '\\').Contains(".."))
                throw new DataFormatException(
                    $"{path}: its weights lie in '{PrintableText.Name(name)}', outside of its folder; such models are not loaded.");
            if (!File.Exists(Path.Combine(folder, name)))
                throw new DataFormatException($"{path}: its weights lie in a file beside it, and "
                    + $"{Path.Combine(folder, PrintableText.Name(name))} does not exist; copy that, too.");
        }
    }

    private static OnnxOutline Read(Stream stream, string source)
    {
        Walker walker = new(stream, source);
        Dictionary<string, string> properties = new(StringComparer.Ordinal);
        SortedSet<string> files = new(StringComparer.Ordinal);
        bool hasGraph = false;
        bool hasOutput = false;
        foreach ((ulong field, long end) in walker.Fields(stream.Length))
        {
            if (field == 7)
            {
                hasGraph = true;
                hasOutput |= ReadGraph(walker, end, files);
            }
            else if (field == 14)
            {
                (string key, string value) = walker.ReadPair(end);
                if (properties.Count == MaxProperties)
                    throw new DataFormatException($"{source}: it holds more than {MaxProperties} metadata, which is not supported.");
                if (key.Contains('\0', StringComparison.Ordinal))
                    throw new DataFormatException(
                        $"{source}: the name '{PrintableText.Name(key)}' in its metadata holds a NUL character; export the model again.");
                if (!properties.TryAdd(key, value))
                    throw new DataFormatException(
                        $"{source}: its metadata hold '{PrintableText.Name(key)}' twice; export the model again.");
            }
        }
        if (hasGraph && !hasOutput)
            throw new DataFormatException($"{source}: its network has no outputs; export the model again.");
        return new OnnxOutline { Metadata = properties, ExternalFiles = [.. files] };
    }

    // GraphProto: initializer 5, output 12. TensorProto: external_data 13, of which one entry is the location.
    private static bool ReadGraph(Walker walker, long end, SortedSet<string> files)
    {
        bool hasOutput = false;
        foreach ((ulong field, long fieldEnd) in walker.Fields(end))
        {
            hasOutput |= field == 12;
            if (field != 5)
                continue;
            foreach ((ulong part, long partEnd) in walker.Fields(fieldEnd))
                if (part == 13 && walker.ReadPair(partEnd) is ("location", var location) && files.Count < 1000)
                    files.Add(location);
        }
        return hasOutput;
    }

    /// <summary>Goes from field to field of nested messages; those with a length are entered or jumped over.</summary>
    private sealed class Walker(Stream stream, string source)
    {
        /// <summary>
        /// The fields up to a position: number, and the end of the content where it has a length (else 0). What was not read of a field is
        /// skipped.
        /// </summary>
        public IEnumerable<(ulong Field, long End)> Fields(long end)
        {
            while (stream.Position < end)
            {
                ulong tag = Varint(end);
                int wire = (int)(tag & 7);
                ulong value = wire switch
                {
                    ProtobufWire.Varint or ProtobufWire.Length => Varint(end),
                    ProtobufWire.Fixed64 => 8,
                    ProtobufWire.Fixed32 => 4,
                    _ => throw Bad(),
                };
                ulong skip = wire == ProtobufWire.Varint ? 0 : value;
                if (skip > (ulong)(end - stream.Position))
                    throw Bad();
                long next = stream.Position + (long)skip;
                yield return (tag >> 3, wire == ProtobufWire.Length ? next : 0);
                stream.Position = next;
            }
        }

        /// <summary>A StringStringEntryProto: key 1, value 2.</summary>
        public (string Key, string Value) ReadPair(long end)
        {
            (string key, string value) = ("", "");
            foreach ((ulong field, long fieldEnd) in Fields(end))
            {
                if (field == 1 && fieldEnd > 0)
                    key = ReadText(fieldEnd);
                else if (field == 2 && fieldEnd > 0)
                    value = ReadText(fieldEnd);
            }
            return (key, value);
        }

        private string ReadText(long end)
        {
            long length = end - stream.Position;
            if (length > MaxTextBytes)
                throw new DataFormatException(
                    $"{source}: it holds a text of {length} bytes in its metadata; at most {MaxTextBytes} are read.");
            byte[] text = new byte[length];
            stream.ReadExactly(text);
            return Encoding.UTF8.GetString(text);
        }

        private ulong Varint(long end) => ProtobufWire.TryReadVarint(stream, end, out ulong value) ? value : throw Bad();

        private DataFormatException Bad() => new($"{source}: this is not an ONNX model, or it is truncated; export it again.");
    }
}
