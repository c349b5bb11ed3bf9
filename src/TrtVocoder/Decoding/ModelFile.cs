namespace TrtVocoder.Decoding;

/// <summary>Tells model files apart by their content, so that a wrong or missing extension does no harm.</summary>
internal static class ModelFile
{
    /// <summary>Reads the beginning of a file (and, of an ONNX model, the outermost field headers).</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DataFormatException">The file is neither kind, or is a truncated ONNX model.</exception>
    public static ModelFileKind Detect(string path)
    {
        if (Directory.Exists(path))
            throw new DataFormatException($"{path} is a folder; expected an .onnx model or a TensorRT .engine file.");
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no model file {path}.", path);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 4096);
        Span<byte> head = stackalloc byte[FileContent.PrefixLength];
        int read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return Detect(file, head[..read], path);
    }

    /// <summary>The same for a model in memory.</summary>
    /// <param name="model">The bytes of a model file.</param>
    /// <param name="source">Its name for messages.</param>
    /// <exception cref="DataFormatException">It is neither kind, or is a truncated ONNX model.</exception>
    public static ModelFileKind Detect(byte[] model, string source)
    {
        using MemoryStream stream = new(model, writable: false);
        return Detect(stream, model.AsSpan(0, Math.Min(model.Length, FileContent.PrefixLength)), source);
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <exception cref="DataFormatException">It is larger than an array can be.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] ReadAll(Stream stream, string source)
    {
        if (stream.CanSeek && stream.Length - stream.Position > Array.MaxLength)
            throw new DataFormatException($"{source} holds {stream.Length - stream.Position} bytes; a model of more than "
                + $"{Array.MaxLength} is loaded from a file only.");
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static ModelFileKind Detect(Stream stream, ReadOnlySpan<byte> head, string source)
    {
        if (head.IsEmpty)
            throw new DataFormatException($"{source} is empty; expected an .onnx model or a TensorRT .engine file.");
        if (EngineMagic.IsEngine(head))
            return ModelFileKind.Engine;
        return IsOnnx(stream, source)
            ? ModelFileKind.Onnx
            : throw new DataFormatException(
                $"{source} is neither an ONNX model nor a TensorRT engine (it begins with "
                    + $"{Convert.ToHexString(head[..Math.Min(head.Length, 4)])}){FileContent.Describe(head, source)}.");
    }

    /// <summary>Walks the fields of onnx.proto's ModelProto: all known, all of the right wire type, one of them the graph.</summary>
    private static bool IsOnnx(Stream file, string path)
    {
        bool versionSeen = false;
        bool graphSeen = false;
        while (file.Position < file.Length)
        {
            if (!ProtobufWire.TryReadVarint(file, file.Length, out ulong tag))
                return versionSeen && graphSeen ? throw Truncated() : false;
            (ulong field, int wire) = (tag >> 3, (int)(tag & 7));
            // ir_version and model_version are numbers; producer, domain, doc_string, graph, opset_import, metadata_props, training_info,
            // functions, configuration have lengths.
            int expectedWire = field switch
            {
                1 or 5 => ProtobufWire.Varint,
                2 or 3 or 4 or 6 or 7 or 8 or 14 or 20 or 25 or 26 => ProtobufWire.Length,
                _ => -1,
            };
            if (wire != expectedWire || !ProtobufWire.TryReadVarint(file, file.Length, out ulong value))
                return false;
            versionSeen |= field == 1;
            graphSeen |= field == 7;
            if (wire != ProtobufWire.Length)
                continue;
            if (value > (ulong)(file.Length - file.Position))
                return versionSeen ? throw Truncated() : false;
            file.Position += (long)value;
        }
        return graphSeen || (versionSeen ? throw Truncated() : false);

        DataFormatException Truncated() => new($"{path} is a truncated ONNX model of {file.Length} bytes; copy or export it again.");
    }
}
