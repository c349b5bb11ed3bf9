using TrtVocoder.Export.Onnx.Protos;

namespace TrtVocoder.Export.Onnx.Reading;

/// <summary>
/// Computes values of a graph in double precision, from stored tensors and from values that are given: enough operators for what stands
/// between the products of a Vocos, whichever way it is written.
/// </summary>
internal sealed class OnnxEvaluator(OnnxGraph graph)
{
    private const int FreeElements = 2 << 20;

    private long _elements;

    /// <summary>Computes a value.</summary>
    /// <param name="value">Its name.</param>
    /// <param name="given">Values that are known; what made them is not looked at.</param>
    /// <returns>Null where it depends on what is not given.</returns>
    /// <exception cref="UnsupportedNodeException">A node on the way is none of those that a Vocos has there.</exception>
    public NdArray? Evaluate(string value, IReadOnlyDictionary<string, NdArray> given)
    {
        Dictionary<string, NdArray> values = new(given, StringComparer.Ordinal);
        return Evaluate(value, values);
    }

    /// <inheritdoc cref="Evaluate(string, IReadOnlyDictionary{string, NdArray})"/>
    /// <param name="value">Its name.</param>
    /// <param name="values">Values that are known; takes those that were computed.</param>
    public NdArray? Evaluate(string value, Dictionary<string, NdArray> values)
    {
        if (!Collect(value, values, out SortedSet<int> nodes))
            return null;
        _elements = 0;
        foreach (int index in nodes)
            Run(index, values);
        return values.TryGetValue(value, out NdArray? result) ? result : graph.ReadStored(value);
    }

    /// <summary>A constant; null where the value depends on an input.</summary>
    public NdArray? Constant(string value) => value.Length == 0 ? null
        : Evaluate(value, new Dictionary<string, NdArray>(StringComparer.Ordinal));

    /// <summary>Whether a value depends on stored tensors alone.</summary>
    public bool IsConstant(string value) => Collect(value, new Dictionary<string, NdArray>(), out _);

    /// <summary>Computes whatever can be from the values that are there, from a node on.</summary>
    /// <returns>The first node that could not be, though its inputs were there; null for none.</returns>
    public int? RunAll(int first, Dictionary<string, NdArray> values)
    {
        int? failed = null;
        _elements = 0;
        for (int index = first; index < graph.Nodes.Count; index++)
        {
            if (graph.Nodes[index].Input.Any(input => input.Length > 0 && !values.ContainsKey(input) && !graph.IsStored(input)))
                continue;
            try
            {
                Run(index, values);
            }
            catch (UnsupportedNodeException)
            {
                failed ??= index;
            }
        }
        return failed;
    }

    // The nodes that a value needs; without recursion, for chains may be long.
    private bool Collect(string value, Dictionary<string, NdArray> given, out SortedSet<int> nodes)
    {
        nodes = [];
        Stack<string> open = new([value]);
        while (open.TryPop(out string? name))
        {
            if (name.Length == 0 || given.ContainsKey(name) || graph.IsStored(name))
                continue;
            if (graph.ProducerOf(name) is not { } producer)
                return false;
            if (nodes.Add(producer))
                foreach (string input in graph.Nodes[producer].Input)
                    open.Push(input);
        }
        return true;
    }

    private void Run(int index, Dictionary<string, NdArray> values)
    {
        NodeProto node = graph.Nodes[index];
        if (node.Output.All(values.ContainsKey))
            return;
        NodeInputs inputs = new(graph, node, index, values);
        NdArray[] outputs;
        try
        {
            outputs = OnnxOperators.Run(inputs);
        }
        catch (Exception error) when (error is IndexOutOfRangeException or ArgumentException or OverflowException or InvalidOperationException)
        {
            throw new UnsupportedNodeException(index);
        }
        for (int i = 0; i < Math.Min(node.Output.Count, outputs.Length); i++)
        {
            _elements += outputs[i].Values.Length;
            if (_elements > FreeElements + graph.Bytes)
                throw new UnsupportedNodeException(index);
            if (node.Output[i].Length > 0)
                values[node.Output[i]] = outputs[i];
        }
    }
}

/// <summary>A node that a Vocos does not have where it stands.</summary>
internal sealed class UnsupportedNodeException(int node) : Exception
{
    public int Node { get; } = node;
}

/// <summary>A node with the values that go into it.</summary>
internal sealed class NodeInputs(OnnxGraph graph, NodeProto node, int index, Dictionary<string, NdArray> values)
{
    public string Operator => node.Domain is "" or "ai.onnx" ? node.OpType : $"{node.Domain}.{node.OpType}";

    public int OutputCount => node.Output.Count;

    public long Opset => graph.Opset;

    /// <summary>What may be made of this file at most.</summary>
    public long MaxElements => (2 << 20) + graph.Bytes;

    public int Count => node.Input.Count;

    public UnsupportedNodeException Unsupported() => new(index);

    public NdArray this[int input] => Optional(input) ?? throw Unsupported();

    public NdArray? Optional(int input)
    {
        if (input >= node.Input.Count || node.Input[input].Length == 0)
            return null;
        string name = node.Input[input];
        return values.TryGetValue(name, out NdArray? value) ? value : graph.ReadStored(name);
    }

    public AttributeProto? Find(string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name);

    public long Integer(string name, long otherwise) => Find(name) is { HasI: true } attribute ? attribute.I : otherwise;

    public float Number(string name, float otherwise) => Find(name) is { HasF: true } attribute ? attribute.F : otherwise;

    public string Text(string name) => Find(name) is { HasS: true } attribute ? attribute.S.ToStringUtf8() : "";

    /// <summary>Numbers that stand in an attribute, or, in later versions of ONNX, in an input.</summary>
    public long[]? Integers(string name, int input) =>
        Find(name) is { } attribute && attribute.Ints.Count > 0 ? [.. attribute.Ints]
        : input >= 0 && Optional(input) is { } value ? [.. value.Values.Select(number => (long)number)]
        : null;

    public NdArray Constant()
    {
        if (Find("value")?.T is { } tensor)
            return graph.Read(tensor);
        if (Find("value_float") is { HasF: true } number)
            return new NdArray([], [number.F]);
        if (Find("value_int") is { HasI: true } integer)
            return new NdArray([], [integer.I], true);
        if (Find("value_ints") is { } integers)
            return new NdArray([integers.Ints.Count], [.. integers.Ints.Select(value => (double)value)], true);
        return Find("value_floats") is { } numbers ? new NdArray([numbers.Floats.Count],
            [.. numbers.Floats.Select(value => (double)value)]) : throw Unsupported();
    }

    public NdArray? Tensor(string name) => Find(name)?.T is { } tensor ? graph.Read(tensor) : null;
}
