using System.Globalization;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Onnx.Reading;

/// <summary>
/// Finds a Vocos in a graph by what it computes: the products hold the weights, and what stands between them is told by its values at a few
/// vectors, so that names, operators and the order of axes do not matter. One frame is looked at, for only convolutions mix frames.
/// </summary>
internal sealed class VocosGraphReader
{
    private const int Kernel = VocosConfig.KernelSize;

    private readonly OnnxGraph _graph;
    private readonly OnnxEvaluator _evaluator;
    private readonly Queue<int> _products = new();
    private readonly Random _random = new(7);

    /// <summary>Values at the network's joints, of any content: shapes are computed of them.</summary>
    private readonly Dictionary<string, NdArray> _given = new(StringComparer.Ordinal);

    private readonly Dictionary<string, FloatTensor> _tensors = new(StringComparer.Ordinal);
    private readonly List<Joint> _summands = [];

    private VocosGraphReader(OnnxGraph graph)
    {
        _graph = graph;
        _evaluator = new OnnxEvaluator(graph);
    }

    private enum Half
    {
        Magnitude,
        Cosine,
        Sine,
        Real,
        Imaginary,
    }

    /// <summary>Reads a graph's weights.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="hints">What the model does not tell.</param>
    /// <param name="notes">Takes what was found and what was assumed, a sentence each.</param>
    /// <exception cref="DataFormatException">It is no Vocos; the first node that does not fit is named.</exception>
    public static (VocosConfig Config, IReadOnlyDictionary<string, FloatTensor> Tensors) Read(OnnxGraph graph, ModelHints hints,
        ICollection<string> notes)
    {
        VocosGraphReader reader = new(graph);
        try
        {
            return (reader.ReadNetwork(hints, notes), reader._tensors);
        }
        catch (UnsupportedNodeException error)
        {
            throw reader.Misfit(error.Node, "does not belong to a Vocos");
        }
    }

    private VocosConfig ReadNetwork(ModelHints hints, ICollection<string> notes)
    {
        FindProducts();
        LinearNode embedding = Next("the embedding, a convolution of the mel over 7 frames");
        if (embedding.Taps != Kernel || embedding.Groups != 1)
            throw Misfit(embedding.Node, "is not the embedding, a convolution of all mel bands over 7 frames");
        int melCount = embedding.InputCount;
        CheckInput(embedding);
        int dim = embedding.OutputCount;
        (embedding, Joint stem) = Absorb(embedding);
        Store("backbone.embed", embedding);

        // The residual is the embedding's normalisation and what each block adds.
        NdArray? firstScale = null;
        NdArray? firstShift = null;
        int inner = 0;
        int layers = 0;
        LinearNode next = Next("a block's convolution");
        while (next.Groups > 1 || next.Taps > 1)
        {
            string block = VocosWeights.GetBlockName(layers);
            if (next.Groups != dim || next.OutputCount != dim || next.Taps != Kernel)
                throw Misfit(next.Node, $"is not a block's convolution, over 7 frames of each of {dim} channels by itself");
            if (layers == 0)
                (firstScale, firstShift) = ReadNorm("backbone.norm", next, dim, vector => Given(stem, vector));
            else
                CheckResidual(next, stem, firstScale!, firstShift!);
            (next, Joint joint) = Absorb(next);
            Store($"{block}.dwconv", next);

            LinearNode widening = Next("a block's first product");
            if (widening.Taps != 1 || widening.Groups != 1 || widening.InputCount != dim)
                throw Misfit(widening.Node, $"is not a block's first product, of {dim} channels");
            ReadNorm($"{block}.norm", widening, dim, vector => Given(joint, vector));
            inner = inner == 0 ? widening.OutputCount : widening.OutputCount == inner ? inner
                : throw Misfit(widening.Node, $"makes {widening.OutputCount} channels, the blocks before it {inner}");
            (widening, joint) = Absorb(widening);
            Store($"{block}.pwconv1", widening);

            LinearNode narrowing = Next("a block's second product");
            if (narrowing.Taps != 1 || narrowing.Groups != 1 || narrowing.InputCount != inner || narrowing.OutputCount != dim)
                throw Misfit(narrowing.Node, $"is not a block's second product, of {inner} channels to {dim}");
            CheckGelu(narrowing, joint);
            (narrowing, joint) = Absorb(narrowing);
            Store($"{block}.pwconv2", narrowing);
            _summands.Add(joint);
            layers++;
            next = Next("a block or the head");
        }
        if (layers == 0)
            throw Misfit(next.Node, "follows the embedding, where the first block's convolution should");

        if (next.InputCount != dim || next.OutputCount % 2 != 0)
            throw Misfit(next.Node, $"is not the head, a product of {dim} channels to n_fft + 2");
        double[] residual = Random(dim);
        double[][] added = [.. _summands.Select(_ => Random(dim))];
        double[] sum = Normalised(residual, firstScale!.Values, firstShift!.Values).Values;
        foreach (double[] summand in added[..^1])
            sum = [.. sum.Zip(summand, (a, b) => a + b)];
        ReadNorm("backbone.final_layer_norm", next, dim, vector =>
        {
            // The residual is the vector when the last block adds what lacks.
            Dictionary<string, NdArray> given = Given(stem, residual);
            for (int i = 0; i < _summands.Count - 1; i++)
                given[_summands[i].Value] = _summands[i].Of(added[i]);
            given[_summands[^1].Value] = _summands[^1].Of([.. vector.Select((value, i) => value - sum[i])]);
            return given;
        });
        (next, Joint head) = Absorb(next);
        (int bins, bool isSwapped, bool isWaveform) = CheckHead(head, next);
        Store("head.out", Halves(next, bins, isSwapped));
        return Complete(melCount, dim, inner, layers, 2 * (bins - 1), isWaveform ? next.Node : null, hints, notes);
    }

