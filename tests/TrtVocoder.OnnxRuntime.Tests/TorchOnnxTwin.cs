using System.Runtime.InteropServices;
using Google.Protobuf;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.Files;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>
/// A checkpoint as torch.onnx writes it with opset 17: renamed and transposed weights of linear layers, GELU as a chain around Erf, equal
/// weights shared by Identity nodes, halves whose bounds are computed of the shape. Made for public files' twins, whose size no fixture has.
/// </summary>
internal sealed class TorchOnnxTwin
{
    private readonly GraphProto _graph = new() { Name = "torch_jit" };
    private readonly VocosCheckpoint _checkpoint;
    private int _number = 100;

    private TorchOnnxTwin(VocosCheckpoint checkpoint) => _checkpoint = checkpoint;

    /// <summary>Writes the model.</summary>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="input">The mel's name.</param>
    /// <param name="outputs">Names of magnitude, cosine and sine, or of real and imaginary parts.</param>
    /// <param name="metadata">As sherpa-onnx writes it.</param>
    public static byte[] Write(VocosCheckpoint checkpoint, string input, string[] outputs, IReadOnlyDictionary<string, string> metadata)
    {
        TorchOnnxTwin twin = new(checkpoint);
        twin.Emit(input, outputs);
        ModelProto model = new() { IrVersion = 8, ProducerName = "pytorch", ProducerVersion = "2.1.0", Graph = twin._graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        foreach ((string key, string value) in metadata)
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model.ToByteArray();
    }

    private void Emit(string input, string[] outputs)
    {
        VocosConfig config = _checkpoint.Config;
        _graph.Input.Add(Value(input, "batch_size", config.MelCount, "time"));
        string x = Node("Conv", [input, Stored("backbone.embed.weight"), Stored("backbone.embed.bias")], Ints("pads", 3, 3), Ints("kernel_shape", 7), Integer("group", 1));
        x = Turn(Norm("backbone.norm", Turn(x)));
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string block = VocosWeights.GetBlockName(layer);
            string y = Node("Conv", [x, Stored($"{block}.dwconv.weight"), Stored($"{block}.dwconv.bias")], Ints("pads", 3, 3), Ints("kernel_shape", 7), Integer("group", config.Dim));
            y = Linear($"{block}.pwconv1", Norm($"{block}.norm", Turn(y)));
            string erf = Node("Add", [Node("Erf", [Node("Div", [y, Number(1.41421354f)])]), Number(1)]);
            y = Linear($"{block}.pwconv2", Node("Mul", [Node("Mul", [y, erf]), Number(0.5f)]));
            y = Node("Mul", [Node("Identity", [Stored($"{block}.gamma")]), y]);
            x = Node("Add", [x, Turn(y)]);
        }
        x = Turn(Linear("head.out", Norm("backbone.final_layer_norm", Turn(x))));
        string half = Node("Div", [Node("Add", [Node("Gather", [Node("Shape", [x]), Whole(1)], Integer("axis", 0)), Whole(1)]), Whole(2)]);
        string magnitude = Node("Clip", [Node("Exp", [Node("Slice", [x, Whole(0), Node("Mul", [half, Whole(1)]), Whole(1)])]), "", Number(100)]);
        string phase = Node("Slice", [x, Node("Mul", [half, Whole(1)]), Node("Mul", [half, Whole(2)]), Whole(1)]);
        (string cosine, string sine) = (Node("Cos", [phase]), Node("Sin", [phase]));
        string[] results = outputs.Length == 3 ? [magnitude, cosine, sine] : [Node("Mul", [magnitude, cosine]), Node("Mul", [magnitude, sine])];
        foreach ((string result, string output) in results.Zip(outputs))
        {
            NodeProto node = new() { OpType = "Identity", Name = output + "/Identity" };
            node.Input.Add(result);
            node.Output.Add(output);
            _graph.Node.Add(node);
            _graph.Output.Add(Value(output, "batch_size", $"Clip{output}_dim_1", "time"));
        }
    }

    private string Turn(string value) => Node("Transpose", [value], Ints("perm", 0, 2, 1));

    private string Norm(string name, string value) =>
        Node("LayerNormalization", [value, Stored(name + ".weight"), Stored(name + ".bias")], Integer("axis", -1), new AttributeProto { Name = "epsilon", F = 1e-6f, Type = AttributeProto.Types.AttributeType.Float });

    private string Linear(string name, string value)
    {
        FloatTensor weight = _checkpoint.Tensors[name + ".weight"];
        (int rows, int columns) = (weight.Shape[0], weight.Shape[1]);
        float[] transposed = new float[rows * columns];
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                transposed[(column * rows) + row] = weight.Values[(row * columns) + column];
        string matrix = Add($"onnx::MatMul_{_number++}", DataType.Float, MemoryMarshal.AsBytes(transposed.AsSpan()), columns, rows);
        return Node("Add", [Stored(name + ".bias"), Node("MatMul", [value, matrix])]);
    }

    private string Stored(string name)
    {
        FloatTensor tensor = _checkpoint.Tensors[name];
        return Add("vocos." + name, DataType.Float, MemoryMarshal.AsBytes(tensor.Values), [.. tensor.Shape.Select(size => (long)size)]);
    }

    private string Number(float value) => Constant(DataType.Float, BitConverter.GetBytes(value));

    private string Whole(long value) => Constant(DataType.Int64, BitConverter.GetBytes(value), 1);

    private string Constant(DataType type, byte[] bytes, params long[] dims)
    {
        TensorProto tensor = new() { DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(dims);
        return Node("Constant", [], new AttributeProto { Name = "value", T = tensor, Type = AttributeProto.Types.AttributeType.Tensor });
    }

    private string Add(string name, DataType type, ReadOnlySpan<byte> bytes, params long[] dims)
    {
        TensorProto tensor = new() { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(dims);
        _graph.Initializer.Add(tensor);
        return name;
    }

    private string Node(string type, string[] inputs, params AttributeProto[] attributes)
    {
        string output = $"/{type}_{_number++}_output_0";
        NodeProto node = new() { OpType = type, Name = output[..^"_output_0".Length] };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        node.Attribute.AddRange(attributes);
        _graph.Node.Add(node);
        return output;
    }

    private static AttributeProto Ints(string name, params long[] values)
    {
        AttributeProto attribute = new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }

    private static AttributeProto Integer(string name, long value) => new() { Name = name, I = value, Type = AttributeProto.Types.AttributeType.Int };

    private static ValueInfoProto Value(string name, params object[] shape)
    {
        ValueInfoProto value = new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() } } };
        foreach (object size in shape)
            value.Type.TensorType.Shape.Dim.Add(size is int number ? new TensorShapeProto.Types.Dimension { DimValue = number } : new TensorShapeProto.Types.Dimension { DimParam = (string)size });
        return value;
    }
}
