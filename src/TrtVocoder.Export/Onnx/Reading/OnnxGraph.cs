using System.Globalization;
using Google.Protobuf;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.Files;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx.Reading;

/// <summary>A foreign model's graph: who makes a value, who uses it, and its stored tensors. Bounds stand in docs/formats.md.</summary>
internal sealed class OnnxGraph
{
    /// <summary>A Vocos of a hundred layers has some 3,000 nodes.</summary>
    private const int MaxNodes = 50_000;

    /// <summary>
    /// Fields of all messages of the file: what each takes as an object is much more than the two bytes that it may take in a file.
    /// </summary>
    private const int MaxFields = 500_000;

    private readonly Dictionary<string, TensorProto> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<int>> _consumers = new(StringComparer.Ordinal);
    private readonly string? _folder;

    private OnnxGraph(ModelProto model, string source, string? folder)
    {
        Source = source;
        _folder = folder;
        Nodes = model.Graph.Node;
        Opset = model.OpsetImport.Where(import => import.Domain is "" or "ai.onnx").Select(import =>
            import.Version).DefaultIfEmpty(1).Max();
        foreach (TensorProto tensor in model.Graph.Initializer)
            _stored[tensor.Name] = tensor;
        Inputs = [.. model.Graph.Input.Where(input => !_stored.ContainsKey(input.Name))];
        Outputs = model.Graph.Output;
        for (int index = 0; index < Nodes.Count; index++)
        {
            foreach (string output in Nodes[index].Output)
                if (output.Length > 0 && (!_producers.TryAdd(output, index) || _stored.ContainsKey(output)))
                    throw new DataFormatException($"{source}: its value '{PrintableText.Name(output)}' is made twice; export the model "
                        + $"again.");
            foreach (string input in Nodes[index].Input.Distinct())
                if (input.Length > 0)
                    (_consumers.TryGetValue(input, out List<int>? list) ? list : _consumers[input] = []).Add(index);
        }
    }

    public string Source { get; }

    public IReadOnlyList<NodeProto> Nodes { get; }

    /// <summary>The version of ONNX's own operators.</summary>
    public long Opset { get; }

    /// <summary>Inputs that are no stored tensors.</summary>
    public IReadOnlyList<ValueInfoProto> Inputs { get; }

    public IReadOnlyList<ValueInfoProto> Outputs { get; }

    /// <summary>Bytes of the file and of those beside it, which bound what is made of them.</summary>
    public required long Bytes { get; init; }

    /// <param name="model">The bytes of an .onnx file.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="folder">Where files of weights lie; null where there are none.</param>
    /// <exception cref="DataFormatException">The file is damaged, or out of bounds.</exception>
    public static OnnxGraph Parse(byte[] model, string source, string? folder)
    {
        int fields = 0;
        try
        {
            using CodedInputStream outline = new(model);
            CountFields(outline, depth: 0, ref fields, source);
            ModelProto proto = ModelProto.Parser.ParseFrom(model);
            if (proto.Graph is null)
                throw new DataFormatException($"{source}: it holds no network; export the model again.");
            if (proto.Graph.Node.Count > MaxNodes)
                throw new DataFormatException($"{source}: its network has {proto.Graph.Node.Count} nodes; no Vocos has more than "
                    + $"{MaxNodes}.");
            return new OnnxGraph(proto, source, folder) { Bytes = model.Length };
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new DataFormatException($"{source}: this is not an ONNX model, or it is truncated; export it again.", error);
        }
    }

    /// <summary>The node that makes a value; null for inputs and stored tensors.</summary>
    public int? ProducerOf(string value) => _producers.TryGetValue(value, out int index) ? index : null;

    /// <summary>The nodes that use a value, in the file's order.</summary>
    public IReadOnlyList<int> ConsumersOf(string value) => _consumers.TryGetValue(value, out List<int>? list) ? list : [];

    /// <summary>A stored tensor; null where there is none of the name.</summary>
    public NdArray? ReadStored(string name) => _stored.TryGetValue(name, out TensorProto? tensor) ? Read(tensor) : null;

    /// <summary>Whether a stored tensor has the name.</summary>
    public bool IsStored(string name) => _stored.ContainsKey(name);

    /// <summary>Element type of a stored tensor, of the weights' own precision; undefined where there is none of the name.</summary>
    public DataType TypeOf(string name) => _stored.TryGetValue(name, out TensorProto? tensor) ? (DataType)tensor.DataType
        : DataType.Undefined;

    /// <summary>How messages name a node.</summary>
    public string Describe(int index)
    {
        NodeProto node = Nodes[index];
        string name = node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault("");
        return $"node {index.ToString(CultureInfo.InvariantCulture)}, {PrintableText.Name(node.OpType)} '{PrintableText.Name(name)}'";
    }