    /// <summary>Products and convolutions that depend on an input, in the order of the graph.</summary>
    private void FindProducts()
    {
        HashSet<string> reached = new(_graph.Inputs.Select(input => input.Name), StringComparer.Ordinal);
        for (int index = 0; index < _graph.Nodes.Count; index++)
        {
            NodeProto node = _graph.Nodes[index];
            // A shape is no content.
            if (node.OpType == "Shape" || !node.Input.Any(reached.Contains))
                continue;
            reached.UnionWith(node.Output);
            if (LinearNode.Is(node))
                _products.Enqueue(index);
        }
    }

    private LinearNode Next(string expected)
    {
        while (_products.TryDequeue(out int index))
            if (LinearNode.Read(_graph, _evaluator, index) is { } found)
                return found;
        throw new DataFormatException($"{_graph.Source} is no Vocos that is known here: its network ends where {expected} should "
            + $"follow; export it again from its checkpoint.");
    }

    /// <summary>The mel must reach the embedding as it is: with axes exchanged, or in another type, at most.</summary>
    private void CheckInput(LinearNode embedding)
    {
        int bands = embedding.InputCount;
        double[] probe = Random(bands);
        foreach (ValueInfoProto input in _graph.Inputs)
            foreach (int[] shape in (int[][])[[1, bands, 1], [1, 1, bands]])
            {
                Dictionary<string, NdArray> given = new(StringComparer.Ordinal) { [input.Name] = new NdArray(shape, probe) };
                if (_evaluator.Evaluate(embedding.Input, given) is not { } reached
                    || !reached.Shape.Where(size => size > 1).SequenceEqual(bands > 1 ? [bands] : []))
                    continue;
                if (!reached.Values.SequenceEqual(probe))
                    throw Misfit(embedding.Node, "is applied to a mel that was changed before it: scaled or shifted");
                if (reached.Shape.Length < 2 || reached.Shape[1] != bands)
                    continue;
                _given[input.Name] = given[input.Name];
                return;
            }
        throw Misfit(embedding.Node, "is not applied to an input of the network");
    }

