using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using TrtVocoder.Export.Onnx.Protos;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// Collects nodes and constants in order. Values go by name; a node is named scope/operator and its value after it, so that
/// TensorRT's layer names can be read: <c>/convnext.3/pwconv1/MatMul</c>.
/// </summary>
internal sealed class OnnxGraphBuilder(string graphName)
{
    private readonly GraphProto _graph = new() { Name = graphName };
    private readonly HashSet<string> _names = [];

    public GraphProto Graph => _graph;

    /// <summary>Adds an FP32 input; a dimension is a number or the name of an unknown one.</summary>
    public string AddInput(string name, params IEnumerable<object> dimensions)
    {
        Reserve(name);
        _graph.Input.Add(Describe(name, dimensions));
        return name;
    }

    /// <summary>Declares a value that some node makes as an FP32 output.</summary>
    public void AddOutput(string name, params IEnumerable<object> dimensions) => _graph.Output.Add(Describe(name, dimensions));

    /// <summary>Adds a node and returns the name of its one value.</summary>
    /// <param name="operation">ONNX operator.</param>
    /// <param name="scope">What the node belongs to, as <c>/convnext.3/pwconv1</c>.</param>
    /// <param name="inputs">Names of values made before.</param>
    /// <param name="attributes">See <see cref="OnnxAttributes"/>.</param>
    /// <param name="output">The value's name where it is an output of the graph.</param>
    public string AddNode(
        string operation, string scope, IEnumerable<string> inputs, IEnumerable<AttributeProto>? attributes = null, string? output = null)
    {
        string name = $"{scope}/{operation}";
        output ??= name + "_output_0";
        Reserve(name);
        Reserve(output);
        NodeProto node = new() { OpType = operation, Name = name };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        node.Attribute.AddRange(attributes ?? []);
        _graph.Node.Add(node);
        return output;
    }

    /// <summary>Keeps a range of each of these axes, whatever their lengths.</summary>
    public string Slice(string scope, string input, (int Axis, Range Range)[] ranges, string? output = null)
    {
        string[] bounds =
        [
            GetIntegers([.. ranges.Select(range => Bound(range.Range.Start))]),
            GetIntegers([.. ranges.Select(range => Bound(range.Range.End))]),
            GetIntegers([.. ranges.Select(range => (long)range.Axis)]),
        ];
        return AddNode("Slice", scope, [input, .. bounds], output: output);

        // ONNX counts from the end by negative numbers, so the end itself is a number that no axis reaches.
        static long Bound(Index index) => !index.IsFromEnd ? index.Value : index.Value == 0 ? long.MaxValue : -index.Value;
    }

    /// <summary>Adds an FP32 or FP16 constant, rounding to nearest for FP16.</summary>
    /// <exception cref="TrtVocoderException">A value is beyond FP16's range.</exception>
    public string AddConstant(string name, DataType type, ReadOnlySpan<float> values, params ReadOnlySpan<int> dimensions)
    {
        byte[] bytes;
        if (type == DataType.Float16)
        {
            Half[] halves = new Half[values.Length];
            for (int i = 0; i < halves.Length; i++)
            {
                halves[i] = (Half)values[i];
                if (Half.IsInfinity(halves[i]))
                    throw new TrtVocoderException($"The weights '{name}' hold {values[i].ToString("R", CultureInfo.InvariantCulture)}, "
                        + $"beyond FP16's range of ±65504: export with fp32.");
            }

            bytes = MemoryMarshal.AsBytes<Half>(halves).ToArray();
        }
        else
        {
            bytes = MemoryMarshal.AsBytes(values).ToArray();
        }

        return AddConstant(name, type, bytes, dimensions.ToArray().Select(size => (long)size));
    }

    /// <summary>The one-dimensional INT64 constant of these values, shared by all that ask for it.</summary>
    public string GetIntegers(params long[] values)
    {
        string name = "int64." + string.Join('_', values.Select(value =>
            value == long.MaxValue ? "max" : value.ToString(CultureInfo.InvariantCulture)));
        return _names.Contains(name)
            ? name
            : AddConstant(name, DataType.Int64, MemoryMarshal.AsBytes<long>(values).ToArray(), [values.Length]);
    }

    /// <summary>The INT64 scalar of this value, shared by all that ask for it.</summary>
    public string GetInteger(long value)
    {
        string name = "int64.scalar." + value.ToString(CultureInfo.InvariantCulture);
        return _names.Contains(name) ? name : AddConstant(name, DataType.Int64, BitConverter.GetBytes(value), []);
    }

    private string AddConstant(string name, DataType type, byte[] bytes, IEnumerable<long> dimensions)
    {
        Reserve(name);
        TensorProto tensor = new() { Name = name, DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(bytes) };
        tensor.Dims.AddRange(dimensions);
        _graph.Initializer.Add(tensor);
        return name;
    }

    private void Reserve(string name)
    {
        if (!_names.Add(name))
            throw new InvalidOperationException($"The name '{name}' is taken already.");
    }

    private static ValueInfoProto Describe(string name, IEnumerable<object> dimensions)
    {
        TensorShapeProto shape = new();
        shape.Dim.AddRange(dimensions.Select(dimension => dimension is int size
            ? new TensorShapeProto.Types.Dimension { DimValue = size }
            : new TensorShapeProto.Types.Dimension { DimParam = (string)dimension }));
        TypeProto.Types.Tensor type = new() { ElemType = (int)DataType.Float, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }
}
