using TrtVocoder.Export.Checkpoints;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary>Brings a checkpoint's weights into a graph, in the trunk's number format, and emits the layers made of weights alone.</summary>
internal sealed class GraphWeights(VocosCheckpoint checkpoint, OnnxGraphBuilder graph, DataType trunkType)
{
    public VocosConfig Config => checkpoint.Config;

    public OnnxGraphBuilder Graph => graph;

    public DataType TrunkType => trunkType;

    /// <summary>
    /// A length filled up to a multiple of 8. Matrix products of other sizes start rows at addresses that TensorRT's fast kernels do not
    /// take (16 bytes, in FP16), and cost it several times the time.
    /// </summary>
    public static int Align(int length) => (length + 7) / 8 * 8;

    /// <summary>A state-dict tensor's values, row-major.</summary>
    public ReadOnlySpan<float> Get(string key) => checkpoint.Tensors[key].Values;

    /// <summary>
    /// LayerNorm over the last axis; mean and variance in FP32 whatever the type, else FP16 squares would lose what the residual needs.
    /// </summary>
    public string LayerNorm(string name, string input, DataType type)
    {
        string scale = graph.AddConstant(name + ".weight", type, Get($"backbone.{name}.weight"), Config.Dim);
        string bias = graph.AddConstant(name + ".bias", type, Get($"backbone.{name}.bias"), Config.Dim);
        return graph.AddNode("LayerNormalization", Scope(name), [input, scale, bias],
            [OnnxAttributes.Integer("axis", -1), OnnxAttributes.Number("epsilon", VocosConfig.LayerNormEpsilon), OnnxAttributes.Integer("stash_type", (long)DataType.Float)]);
    }

    /// <summary>input · matrix + bias, for a matrix of [inputs, outputs].</summary>
    public string Linear(string name, string input, ReadOnlySpan<float> matrix, ReadOnlySpan<float> bias, DataType type)
    {
        string weight = graph.AddConstant(name + ".weight", type, matrix, matrix.Length / bias.Length, bias.Length);
        string product = graph.AddNode("MatMul", Scope(name), [input, weight]);
        return graph.AddNode("Add", Scope(name), [product, graph.AddConstant(name + ".bias", type, bias, bias.Length)]);
    }

    /// <summary>A value of one type in another; the value itself where they are the same.</summary>
    public string Cast(string scope, string input, DataType from, DataType to) =>
        from == to ? input : graph.AddNode("Cast", scope, [input], [OnnxAttributes.Integer("to", (long)to)]);

    public string Transpose(string scope, string input) =>
        graph.AddNode("Transpose", scope, [input], [OnnxAttributes.Integers("perm", 0, 2, 1)]);

    /// <summary>A node's scope for a module's state-dict name: <c>convnext.3.norm</c> → <c>/convnext.3/norm</c>.</summary>
    public static string Scope(string name)
    {
        string[] parts = name.Split('.');
        return parts[0] == "convnext" ? $"/{parts[0]}.{parts[1]}/{parts[2]}" : "/" + name.Replace('.', '/');
    }

    /// <summary>[rows, columns] → [columns, rows].</summary>
    public static float[] Transposed(ReadOnlySpan<float> values, int rows, int columns)
    {
        float[] result = new float[values.Length];
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                result[(column * rows) + row] = values[(row * columns) + column];
        return result;
    }
}