    /// <summary>
    /// Takes into a product what follows it a channel each: a bias, a layer scale, exchanged axes. What it makes then is a joint.
    /// </summary>
    private (LinearNode Node, Joint Joint) Absorb(LinearNode node)
    {
        int count = node.OutputCount;
        // A convolution keeps channels before frames, a product after them, or it has them in its last axis alone.
        int[] shape = _graph.Nodes[node.Node].OpType switch
        {
            "Conv" => [1, count, .. Enumerable.Repeat(1, _evaluator.Constant(_graph.Nodes[node.Node].Input[1])!.Rank - 2)],
            "Gemm" => [1, count],
            _ => _evaluator.IsConstant(_graph.Nodes[node.Node].Input[0]) ? [1, count, 1] : [1, 1, count],
        };
        Joint joint = new(node.Output, shape);
        while (true)
        {
            _given[joint.Value] = joint.Of(Random(count));
            int[] uses = [.. _graph.ConsumersOf(joint.Value).Where(index => _graph.Nodes[index].OpType != "Shape")];
            if (uses is not [var use] || _graph.Outputs.Any(output => output.Name == joint.Value))
                return (node, joint);
            NodeProto next = _graph.Nodes[use];
            bool isAffine = next.OpType is "Add" or "Sub" or "Mul" or "Div" && next.Input.Count == 2
                && next.Input.Any(input => input != joint.Value && _evaluator.IsConstant(input));
            bool isShape = next.OpType is "Identity" or "Cast" or "Transpose" or "Squeeze" or "Unsqueeze" or "Reshape" or "Flatten" or "Dropout"
                && next.Input[0] == joint.Value;
            if (!isAffine && !isShape)
                return (node, joint);
            double[] zeros = new double[count];
            double[] ones = [.. Enumerable.Repeat(1.0, count)];
            if (Follow(next.Output[0], joint, zeros) is not { } atZero || Follow(next.Output[0], joint, ones) is not { } atOne
                || atZero.Values.Length != count)
                return (node, joint);
            double[] factors = [.. atOne.Values.Zip(atZero.Values, (one, zero) => one - zero)];
            // Channels divide a constant: that is no factor.
            double[] twos = [.. Enumerable.Repeat(2.0, count)];
            if (isAffine && Follow(next.Output[0], joint, twos) is { } atTwo
                && !atTwo.Values.Zip(atOne.Values, (two, one) => two - one).Zip(factors).All(pair =>
                    Math.Abs(pair.First - pair.Second) <= 1e-9 * (1 + Math.Abs(pair.Second))))
                return (node, joint);
            if (isAffine)
                node = node.Then(factors, atZero.Values);
            joint = new Joint(next.Output[0], atZero.Shape);
        }
    }

    private NdArray? Follow(string value, Joint joint, double[] content) => _evaluator.Evaluate(value, Given(joint, content));

    private Dictionary<string, NdArray> Given(Joint joint, double[] content) =>
        new(_given, StringComparer.Ordinal) { [joint.Value] = joint.Of(content) };

    /// <summary>
    /// A LayerNorm before a product, however it is written: at a vector and its opposite it tells factor and summand of each channel, and
    /// other vectors must agree.
    /// </summary>
    private (NdArray Scale, NdArray Shift) ReadNorm(string name, LinearNode product, int dim, Func<double[], Dictionary<string,
        NdArray>> given)
    {
        if (dim < 2)
            throw Misfit(product.Node, "is applied to one channel, which cannot be normalised");
        double[] probe = [.. Random(dim).Select((value, i) => (i % 2 == 0 ? 1 : -1) * (1.5 + value))];
        double[] up = Compute(probe);
        double[] down = Compute([.. probe.Select(value => -value)]);
        double[] unit = Normalised(probe, null, null).Values;
        NdArray scale = NdArray.Vector([dim], [.. up.Select((value, i) => (value - down[i]) / (2 * unit[i]))]);
        NdArray shift = NdArray.Vector([dim], [.. up.Select((value, i) => (value + down[i]) / 2)]);
        Agree(Random(dim), 1e-4, "is not applied to a LayerNorm of what is before it");
        // Of a variance of 1e-5 the epsilon is a tenth.
        Agree([.. Random(dim).Select(value => value * 0.011)], 0.01,
            $"is applied to a LayerNorm of another epsilon than {VocosConfig.LayerNormEpsilon.ToString(CultureInfo.InvariantCulture)}");
        _tensors[name + ".weight"] = Float([dim], scale.Values, product.Node);
        _tensors[name + ".bias"] = Float([dim], shift.Values, product.Node);
        return (scale, shift);

        void Agree(double[] vector, double tolerance, string otherwise)
        {
            double[] expected = Normalised(vector, scale.Values, shift.Values).Values;
            if (!AreClose(Compute(vector), expected, tolerance))
                throw Misfit(product.Node, otherwise);
        }

        double[] Compute(double[] vector)
        {
            NdArray reached = _evaluator.Evaluate(product.Input, given(vector)) ?? throw Misfit(product.Node,
                "depends on more than what is before it");
            return reached.Values.Length == dim ? reached.Values
                : throw Misfit(product.Node, $"is applied to {reached.Values.Length} channels, expected {dim}");
        }
    }

