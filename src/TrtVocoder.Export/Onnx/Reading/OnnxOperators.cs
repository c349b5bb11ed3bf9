namespace TrtVocoder.Export.Onnx.Reading;

/// <summary>The operators of <see cref="OnnxEvaluator"/>, by the ONNX specification; whatever is not here is refused.</summary>
internal static class OnnxOperators
{
    public static NdArray[] Run(NodeInputs node) => node.Operator switch
    {
        "Identity" or "Dropout" or "CastLike" => [node[0]],
        "Cast" => [Cast(node)],
        "Constant" => [node.Constant()],
        "ConstantOfShape" => [Filled(node)],
        "Shape" => [Shape(node)],
        "Transpose" => [Transpose(node[0], node.Integers("perm", -1))],
        "Reshape" => [Reshape(node)],
        "Flatten" => [Flatten(node)],
        "Squeeze" => [Squeeze(node)],
        "Unsqueeze" => [Unsqueeze(node)],
        "Gather" => [Gather(node)],
        "Slice" => [Slice(node)],
        "Split" => Split(node),
        "Concat" => [Concat(node)],
        "Expand" => [Binary(node, node[0], Ones(node, node[1]), (a, b) => a * b)],
        "Add" => [Binary(node, (a, b) => a + b)],
        "Sub" => [Binary(node, (a, b) => a - b)],
        "Mul" => [Binary(node, (a, b) => a * b)],
        "Div" => [Binary(node, node[0].IsInteger && node[1].IsInteger ? (a, b) => b == 0 ? throw node.Unsupported()
            : Math.Truncate(a / b) : (a, b) => a / b)],
        "Pow" => [Binary(node, Math.Pow)],
        "Min" => [Fold(node, Math.Min)],
        "Max" => [Fold(node, Math.Max)],
        "Clip" => [Clip(node)],
        "Sqrt" => [Map(node[0], Math.Sqrt)],
        "Reciprocal" => [Map(node[0], value => 1 / value)],
        "Exp" => [Map(node[0], Math.Exp)],
        "Log" => [Map(node[0], Math.Log)],
        "Cos" => [Map(node[0], Math.Cos)],
        "Sin" => [Map(node[0], Math.Sin)],
        "Erf" => [Map(node[0], Erf)],
        "Neg" => [Map(node[0], value => -value)],
        "Abs" => [Map(node[0], Math.Abs)],
        "Floor" => [Map(node[0], Math.Floor)],
        "Gelu" or "com.microsoft.Gelu" when node.Text("approximate") is "" or "none" => [Map(node[0], Gelu)],
        "com.microsoft.BiasGelu" => [Map(Binary(node, (a, b) => a + b), Gelu)],
        "ReduceMean" => [Reduce(node, isMean: true)],
        "ReduceSum" => [Reduce(node, isMean: false)],
        "LayerNormalization" => [LayerNorm(node)],
        _ => throw node.Unsupported(),
    };

    public static double Gelu(double value) => 0.5 * value * (1 + Erf(value / Math.Sqrt(2)));

    /// <summary>
    /// The error function, exact to a few 1e-16: its series up to 3, the continued fraction of its complement beyond (Abramowitz and Stegun
    /// 7.1.6, 7.1.14).
    /// </summary>
    public static double Erf(double value)
    {
        double x = Math.Abs(value);
        if (!(x < 6))
            return double.IsNaN(value) ? value : Math.Sign(value);
        if (x < 3)
        {
            double term = x;
            double sum = x;
            for (int n = 1; term > 1e-18 * sum; n++)
                sum += term *= 2 * x * x / ((2 * n) + 1);
            return Math.Sign(value) * 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
        }
        double fraction = 0;
        for (int n = 60; n > 0; n--)
            fraction = n / 2.0 / (x + fraction);
        return Math.Sign(value) * (1 - (Math.Exp(-x * x) / Math.Sqrt(Math.PI) / (x + fraction)));
    }

    private static NdArray Map(NdArray value, Func<double, double> function) =>
        value with { Values = Array.ConvertAll(value.Values, element => function(element)) };

    private static NdArray Cast(NodeInputs node)
    {
        // Rounding to half precision is a type's, not the network's; whole numbers are cut.
        bool isInteger = node.Integer("to", 1) is 2 or 3 or 4 or 5 or 6 or 7 or 9 or 12 or 13;
        NdArray value = node[0];
        return (isInteger && !value.IsInteger ? Map(value, Math.Truncate) : value) with { IsInteger = isInteger };
    }