    /// <summary>A tensor's values, wherever they lie.</summary>
    /// <exception cref="DataFormatException">They are missing, or of a type that no weights have.</exception>
    public NdArray Read(TensorProto tensor)
    {
        string name = PrintableText.Name(tensor.Name);
        long count = 1;
        foreach (long size in tensor.Dims)
        {
            if (size < 0 || size > int.MaxValue || (count *= size) > Array.MaxLength)
                throw new DataFormatException($"{Source}: its tensor '{name}' has no possible shape; export the model again.");
        }
        (FloatFormat? format, int size2) = (DataType)tensor.DataType switch
        {
            DataType.Float => ((FloatFormat?)FloatFormat.F32, 4),
            DataType.Double => (FloatFormat.F64, 8),
            DataType.Float16 => (FloatFormat.F16, 2),
            DataType.Bfloat16 => (FloatFormat.BF16, 2),
            DataType.Int32 => (null, 4),
            DataType.Int64 => (null, 8),
            DataType.Bool => (null, 1),
            _ => throw new DataFormatException($"{Source}: its tensor '{name}' is of type {tensor.DataType}, which is no type of "
                + $"weights that is read "
                + "here (float32, float64, float16, bfloat16): quantised models are not read back."),
        };
        ReadOnlySpan<byte> raw = tensor.DataLocation == 1 ? ReadExternal(tensor, count * size2) : tensor.RawData.Span;
        double[] values;
        if (raw.Length > 0 || count == 0)
        {
            if (raw.Length != count * size2)
                throw new DataFormatException($"{Source}: its tensor '{name}' holds {raw.Length} bytes, expected {count * size2}; "
                    + $"export the model again.");
            values = new double[count];
            for (int i = 0; i < values.Length; i++)
                values[i] = format is { } type && type == FloatFormat.F64 ? BitConverter.ToDouble(raw[(i * 8)..])
                    : format is { } narrow ? TensorElements.Read(raw[(i * size2)..], narrow)
                    : size2 == 8 ? BitConverter.ToInt64(raw[(i * 8)..]) : size2 == 4 ? BitConverter.ToInt32(raw[(i * 4)..]) : raw[i];
        }
        else
        {
            values = (DataType)tensor.DataType switch
            {
                DataType.Float => [.. tensor.FloatData.Select(value => (double)value)],
                DataType.Double => [.. tensor.DoubleData],
                DataType.Int64 => [.. tensor.Int64Data.Select(value => (double)value)],
                DataType.Float16 => [.. tensor.Int32Data.Select(value => (double)BitConverter.UInt16BitsToHalf((ushort)value))],
                DataType.Bfloat16 => [.. tensor.Int32Data.Select(value => (double)BitConverter.Int32BitsToSingle(value << 16))],
                _ => [.. tensor.Int32Data.Select(value => (double)value)],
            };
            if (values.Length != count)
                throw new DataFormatException($"{Source}: its tensor '{name}' holds {values.Length} values, expected {count}; export "
                    + $"the model again.");
        }
        return new NdArray([.. tensor.Dims.Select(size => (int)size)], values, format is null);
    }

    // Names, offsets and lengths come from the model; OnnxOutline has refused names outside of its folder.
    private byte[] ReadExternal(TensorProto tensor, long expected)
    {
        string name = PrintableText.Name(tensor.Name);
        string? location = tensor.ExternalData.FirstOrDefault(entry => entry.Key == "location")?.Value;
        if (location is null || _folder is null)
            throw new DataFormatException($"{Source}: its tensor '{name}' lies in another file, which is not at hand.");
        long offset = Number("offset") ?? 0;
        string path = Path.Combine(_folder, location);
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (Number("length") is { } length && length != expected)
                throw new DataFormatException($"{Source}: its tensor '{name}' has {length} bytes in {PrintableText.Name(location)}, "
                    + $"expected {expected}.");
            if (offset < 0 || offset > file.Length || expected > file.Length - offset)
                throw new DataFormatException($"{path} is truncated: a tensor of {PrintableText.Name(Source)} reaches beyond its "
                    + $"{file.Length} bytes; copy it again.");
            file.Position = offset;
            byte[] bytes = new byte[expected];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DataFormatException($"{path}, with weights of {PrintableText.Name(Source)}, cannot be read: {error.Message}", error);
        }

        long? Number(string key) => tensor.ExternalData.FirstOrDefault(entry => entry.Key == key)?.Value is { Length: > 0 } text
            ? long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : -1
            : null;
    }

    // Enters the messages that are made objects of: model → graph → nodes, tensors, inputs → attributes.
    private static void CountFields(CodedInputStream stream, int depth, ref int fields, string source)
    {
        const int MaxDepth = 8;
        for (uint tag = stream.ReadTag(); tag != 0; tag = stream.ReadTag())
        {
            if (++fields > MaxFields)
                throw new DataFormatException($"{source}: it holds more than {MaxFields} fields; no Vocos does.");
            if ((tag & 7) != 2)
            {
                stream.SkipLastField();
                continue;
            }
            int number = (int)(tag >> 3);
            bool isMessage = depth == 0 ? number is 7 or 8 or 14 : depth < MaxDepth && (depth != 1 || number is 1 or 5 or 11 or 12 or 13)
                && number != 9;
            ByteString bytes = stream.ReadBytes();
            if (!isMessage || bytes.Length == 0)
                continue;
            // A text may look like a message: what cannot be read as one is none.
            int before = fields;
            try
            {
                using CodedInputStream inner = bytes.CreateCodedInput();
                CountFields(inner, depth + 1, ref fields, source);
            }
            catch (InvalidProtocolBufferException) when (depth > 0)
            {
                fields = before + 1;
            }
        }
    }
}
