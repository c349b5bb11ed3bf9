using System.Runtime.InteropServices;
using Google.Protobuf;
using TrtVocoder.Export.Onnx.Protos;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Tests.Onnx;

/// <summary>
/// Rewrites an FP16 model so that a CPU rounds where a GPU would. ONNX Runtime has no FP16 kernels for most operators on a CPU and drops the
/// casts between the FP32 ones that it takes instead, so a plain run flatters the model. Here each trunk node runs in FP32, as FP16
/// kernels accumulate, and its result is rounded to FP16's 11 significant bits.
/// </summary>
internal static class Fp16Emulation
{
    // Veltkamp's splitting: with c = x·(2^13 + 1) in FP32's 24 bits, c − (c − x) is x rounded to 11 bits.
    private const float SplittingFactor = 8193;
    private const string Factor = "fp16.splitting_factor";

    public static ModelProto Rewrite(ModelProto model)
    {
        ModelProto result = model.Clone();
        GraphProto graph = result.Graph;
        foreach (TensorProto constant in graph.Initializer.Where(constant => constant.DataType == (int)DataType.Float16))
        {
            float[] values = [.. MemoryMarshal.Cast<byte, Half>(constant.RawData.Span).ToArray().Select(value => (float)value)];
            constant.DataType = (int)DataType.Float;
            constant.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values));
        }

        graph.Initializer.Add(new TensorProto { Name = Factor, DataType = (int)DataType.Float, RawData = ByteString.CopyFrom(BitConverter.GetBytes(SplittingFactor)) });
        NodeProto[] nodes = [.. graph.Node];
        graph.Node.Clear();
        bool inTrunk = false;
        foreach (NodeProto node in nodes)
        {
            bool isCast = node.OpType == "Cast";
            if (isCast)
            {
                inTrunk = node.Attribute[0].I == (long)DataType.Float16;
                node.OpType = "Identity";
                node.Attribute.Clear();
            }

            graph.Node.Add(node);
            if (inTrunk)
                AddRounding(graph, node);
        }

        return result;
    }

    private static void AddRounding(GraphProto graph, NodeProto node)
    {
        string rounded = node.Output[0], exact = rounded + ".exact", scaled = rounded + ".scaled", rest = rounded + ".rest";
        node.Output[0] = exact;
        graph.Node.Add(new NodeProto { OpType = "Mul", Name = scaled, Input = { exact, Factor }, Output = { scaled } });
        graph.Node.Add(new NodeProto { OpType = "Sub", Name = rest, Input = { scaled, exact }, Output = { rest } });
        graph.Node.Add(new NodeProto { OpType = "Sub", Name = rounded, Input = { scaled, rest }, Output = { rounded } });
    }
}
