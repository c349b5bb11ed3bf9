using System.Runtime.InteropServices;
using System.Text;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>Writes small ONNX files, also wrong ones, field by field (https://onnx.ai/onnx/api/classes.html), so that these tests do not rest on the exporter.</summary>
internal sealed class TinyOnnx
{
    public const int Float = 1;
    public const int Int16 = 5;
    public const int Int64 = 7;
    public const int Double = 11;
    public const int Float16 = 10;

    private readonly List<byte> _graph = [];
    private readonly List<byte> _metadata = [];

    /// <summary>An input; a dimension is a number or a name.</summary>
    public TinyOnnx Input(string name, int type, params object[] dimensions) => Value(11, name, type, dimensions);

    /// <summary>An output; a dimension is a number or a name.</summary>
    public TinyOnnx Output(string name, int type, params object[] dimensions) => Value(12, name, type, dimensions);

    /// <summary>A float32 weight.</summary>
    public TinyOnnx Weight(string name, float[] values, params int[] dimensions)
    {
        List<byte> tensor = [];
        foreach (int size in dimensions)
            Number(tensor, 1, size);
        Number(tensor, 2, Float);
        Bytes(tensor, 8, Encoding.UTF8.GetBytes(name));
        Bytes(tensor, 9, MemoryMarshal.AsBytes(values.AsSpan()));
        Bytes(_graph, 5, tensor.ToArray());
        return this;
    }

    /// <summary>An operator; an attribute is a whole number or several.</summary>
    public TinyOnnx Node(string operation, string[] inputs, string[] outputs, params (string Name, long[] Values)[] attributes)
    {
        List<byte> node = [];
        foreach (string input in inputs)
            Bytes(node, 1, Encoding.UTF8.GetBytes(input));
        foreach (string output in outputs)
            Bytes(node, 2, Encoding.UTF8.GetBytes(output));
        Bytes(node, 4, Encoding.UTF8.GetBytes(operation));
        foreach ((string name, long[] values) in attributes)
        {
            bool single = name is "axis" or "to" or "new_axis";
            List<byte> attribute = [];
            Bytes(attribute, 1, Encoding.UTF8.GetBytes(name));
            foreach (long value in values)
                Number(attribute, single ? 3 : 8, value);
            Number(attribute, 20, single ? 2 : 7);
            Bytes(node, 5, attribute.ToArray());
        }
        Bytes(_graph, 1, node.ToArray());
        return this;
    }

    /// <summary>A kernel-3 convolution with zero padding and a bias.</summary>
    public TinyOnnx Convolution(string input, string output, Convolution3 convolution) =>
        Weight(output + ".w", convolution.Weight, convolution.Outputs, convolution.Inputs, 3)
            .Weight(output + ".b", convolution.Bias, convolution.Outputs)
            .Node("Conv", [input, output + ".w", output + ".b"], [output], ("pads", [1, 1]), ("kernel_shape", [3]));

    /// <summary>Entries of metadata_props.</summary>
    public TinyOnnx Metadata(IEnumerable<KeyValuePair<string, string>> properties)
    {
        foreach ((string key, string value) in properties)
        {
            List<byte> entry = [];
            Bytes(entry, 1, Encoding.UTF8.GetBytes(key));
            Bytes(entry, 2, Encoding.UTF8.GetBytes(value));
            Bytes(_metadata, 14, entry.ToArray());
        }
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToBytes()
    {
        List<byte> model = [];
        Number(model, 1, 8);
        Bytes(_graph, 2, "g"u8);
        Bytes(model, 7, _graph.ToArray());
        List<byte> operators = [];
        Number(operators, 2, 17);
        Bytes(model, 8, operators.ToArray());
        model.AddRange(_metadata);
        return model.ToArray();
    }

    private TinyOnnx Value(int field, string name, int type, object[] dimensions)
    {
        List<byte> shape = [];
        foreach (object dimension in dimensions)
        {
            List<byte> size = [];
            if (dimension is int number)
                Number(size, 1, number);
            else
                Bytes(size, 2, Encoding.UTF8.GetBytes((string)dimension));
            Bytes(shape, 1, size.ToArray());
        }
        List<byte> tensor = [];
        Number(tensor, 1, type);
        Bytes(tensor, 2, shape.ToArray());
        List<byte> typeProto = [];
        Bytes(typeProto, 1, tensor.ToArray());
        List<byte> info = [];
        Bytes(info, 1, Encoding.UTF8.GetBytes(name));
        Bytes(info, 2, typeProto.ToArray());
        Bytes(_graph, field, info.ToArray());
        return this;
    }

    private static void Number(List<byte> stream, int field, long value)
    {
        Varint(stream, (ulong)(field << 3));
        Varint(stream, (ulong)value);
    }

    private static void Bytes(List<byte> stream, int field, ReadOnlySpan<byte> value)
    {
        Varint(stream, (ulong)((field << 3) | 2));
        Varint(stream, (ulong)value.Length);
        stream.AddRange(value);
    }

    private static void Varint(List<byte> stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            stream.Add((byte)(value | 0x80));
        stream.Add((byte)value);
    }
}