    private static int Size(NodeInputs node, IEnumerable<int> shape)
    {
        long count = 1;
        foreach (int size in shape)
            if (size < 0 || (count *= size) > node.MaxElements)
                throw node.Unsupported();
        return (int)count;
    }

    private static NdArray Filled(NodeInputs node)
    {
        int[] shape = [.. node[0].Values.Select(size => (int)size)];
        NdArray fill = node.Tensor("value") ?? new NdArray([1], [0]);
        double[] values = new double[Size(node, shape)];
        Array.Fill(values, fill.Values[0]);
        return new NdArray(shape, values, fill.IsInteger);
    }

    private static NdArray Ones(NodeInputs node, NdArray shape)
    {
        int[] sizes = [.. shape.Values.Select(size => (int)size)];
        double[] values = new double[Size(node, sizes)];
        Array.Fill(values, 1);
        return new NdArray(sizes, values, node[0].IsInteger);
    }

    private static NdArray Shape(NodeInputs node)
    {
        double[] sizes = [.. node[0].Shape.Select(size => (double)size)];
        int start = (int)node.Integer("start", 0);
        int end = (int)Math.Min(node.Integer("end", sizes.Length), sizes.Length);
        return NdArray.Integers(sizes[(start < 0 ? start + sizes.Length : start)..(end < 0 ? end + sizes.Length : end)]);
    }