    private void CheckResidual(LinearNode product, Joint stem, NdArray scale, NdArray shift)
    {
        double[] content = Random(stem.Count);
        double[] expected = Normalised(content, scale.Values, shift.Values).Values;
        Dictionary<string, NdArray> given = Given(stem, content);
        foreach (Joint summand in _summands)
        {
            double[] added = Random(summand.Count);
            given[summand.Value] = summand.Of(added);
            expected = [.. expected.Zip(added, (a, b) => a + b)];
        }
        if (_evaluator.Evaluate(product.Input, given) is not { } reached || !AreClose(reached.Values, expected, 1e-5))
            throw Misfit(product.Node, "is not applied to the sum of what the blocks before it make");
    }

    private void CheckGelu(LinearNode product, Joint joint)
    {
        double[] content = [.. Enumerable.Range(0, joint.Count).Select(i => -5 + (10.0 * i / Math.Max(1, joint.Count - 1)))];
        // Its approximation by tanh is off by 5e-4; constants in half precision by less than half of that.
        const double Tolerance = 2.5e-4;
        if (Follow(product.Input, joint, content) is not { } reached || reached.Values.Length != joint.Count
            || reached.Values.Zip(content).Any(pair => !(Math.Abs(pair.First - OnnxOperators.Gelu(pair.Second)) <= Tolerance * (1
                + Math.Abs(pair.Second)))))
            throw Misfit(product.Node, "is not applied to the exact GELU of what is before it");
    }

    /// <summary>
    /// Whether the head's halves are log-magnitude and phase, in this order or the other, how many rows of each are bins (others fill them
    /// up), and whether samples are made of them inside.
    /// </summary>
    private (int Bins, bool IsSwapped, bool IsWaveform) CheckHead(Joint head, LinearNode product)
    {
        int half = head.Count / 2;
        // Log-magnitudes on both sides of the clip at ln 100 = 4.6.
        double[] content = [.. Enumerable.Range(0, head.Count).Select(_ => (_random.NextDouble() * 9) - 3)];
        Dictionary<string, NdArray> values = Given(head, content);
        int? failed = _evaluator.RunAll(product.Node + 1, values);
        HashSet<string> outputs = new(_graph.Outputs.Select(output => output.Name), StringComparer.Ordinal);
        IEnumerable<int> counts = values.Where(pair => outputs.Contains(pair.Key)).Select(pair => pair.Value.Values.Length).Where(count =>
            count <= half && count > 1);
        foreach (int bins in counts.Append(half).Distinct())
            foreach (bool isSwapped in (bool[])[false, true])
            {
                (double[] first, double[] second) = (content[..bins], content[half..(half + bins)]);
                Dictionary<Half, double[]> expected = isSwapped ? Expected(second, first) : Expected(first, second);
                if (IsSpectrum(Found(expected, pair => outputs.Contains(pair.Key))))
                    return (bins, isSwapped, false);
                if (IsSpectrum(Found(expected, _ => true)) && !outputs.Any(values.ContainsKey))
                    return (bins, isSwapped, true);
            }
        throw failed is null && !_products.TryPeek(out _)
            ? Misfit(product.Node, "is the head, and min(exp, 100), cos and sin of its halves do not follow")
            : Misfit(failed ?? _products.Peek(), "follows the head, where min(exp, 100), cos and sin of its halves should");

        HashSet<Half> Found(Dictionary<Half, double[]> expected, Func<KeyValuePair<string, NdArray>, bool> isMeant) =>
            [.. expected.Where(pair => values.Where(isMeant).Any(value => AreClose(value.Value.Values, pair.Value, 1e-4))).Select(pair =>
                pair.Key)];

        static bool IsSpectrum(HashSet<Half> found) => (found.Contains(Half.Real) && found.Contains(Half.Imaginary))
            || (found.Contains(Half.Magnitude) && found.Contains(Half.Cosine) && found.Contains(Half.Sine));
    }

