using TrtVocoder.Export.Onnx.Protos;
using AttributeType = TrtVocoder.Export.Onnx.Protos.AttributeProto.Types.AttributeType;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Tests.Onnx;

/// <summary>
/// What <c>onnx.checker</c> would find wrong in a model, of the operators that we write: versions, order and uniqueness of names,
/// arities, attributes, sizes of constants. Types and shapes between nodes are ONNX Runtime's to infer when it loads the model.
/// </summary>
internal static class OnnxModelChecker
{
    // ONNX operator set → least IR version that may hold it (onnx/helper.py, VERSION_TABLE).
    private static readonly Dictionary<long, long> IrVersionOfOpset = new() { [17] = 8, [18] = 8, [19] = 9, [20] = 9, [21] = 10 };

    private static readonly Dictionary<string, Operator> Operators = new()
    {
        ["Add"] = new(14, 2, 2),
        ["Cast"] = new(19, 1, 1, ("to", AttributeType.Int, true), ("saturate", AttributeType.Int, false)),
        ["Concat"] = new(13, 1, int.MaxValue, ("axis", AttributeType.Int, true)),
        ["Conv"] = new(11, 2, 3, ("auto_pad", AttributeType.String, false), ("dilations", AttributeType.Ints, false), ("group", AttributeType.Int, false),
            ("kernel_shape", AttributeType.Ints, false), ("pads", AttributeType.Ints, false), ("strides", AttributeType.Ints, false)),
        ["Cos"] = new(7, 1, 1),
        ["Div"] = new(14, 2, 2),
        ["Exp"] = new(13, 1, 1),
        ["Gelu"] = new(20, 1, 1, ("approximate", AttributeType.String, false)),
        ["LayerNormalization"] = new(17, 2, 3, ("axis", AttributeType.Int, false), ("epsilon", AttributeType.Float, false), ("stash_type", AttributeType.Int, false)),
        ["MatMul"] = new(13, 2, 2),
        ["Min"] = new(13, 1, int.MaxValue),
        ["Mul"] = new(14, 2, 2),
        ["Pad"] = new(19, 2, 4, ("mode", AttributeType.String, false)),
        ["Reshape"] = new(19, 2, 2, ("allowzero", AttributeType.Int, false)),
        ["Shape"] = new(19, 1, 1, ("start", AttributeType.Int, false), ("end", AttributeType.Int, false)),
        ["Sin"] = new(7, 1, 1),
        ["Slice"] = new(13, 3, 5),
        ["Sub"] = new(14, 2, 2),
        ["Transpose"] = new(13, 1, 1, ("perm", AttributeType.Ints, false)),
    };

