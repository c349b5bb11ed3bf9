namespace TrtVocoder.Decoding;

/// <summary>Tells model files apart by their content, so that a wrong or missing extension does no harm.</summary>
public static class ModelFile
{
    private const int VarintWire = 0;
    private const int LengthWire = 2;

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
        Span<byte> head = stackalloc byte[4];
        int read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        if (read == 0)
            throw new DataFormatException($"{path} is empty; expected an .onnx model or a TensorRT .engine file.");
        head = head[..read];
        // The magic of a TensorRT and of a TensorRT-RTX plan, read off real files.
        if (head.SequenceEqual("ftrt"u8) || head.SequenceEqual("vtrt"u8))
            return ModelFileKind.Engine;
        file.Position = 0;
        return IsOnnx(file, path)
            ? ModelFileKind.Onnx
            : throw new DataFormatException($"{path} is neither an ONNX model nor a TensorRT engine (it begins with {Convert.ToHexString(head)}).");
    }

    /// <summary>Walks the fields of onnx.proto's ModelProto: all known, all of the right wire type, one of them the graph.</summary>
    private static bool IsOnnx(FileStream file, string path)
    {
        bool versionSeen = false;
        bool graphSeen = false;
        while (file.Position < file.Length)
        {
            if (!TryReadVarint(file, out ulong tag))
                return versionSeen && graphSeen ? throw Truncated() : false;
            (ulong field, int wire) = (tag >> 3, (int)(tag & 7));
            // ir_version and model_version are numbers; producer, domain, doc_string, graph, opset_import, metadata_props, training_info, functions, configuration have lengths.
            int expectedWire = field switch { 1 or 5 => VarintWire, 2 or 3 or 4 or 6 or 7 or 8 or 14 or 20 or 25 or 26 => LengthWire, _ => -1 };
            if (wire != expectedWire || !TryReadVarint(file, out ulong value))
                return false;
            versionSeen |= field == 1;
            graphSeen |= field == 7;
            if (wire != LengthWire)
                continue;
            if (value > (ulong)(file.Length - file.Position))
                return versionSeen ? throw Truncated() : false;
            file.Position += (long)value;
        }
        return graphSeen || (versionSeen ? throw Truncated() : false);

        DataFormatException Truncated() => new($"{path} is a truncated ONNX model of {file.Length} bytes; copy or export it again.");
    }

    private static bool TryReadVarint(FileStream file, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = file.ReadByte();
            if (next < 0)
                return false;
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return true;
        }
        return false;
    }
}