    private static Dictionary<Half, double[]> Expected(double[] logMagnitude, double[] phase)
    {
        double[] magnitude = [.. logMagnitude.Select(value => Math.Min(Math.Exp(value), VocosConfig.MagnitudeClip))];
        double[] cosine = [.. phase.Select(Math.Cos)];
        double[] sine = [.. phase.Select(Math.Sin)];
        return new Dictionary<Half, double[]>
        {
            [Half.Magnitude] = magnitude,
            [Half.Cosine] = cosine,
            [Half.Sine] = sine,
            [Half.Real] = [.. magnitude.Zip(cosine, (a, b) => a * b)],
            [Half.Imaginary] = [.. magnitude.Zip(sine, (a, b) => a * b)],
        };
    }

    private VocosConfig Complete(int melCount, int dim, int inner, int layers, int fftLength, int? waveformAfter, ModelHints hints,
        ICollection<string> notes)
    {
        if (fftLength > ModelLimits.MaxFftLength || fftLength % 2 != 0 || melCount > ModelLimits.MaxMelCount)
            throw new DataFormatException($"{_graph.Source}: {melCount} mel bands and an n_fft of {fftLength} are no Vocos's.");
        if (hints.FftLength is { } told && told != fftLength)
            throw new DataFormatException($"{_graph.Source}: its metadata say an n_fft of {told}, its head makes {fftLength}.");
        int? hop = hints.HopLength;
        StftPadding padding = hints.Padding;
        if (waveformAfter is { } head)
            (hop, padding) = FindTransform(head, fftLength, hop, padding, notes);
        List<string> assumed = [];
        if (!hints.IsSampleRateKnown)
            assumed.Add(string.Create(CultureInfo.InvariantCulture, $"{hints.SampleRate} Hz"));
        if (hop is null)
            assumed.Add(string.Create(CultureInfo.InvariantCulture, $"a hop of {Math.Max(1, fftLength / 4)} (n_fft/4)"));
        notes.Add(string.Create(CultureInfo.InvariantCulture,
            $"{_graph.Source}: its weights were read back: {melCount} mel bands, n_fft {fftLength}, {dim}/{inner} channels, {layers} "
                + $"layers")
            + $"{(assumed.Count > 0 ? "; it does not say all of its audio parameters, assumed: " + string.Join(", ", assumed) : "")}.");
        VocosConfig config = new()
        {
            SampleRate = hints.SampleRate,
            FftLength = fftLength,
            HopLength = hop ?? Math.Max(1, fftLength / 4),
            MelCount = melCount,
            Padding = padding,
            Dim = dim,
            IntermediateDim = inner,
            LayerCount = layers,
            HasLayerScale = false,
            MelFloor = hints.MelFloor,
        };
        VocosConfigReader.CheckTransform(config, _graph.Source);
        return config;
    }