    /// <summary>One sentence a fault; none for a sound model.</summary>
    public static IReadOnlyList<string> Check(ModelProto model)
    {
        List<string> faults = [];
        long opset = model.OpsetImport.SingleOrDefault(entry => entry.Domain.Length == 0)?.Version ?? 0;
        if (!IrVersionOfOpset.TryGetValue(opset, out long leastIr))
            faults.Add($"opset {opset} of ONNX's own domain is not one of {string.Join(", ", IrVersionOfOpset.Keys)}");
        else if (model.IrVersion < leastIr || model.IrVersion > 10)
            faults.Add($"IR version {model.IrVersion} does not go with opset {opset}");
        if (model.MetadataProps.Select(entry => entry.Key).Distinct().Count() != model.MetadataProps.Count)
            faults.Add("a metadata key occurs twice");

        GraphProto graph = model.Graph;
        if (graph.Name.Length == 0)
            faults.Add("the graph has no name");
        HashSet<string> defined = [];
        foreach (ValueInfoProto input in graph.Input)
            Define(input.Name, "input");
        foreach (TensorProto constant in graph.Initializer)
        {
            Define(constant.Name, "constant");
            CheckConstant(constant, faults);
        }

        foreach (NodeProto node in graph.Node)
        {
            CheckNode(node, opset, faults);
            foreach (string input in node.Input.Where(name => name.Length > 0 && !defined.Contains(name)))
                faults.Add($"{node.Name}: its input '{input}' is not made before it");
            foreach (string output in node.Output)
                Define(output, node.Name);
        }

        foreach (string name in graph.Node.GroupBy(node => node.Name).Where(group => group.Count() > 1 || group.Key.Length == 0).Select(group => group.Key))
            faults.Add($"the node name '{name}' is empty or occurs twice");
        foreach (ValueInfoProto output in graph.Output.Where(output => !defined.Contains(output.Name)))
            faults.Add($"nothing makes the output '{output.Name}'");
        foreach (ValueInfoProto value in graph.Input.Concat(graph.Output).Where(value => value.Type?.TensorType?.Shape is null || value.Type.TensorType.ElemType == 0))
            faults.Add($"'{value.Name}' has no type or shape");

        HashSet<string> used = [.. graph.Node.SelectMany(node => node.Input), .. graph.Output.Select(output => output.Name)];
        foreach (string name in defined.Where(name => !used.Contains(name)))
            faults.Add($"nothing uses '{name}'");
        return faults;

        void Define(string name, string by)
        {
            if (name.Length == 0 || !defined.Add(name))
                faults.Add($"{by}: the name '{name}' is empty or defined twice");
        }
    }

    private static void CheckConstant(TensorProto constant, List<string> faults)
    {
        int size = (DataType)constant.DataType switch
        {
            DataType.Float or DataType.Int32 => 4,
            DataType.Float16 => 2,
            DataType.Int64 => 8,
            _ => 0,
        };
        long expected = constant.Dims.Aggregate((long)size, (product, dimension) => product * dimension);
        if (size == 0 || constant.RawData.Length != expected)
            faults.Add($"constant '{constant.Name}' of type {constant.DataType} holds {constant.RawData.Length} bytes, expected {expected}");
    }

    private static void CheckNode(NodeProto node, long opset, List<string> faults)
    {
        if (node.Domain.Length > 0 || !Operators.TryGetValue(node.OpType, out Operator? rule))
        {
            faults.Add($"{node.Name}: '{node.OpType}' of domain '{node.Domain}' is not an operator known here");
            return;
        }

        if (opset < rule.SinceVersion)
            faults.Add($"{node.Name}: {node.OpType} needs opset {rule.SinceVersion}");
        if (node.Input.Count < rule.LeastInputs || node.Input.Count > rule.MaxInputs || node.Output.Count != 1)
            faults.Add($"{node.Name}: {node.Input.Count} inputs, {node.Output.Count} outputs");
        foreach ((string name, AttributeType type, bool required) in rule.Attributes)
            if (required && !node.Attribute.Any(attribute => attribute.Name == name))
                faults.Add($"{node.Name}: its attribute '{name}' of type {type} is missing");
        foreach (AttributeProto attribute in node.Attribute)
        {
            if (!rule.Attributes.Any(known => known.Name == attribute.Name && known.Type == attribute.Type))
                faults.Add($"{node.Name}: the attribute '{attribute.Name}' of type {attribute.Type} is not {node.OpType}'s");
            if (attribute.HasF != (attribute.Type == AttributeType.Float) || attribute.HasI != (attribute.Type == AttributeType.Int)
                || attribute.HasS != (attribute.Type == AttributeType.String) || attribute.Ints.Count > 0 != (attribute.Type == AttributeType.Ints))
                faults.Add($"{node.Name}: the value of '{attribute.Name}' is not of type {attribute.Type}");
        }

        if (node.Attribute.Select(attribute => attribute.Name).Distinct().Count() != node.Attribute.Count)
            faults.Add($"{node.Name}: an attribute occurs twice");
    }

    private sealed record Operator(long SinceVersion, int LeastInputs, int MaxInputs, params (string Name, AttributeType Type, bool Required)[] Attributes);
}
