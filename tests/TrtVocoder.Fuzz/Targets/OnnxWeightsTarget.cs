using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Fuzz.Targets;

/// <summary><see cref="OnnxImporter"/>: networks with other operators, shapes and edges, and files that are damaged anywhere.</summary>
internal sealed class OnnxWeightsTarget : FuzzTarget
{
    private static readonly string[] Operators =
    [
        "Add", "Sub", "Mul", "Div", "Pow", "Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Slice", "Split", "Concat", "Gather", "Expand", "ConstantOfShape",
        "Shape", "ReduceMean", "ReduceSum", "LayerNormalization", "MatMul", "Gemm", "Conv", "Pad", "Clip", "Exp", "Erf", "Gelu", "Cast", "Min", "Flatten", "ConvTranspose",
    ];

    public override string Name => "onnx-weights";

    public override double Weight => 2;

    public override IReadOnlyList<byte[]> Seeds => field ??=
    [
        .. ((string[])["polar17", "parts-conv13", "rows-frames15", "left16", "waveform17", "half17"]).Select(name => File.ReadAllBytes(TestPaths.Data("forms", name + ".onnx"))),
        OnnxExporter.Export(RandomCheckpoint.Create(RandomCheckpoint.Smallest), new OnnxExportOptions { Form = NetworkForm.Conv }),
    ];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(seed);
        }
        catch (InvalidProtocolBufferException)
        {
            return seed;
        }
        if (model.Graph is not { Node.Count: > 0 } graph)
            return seed;
        string[] values = [.. graph.Node.SelectMany(node => node.Output), .. graph.Initializer.Select(tensor => tensor.Name), .. graph.Input.Select(input => input.Name)];
        for (int edits = ByteMutator.Count(random, 4); edits > 0; edits--)
        {
            NodeProto node = graph.Node[random.Next(graph.Node.Count)];
            TensorProto? tensor = graph.Initializer.Count > 0 ? graph.Initializer[random.Next(graph.Initializer.Count)] : null;
            if (node.Attribute.Count > 0 && node.Attribute[0].T is { } constant && random.Next(2) == 0)
                tensor = constant;
            AttributeProto? attribute = node.Attribute.Count > 0 ? node.Attribute[random.Next(node.Attribute.Count)] : null;
            switch (random.Next(8))
            {
                case 0: node.OpType = Operators[random.Next(Operators.Length)]; break;
                case 1 when node.Input.Count > 0: node.Input[random.Next(node.Input.Count)] = values[random.Next(values.Length)]; break;
                case 2 when graph.Node.Count > 1: graph.Node.Remove(node); break;
                case 3 when attribute is { Ints.Count: > 0 }: attribute.Ints[random.Next(attribute.Ints.Count)] = ByteMutator.Number(random); break;
                case 4 when attribute is not null: attribute.I = ByteMutator.Number(random); break;
                case 5 when tensor is { Dims.Count: > 0 }: tensor.Dims[random.Next(tensor.Dims.Count)] = ByteMutator.Number(random); break;
                case 6 when tensor is { RawData.Length: > 8 }:
                    byte[] raw = tensor.RawData.ToByteArray();
                    BitConverter.TryWriteBytes(raw.AsSpan(random.Next(raw.Length / 8) * 8), random.Next(3) == 0 ? BitConverter.DoubleToInt64Bits(double.NaN) : ByteMutator.Number(random));
                    tensor.RawData = ByteString.CopyFrom(raw);
                    break;
                default: graph.Node.Insert(random.Next(graph.Node.Count), node.Clone()); break;
            }
        }
        return model.ToByteArray();
    }

    public override void Run(byte[] input) => OnnxImporter.Read(input, "x.onnx", null, OnnxOutline.Read(input, "x.onnx"), new ModelHints());
}