    /// <summary>
    /// Hop and padding of an inverse STFT within the network: the stride of what adds frames up, and where its first sample is cut.
    /// </summary>
    private (int? Hop, StftPadding Padding) FindTransform(int head, int fftLength, int? told, StftPadding otherwise,
        ICollection<string> notes)
    {
        int? hop = told;
        StftPadding? padding = null;
        for (int index = head + 1; index < _graph.Nodes.Count; index++)
        {
            NodeProto node = _graph.Nodes[index];
            NodeInputs attributes = new(_graph, node, index, []);
            if (node.OpType is "ConvTranspose" or "Col2Im" && attributes.Integers("strides", -1) is { } strides
                && strides.Max() is > 1 and <= ModelLimits.MaxHopLength and var stride)
            {
                hop ??= (int)stride;
                if (attributes.Integers("pads", -1) is { } pads && pads.Max() > 0)
                    padding ??= PaddingOf(pads.Max());
            }
            if (node.OpType == "Slice" && hop is not null)
                foreach (double start in attributes.Integers("starts", -1)?.Select(value => (double)value)
                    ?? (node.Input.Count > 1 && _evaluator.IsConstant(node.Input[1]) ? _evaluator.Constant(node.Input[1])!.Values.Take(4)
                        : []))
                    padding ??= PaddingOf(start);
        }
        if (padding is null)
            notes.Add($"{_graph.Source}: where its inverse STFT cuts the first sample cannot be told; padding "
                + $"{(otherwise == StftPadding.Center ? "center" : "same")} is assumed.");
        return (hop, padding ?? otherwise);

        StftPadding? PaddingOf(double cut) => cut == fftLength / 2 ? StftPadding.Center : hop is { } step
            && cut == (fftLength - step) / 2 ? StftPadding.Same : null;
    }

    private void Store(string name, LinearNode node)
    {
        int[] shape = node.Taps > 1 ? node.Weights.Shape : node.Weights.Shape[..2];
        _tensors[name + ".weight"] = Float(shape, node.Weights.Values, node.Node);
        _tensors[name + ".bias"] = Float([node.OutputCount], node.Bias, node.Node);
    }

    private FloatTensor Float(int[] shape, double[] values, int node) => values.All(value => double.IsFinite((float)value))
        ? new FloatTensor(shape, Array.ConvertAll(values, value => (float)value))
        : throw Misfit(node, "has weights that are not finite");

    /// <summary>The bins of both halves, log-magnitude first.</summary>
    private static LinearNode Halves(LinearNode node, int bins, bool isSwapped)
    {
        (int half, int columns) = (node.OutputCount / 2, node.InputCount);
        (int first, int second) = isSwapped ? (half, 0) : (0, half);
        return node with
        {
            Weights = new NdArray([2 * bins, columns, 1], [.. node.Weights.Values.AsSpan(first * columns, bins * columns),
                .. node.Weights.Values.AsSpan(second * columns, bins * columns)]),
            Bias = [.. node.Bias.AsSpan(first, bins), .. node.Bias.AsSpan(second, bins)],
        };
    }

    private static NdArray Normalised(double[] vector, double[]? scale, double[]? shift)
    {
        double mean = vector.Average();
        double variance = vector.Average(value => (value - mean) * (value - mean));
        double factor = 1 / Math.Sqrt(variance + VocosConfig.LayerNormEpsilon);
        return NdArray.Vector([vector.Length], [.. vector.Select((value, i) => ((value - mean) * factor * (scale?[i] ?? 1))
            + (shift?[i] ?? 0))]);
    }

    // A NaN must count as a difference.
    private static bool AreClose(double[] values, double[] expected, double tolerance)
    {
        double peak = expected.Length == 0 ? 0 : expected.Max(Math.Abs);
        return values.Length == expected.Length && values.Zip(expected).All(pair =>
            Math.Abs(pair.First - pair.Second) <= tolerance * (1e-6 + peak));
    }

    /// <summary>Numbers from -1 to 1.</summary>
    private double[] Random(int count) => [.. Enumerable.Range(0, count).Select(_ => (_random.NextDouble() * 2) - 1)];

    private DataFormatException Misfit(int node, string what) =>
        new($"{_graph.Source} is no Vocos that is known here: {_graph.Describe(node)} {what}.");

    /// <summary>A value at which the network is opened, as one frame has it.</summary>
    private sealed record Joint(string Value, int[] Shape)
    {
        public int Count => Shape.Aggregate(1, (product, size) => product * size);

        public NdArray Of(double[] content) => new(Shape, content);
    }
}
