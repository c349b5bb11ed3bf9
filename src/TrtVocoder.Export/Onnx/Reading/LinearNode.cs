using TrtVocoder.Export.Onnx.Protos;

namespace TrtVocoder.Export.Onnx.Reading;

/// <summary>A convolution or product whose weights are constant: the nodes that hold a network's learned matrices.</summary>
/// <param name="Node">Its place in the graph.</param>
/// <param name="Input">The value that it is applied to.</param>
/// <param name="Output">The value that it makes.</param>
/// <param name="Weights">[outputs, inputs of a group, taps].</param>
/// <param name="Bias">One an output.</param>
/// <param name="Groups">1, or as many as channels.</param>
internal sealed record LinearNode(int Node, string Input, string Output, NdArray Weights, double[] Bias, int Groups)
{
    public int OutputCount => Weights.Shape[0];

    public int InputCount => Weights.Shape[1] * Groups;

    public int Taps => Weights.Shape[2];

    /// <summary>Whether a node is one of them, by its operator.</summary>
    public static bool Is(NodeProto node) => node.OpType is "Conv" or "MatMul" or "Gemm" && node.Domain is "" or "ai.onnx";

    /// <summary>Reads a node; null where it is no such product.</summary>
    /// <exception cref="UnsupportedNodeException">It is one in a way that no Vocos has: strides, dilations, another padding.</exception>
    public static LinearNode? Read(OnnxGraph graph, OnnxEvaluator evaluator, int index)
    {
        NodeProto node = graph.Nodes[index];
        if (!Is(node) || node.Input.Count < 2)
            return null;
        NodeInputs attributes = new(graph, node, index, []);
        bool isLeft = node.OpType == "MatMul" && evaluator.IsConstant(node.Input[0]);
        (string data, string constant) = isLeft ? (node.Input[1], node.Input[0]) : (node.Input[0], node.Input[1]);
        if (evaluator.IsConstant(data) || !evaluator.IsConstant(constant))
            return null;
        NdArray weights = evaluator.Constant(constant)!;
        if (node.OpType == "Conv")
            return ReadConvolution(graph, evaluator, index, weights, attributes);
        double scale = 1;
        bool isTransposed = isLeft;
        if (node.OpType == "Gemm")
        {
            scale = attributes.Number("alpha", 1);
            isTransposed = attributes.Integer("transB", 0) != 0;
            if (attributes.Integer("transA", 0) != 0)
                throw new UnsupportedNodeException(index);
        }
        while (weights.Rank > 2 && weights.Shape[0] == 1)
            weights = weights.Reshape(weights.Shape[1..]);
        if (weights.Rank != 2)
            throw new UnsupportedNodeException(index);
        if (!isTransposed)
            weights = OnnxOperators.Transpose(weights, [1, 0]);
        double[] bias = new double[weights.Shape[0]];
        if (node.OpType == "Gemm" && node.Input.Count > 2 && node.Input[2].Length > 0)
        {
            double factor = attributes.Number("beta", 1);
            bias = Spread(evaluator.Constant(node.Input[2]), bias.Length, index, value => factor * value);
        }
        return new LinearNode(index, data, node.Output[0],
            new NdArray([.. weights.Shape, 1], Array.ConvertAll(weights.Values, value => scale * value)), bias, 1);
    }

    /// <summary>The same followed by a factor and a summand a channel.</summary>
    public LinearNode Then(double[] factors, double[] summands)
    {
        double[] values = [.. Weights.Values];
        int each = values.Length / OutputCount;
        for (int i = 0; i < values.Length; i++)
            values[i] *= factors[i / each];
        double[] bias = [.. Bias.Select((value, i) => (value * factors[i]) + summands[i])];
        return this with { Weights = Weights with { Values = values }, Bias = bias };
    }

    private static LinearNode ReadConvolution(OnnxGraph graph, OnnxEvaluator evaluator, int index, NdArray weights, NodeInputs attributes)
    {
        NodeProto node = graph.Nodes[index];
        // A convolution in two dimensions over one of them.
        int[] kernel = weights.Rank is 3 or 4 ? weights.Shape[2..] : throw new UnsupportedNodeException(index);
        int taps = kernel.Max();
        if (kernel.Aggregate(1, (product, size) => product * size) != taps)
            throw new UnsupportedNodeException(index);
        int groups = (int)attributes.Integer("group", 1);
        if ((attributes.Integers("strides", -1) ?? []).Any(stride => stride != 1)
            || (attributes.Integers("dilations", -1) ?? []).Zip(kernel).Any(pair => pair.First != 1 && pair.Second > 1)
            || groups < 1 || weights.Shape[0] % groups != 0)
            throw new UnsupportedNodeException(index);
        string data = node.Input[0];
        long before;
        long after;
        if (attributes.Text("auto_pad") is "SAME_UPPER" or "SAME_LOWER")
            (before, after) = (taps / 2, taps / 2);
        else
        {
            long[] pads = attributes.Integers("pads", -1) ?? new long[2 * kernel.Length];
            int axis = Array.IndexOf(kernel, taps);
            (before, after) = (pads[axis], pads[axis + kernel.Length]);
            if (pads.Sum() != before + after)
                throw new UnsupportedNodeException(index);
        }
        // Zeros may also be put around it by a node of their own.
        if (graph.ProducerOf(data) is { } producer && graph.Nodes[producer] is { OpType: "Pad" } padding)
        {
            NodeInputs pad = new(graph, padding, producer, []);
            long[]? widths = pad.Find("pads") is { } attribute ? [.. attribute.Ints]
                : padding.Input.Count > 1 && evaluator.Constant(padding.Input[1]) is { } widened
                    ? [.. widened.Values.Select(width => (long)width)] : null;
            double fill = padding.Input.Count > 2 && padding.Input[2].Length > 0
                ? evaluator.Constant(padding.Input[2])?.Values[0] ?? double.NaN : pad.Number("value", 0);
            if (widths is null || pad.Text("mode") is not ("" or "constant") || fill != 0 || widths.Length < 4
                || widths.Count(width => width != 0) > 2)
                throw new UnsupportedNodeException(producer);
            int half = widths.Length / 2;
            int last = Array.FindLastIndex(widths, half - 1, half, width => width != 0);
            if (last < 1)
                throw new UnsupportedNodeException(producer);
            (before, after) = (before + widths[last], after + widths[last + half]);
            data = padding.Input[0];
        }
        if (before != taps / 2 || after != taps / 2)
            throw new UnsupportedNodeException(index);
        double[] bias = new double[weights.Shape[0]];
        if (node.Input.Count > 2 && node.Input[2].Length > 0)
            bias = Spread(evaluator.Constant(node.Input[2]), bias.Length, index, value => value);
        return new LinearNode(index, data, node.Output[0], weights.Reshape([weights.Shape[0], weights.Shape[1], taps]), bias, groups);
    }

    private static double[] Spread(NdArray? value, int count, int index, Func<double, double> scale) => value?.Values switch
    {
        [var same] => [.. Enumerable.Repeat(scale(same), count)],
        { } values when values.Length == count => Array.ConvertAll(values, element => scale(element)),
        _ => throw new UnsupportedNodeException(index),
    };
}