    public static NdArray Transpose(NdArray value, long[]? order)
    {
        int rank = value.Rank;
        int[] axes = order is null ? [.. Enumerable.Range(0, rank).Reverse()] : [.. order.Select(axis => (int)axis)];
        if (axes.Length != rank || axes.Distinct().Count() != rank)
            throw new ArgumentException("No order of axes.", nameof(order));
        int[] strides = Strides(value.Shape);
        int[] shape = [.. axes.Select(axis => value.Shape[axis])];
        int[] moved = [.. axes.Select(axis => strides[axis])];
        double[] result = new double[value.Values.Length];
        int[] index = new int[rank];
        for (int i = 0, from = 0; i < result.Length; i++)
        {
            result[i] = value.Values[from];
            for (int axis = rank - 1; axis >= 0; axis--)
            {
                from += moved[axis];
                if (++index[axis] < shape[axis])
                    break;
                from -= moved[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        return value with { Shape = shape, Values = result };
    }

    private static NdArray Reshape(NodeInputs node)
    {
        NdArray value = node[0];
        long[] wanted = node.Integers("shape", 1) ?? throw node.Unsupported();
        int[] shape = [.. wanted.Select((size, axis) => size == 0 && node.Integer("allowzero", 0) == 0 ? value.Shape[axis]
            : checked((int)size))];
        int open = Array.IndexOf(shape, -1);
        if (open >= 0)
        {
            int others = shape.Where((_, axis) => axis != open).Aggregate(1, (product, size) => checked(product * size));
            shape[open] = others == 0 ? 0 : value.Values.Length / others;
        }
        return Size(node, shape) == value.Values.Length ? value.Reshape(shape) : throw node.Unsupported();
    }

    private static NdArray Flatten(NodeInputs node)
    {
        NdArray value = node[0];
        long axis = node.Integer("axis", 1);
        int at = (int)(axis < 0 ? axis + value.Rank : axis);
        int rows = value.Shape[..at].Aggregate(1, (product, size) => product * size);
        return value.Reshape([rows, rows == 0 ? 0 : value.Values.Length / rows]);
    }

    private static NdArray Squeeze(NodeInputs node)
    {
        NdArray value = node[0];
        int[] axes = [.. (node.Integers("axes", 1) ?? [.. Enumerable.Range(0,
            value.Rank).Where(axis => value.Shape[axis] == 1).Select(axis => (long)axis)])
            .Select(axis => value.Axis(axis) ?? throw node.Unsupported())];
        return axes.All(axis => value.Shape[axis] == 1) ? value.Reshape([.. value.Shape.Where((_, axis) => !axes.Contains(axis))])
            : throw node.Unsupported();
    }

    private static NdArray Unsqueeze(NodeInputs node)
    {
        NdArray value = node[0];
        long[] axes = node.Integers("axes", 1) ?? throw node.Unsupported();
        List<int> shape = [.. value.Shape];
        foreach (long axis in axes.Select(axis => axis < 0 ? axis + value.Rank + axes.Length : axis).Order())
            shape.Insert((int)axis, 1);
        return value.Reshape([.. shape]);
    }

    private static NdArray Gather(NodeInputs node)
    {
        NdArray value = node[0];
        NdArray indices = node[1];
        int axis = value.Axis(node.Integer("axis", 0)) ?? throw node.Unsupported();
        int outer = value.Shape[..axis].Aggregate(1, (product, size) => product * size);
        int inner = value.Shape[(axis + 1)..].Aggregate(1, (product, size) => product * size);
        int[] shape = [.. value.Shape[..axis], .. indices.Shape, .. value.Shape[(axis + 1)..]];
        double[] result = new double[Size(node, shape)];
        int at = 0;
        for (int block = 0; block < outer; block++)
            foreach (double index in indices.Values)
            {
                int row = (int)(index < 0 ? index + value.Shape[axis] : index);
                value.Values.AsSpan(((block * value.Shape[axis]) + row) * inner, inner).CopyTo(result.AsSpan(at));
                at += inner;
            }
        return value with { Shape = shape, Values = result };
    }

    private static NdArray Slice(NodeInputs node)
    {
        NdArray value = node[0];
        long[] starts = node.Integers("starts", 1) ?? throw node.Unsupported();
        long[] ends = node.Integers("ends", 2) ?? throw node.Unsupported();
        long[] axes = node.Integers("axes", 3) ?? [.. Enumerable.Range(0, starts.Length).Select(axis => (long)axis)];
        if (node.Integers("steps", 4) is { } steps && steps.Any(step => step != 1))
            throw node.Unsupported();
        for (int i = 0; i < starts.Length; i++)
        {
            int axis = value.Axis(axes[i]) ?? throw node.Unsupported();
            long size = value.Shape[axis];
            long start = Math.Clamp(starts[i] < 0 ? starts[i] + size : starts[i], 0, size);
            long end = Math.Clamp(ends[i] < 0 ? ends[i] + size : ends[i], start, size);
            value = Part(value, axis, (int)start, (int)(end - start));
        }
        return value;
    }

    private static NdArray Part(NdArray value, int axis, int start, int count)
    {
        int outer = value.Shape[..axis].Aggregate(1, (product, size) => product * size);
        int inner = value.Shape[(axis + 1)..].Aggregate(1, (product, size) => product * size);
        double[] result = new double[outer * count * inner];
        for (int block = 0; block < outer; block++)
            value.Values.AsSpan(((block * value.Shape[axis]) + start) * inner, count * inner).CopyTo(result.AsSpan(block * count * inner));
        int[] shape = [.. value.Shape];
        shape[axis] = count;
        return value with { Shape = shape, Values = result };
    }

    private static NdArray[] Split(NodeInputs node)
    {
        NdArray value = node[0];
        int axis = value.Axis(node.Integer("axis", 0)) ?? throw node.Unsupported();
        int size = value.Shape[axis];
        int each = (size + node.OutputCount - 1) / node.OutputCount;
        long[] sizes = node.Integers("split", 1)
            ?? [.. Enumerable.Range(0, node.OutputCount).Select(part => (long)Math.Clamp(size - (part * each), 0, each))];
        List<NdArray> parts = [];
        int start = 0;
        foreach (long part in sizes)
        {
            parts.Add(Part(value, axis, start, (int)part));
            start += (int)part;
        }
        return [.. parts];
    }

    private static NdArray Concat(NodeInputs node)
    {
        NdArray[] parts = [.. Enumerable.Range(0, node.Count).Select(input => node[input])];
        int axis = parts[0].Axis(node.Integer("axis", 0)) ?? throw node.Unsupported();
        int[] shape = [.. parts[0].Shape];
        shape[axis] = parts.Sum(part => part.Shape[axis]);
        double[] result = new double[Size(node, shape)];
        int outer = shape[..axis].Aggregate(1, (product, size) => product * size);
        int at = 0;
        for (int block = 0; block < outer; block++)
            foreach (NdArray part in parts)
            {
                int length = part.Values.Length / outer;
                part.Values.AsSpan(block * length, length).CopyTo(result.AsSpan(at));
                at += length;
            }
        return new NdArray(shape, result, parts.All(part => part.IsInteger));
    }

    private static NdArray Fold(NodeInputs node, Func<double, double, double> function)
    {
        NdArray result = node[0];
        for (int input = 1; input < node.Count; input++)
            result = Binary(node, result, node[input], function);
        return result;
    }

    private static NdArray Clip(NodeInputs node)
    {
        double least = node.Optional(1)?.Values[0] ?? node.Number("min", float.NegativeInfinity);
        double most = node.Optional(2)?.Values[0] ?? node.Number("max", float.PositiveInfinity);
        return Map(node[0], value => Math.Min(Math.Max(value, least), most));
    }

    private static NdArray Binary(NodeInputs node, Func<double, double, double> function) => Binary(node, node[0], node[1], function);

    private static NdArray Binary(NodeInputs node, NdArray a, NdArray b, Func<double, double, double> function)
    {
        int rank = Math.Max(a.Rank, b.Rank);
        (int[] shapeA, int[] shapeB) = (Widened(a.Shape, rank), Widened(b.Shape, rank));
        int[] shape = new int[rank];
        for (int axis = 0; axis < rank; axis++)
            shape[axis] = shapeA[axis] == 1 ? shapeB[axis] : shapeB[axis] == 1 || shapeB[axis] == shapeA[axis] ? shapeA[axis]
                : throw node.Unsupported();
        int[] stridesA = Broadcast(shapeA);
        int[] stridesB = Broadcast(shapeB);
        double[] result = new double[Size(node, shape)];
        int[] index = new int[rank];
        for (int i = 0, fromA = 0, fromB = 0; i < result.Length; i++)
        {
            result[i] = function(a.Values[fromA], b.Values[fromB]);
            for (int axis = rank - 1; axis >= 0; axis--)
            {
                fromA += stridesA[axis];
                fromB += stridesB[axis];
                if (++index[axis] < shape[axis])
                    break;
                fromA -= stridesA[axis] * shape[axis];
                fromB -= stridesB[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        return new NdArray(shape, result, a.IsInteger && b.IsInteger);

        static int[] Broadcast(int[] shape)
        {
            int[] strides = Strides(shape);
            for (int axis = 0; axis < shape.Length; axis++)
                if (shape[axis] == 1)
                    strides[axis] = 0;
            return strides;
        }

        static int[] Widened(int[] shape, int rank) => [.. Enumerable.Repeat(1, rank - shape.Length), .. shape];
    }

    private static NdArray Reduce(NodeInputs node, bool isMean)
    {
        NdArray value = node[0];
        long[] named = node.Integers("axes", 1) ?? [.. Enumerable.Range(0, value.Rank).Select(axis => (long)axis)];
        int[] axes = [.. named.Select(axis => value.Axis(axis) ?? throw node.Unsupported())];
        int[] shape = [.. value.Shape.Select((size, axis) => axes.Contains(axis) ? 1 : size)];
        int[] strides = Strides(shape);
        double[] sums = new double[Size(node, shape)];
        int[] index = new int[value.Rank];
        foreach (double element in value.Values)
        {
            int at = 0;
            for (int axis = 0; axis < value.Rank; axis++)
                at += axes.Contains(axis) ? 0 : index[axis] * strides[axis];
            sums[at] += element;
            for (int axis = value.Rank - 1; axis >= 0 && ++index[axis] == value.Shape[axis]; axis--)
                index[axis] = 0;
        }
        double count = isMean && sums.Length > 0 ? (double)value.Values.Length / sums.Length : 1;
        NdArray result = new(shape, Array.ConvertAll(sums, sum => sum / count));
        return node.Integer("keepdims", 1) != 0 ? result : result.Reshape([.. shape.Where((_, axis) => !axes.Contains(axis))]);
    }

    private static NdArray LayerNorm(NodeInputs node)
    {
        NdArray value = node[0];
        int axis = value.Axis(node.Integer("axis", -1)) ?? throw node.Unsupported();
        int size = value.Shape[axis..].Aggregate(1, (product, length) => product * length);
        double epsilon = node.Number("epsilon", 1e-5f);
        double[] result = new double[value.Values.Length];
        for (int start = 0; size > 0 && start < result.Length; start += size)
        {
            ReadOnlySpan<double> part = value.Values.AsSpan(start, size);
            double mean = 0;
            foreach (double element in part)
                mean += element / size;
            double variance = 0;
            foreach (double element in part)
                variance += (element - mean) * (element - mean) / size;
            for (int i = 0; i < size; i++)
                result[start + i] = (part[i] - mean) / Math.Sqrt(variance + epsilon);
        }
        NdArray normalised = Binary(node, value with { Values = result }, node[1], (a, b) => a * b);
        return node.Optional(2) is { } bias ? Binary(node, normalised, bias, (a, b) => a + b) : normalised;
    }

    private static int[] Strides(int[] shape)
    {
        int[] strides = new int[shape.Length];
        int stride = 1;
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }
        return strides;
    }
}
