using TrtVocoder.Decoding;
using TrtVocoder.Export.Checkpoints;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// What makes a network of one that takes a mel piece by piece. Each layer that mixes frames finds before the new ones the last 6 that came
/// to it, as they were left to it by the run before, and so puts out each frame once, 3 frames later. Layer by layer the frames outside of
/// the utterance are zeros, at its start and at its end, just as the padding of the whole network.
/// </summary>
internal sealed class StreamingNodes
{
    private const int Margin = VocosConfig.KernelSize / 2;
    private const int Kept = VocosConfig.KernelSize - 1;
    private const string Scope = "/state";

    private readonly GraphWeights _weights;
    private readonly string _melState;
    private readonly string _blockState;
    private readonly string _masks;
    private readonly List<string> _newStates = [];

    /// <summary>Adds the inputs, and what is computed of them for all layers together.</summary>
    public StreamingNodes(GraphWeights weights, string mel)
    {
        _weights = weights;
        (OnnxGraphBuilder graph, VocosConfig config) = (weights.Graph, weights.Config);
        string position = graph.AddInput(StreamTensors.Position, 1);
        string length = graph.AddInput(StreamTensors.Length, 1);
        string melState = graph.AddInput(StreamTensors.MelState, 1, Kept, config.MelCount);
        string blockState = graph.AddInput(StreamTensors.BlockState, config.LayerCount, Kept, config.Dim);

        // At an utterance's start the state is another's: whatever it holds, its frames lie before the first.
        _melState = KeepFromStart("mel", melState, [0]);
        _blockState = weights.Cast(
            Scope + "/block", KeepFromStart("block", blockState, [.. Enumerable.Range(0, config.LayerCount).Select(Lag)]), DataType.Float,
            weights.TrunkType);
        _masks = Mask();

        string KeepFromStart(string name, string state, int[] lags)
        {
            string scope = $"{Scope}/{name}";
            float[] offsets = [.. lags.SelectMany(lag => Enumerable.Range(0, Kept).Select(row => (float)(row - Kept - lag)))];
            string frame = graph.AddNode(
                "Add", scope, [position, graph.AddConstant($"state.{name}.offset", DataType.Float, offsets, lags.Length, Kept, 1)]);
            string zero = graph.AddConstant($"state.{name}.zero", DataType.Float, [0f], 1);
            return graph.AddNode("Where", scope, [graph.AddNode("GreaterOrEqual", scope, [frame, zero]), state, zero]);
        }

        // [L, N, 1]: 1 where the frame that comes to a block in a row is one of the utterance's, else 0.
        string Mask()
        {
            const string MaskScope = Scope + "/mask";
            string count = graph.AddNode(
                "Shape", MaskScope, [mel], [OnnxAttributes.Integer("start", 2), OnnxAttributes.Integer("end", 3)]);
            string rows = graph.AddNode("Range", MaskScope,
                [graph.GetInteger(0), graph.AddNode("Squeeze", MaskScope, [count, graph.GetIntegers(0)]), graph.GetInteger(1)]);
            string row = graph.AddNode("Reshape", MaskScope,
                [weights.Cast(MaskScope, rows, DataType.Int64, DataType.Float), graph.GetIntegers(1, -1, 1)]);
            float[] lags = [.. Enumerable.Range(0, config.LayerCount).Select(block => (float)-Lag(block))];
            string offset = graph.AddConstant("state.mask.offset", DataType.Float, lags, config.LayerCount, 1, 1);
            string frame = graph.AddNode("Add", MaskScope + "/frame", [graph.AddNode("Add", MaskScope, [row, position]), offset]);
            string zero = graph.AddConstant("state.mask.zero", DataType.Float, [0f], 1);
            string isInside = graph.AddNode("And", MaskScope,
            [
                graph.AddNode("GreaterOrEqual", MaskScope, [frame, zero]),
                graph.AddNode("Less", MaskScope, [frame, length]),
            ]);
            return graph.AddNode("Where", MaskScope,
            [
                isInside,
                graph.AddConstant("state.mask.inside", weights.TrunkType, [1f], 1),
                graph.AddConstant("state.mask.outside", weights.TrunkType, [0f], 1),
            ]);
        }
    }

    /// <summary>mel [1, n_mels, N] → [1, n_mels, N + 6], the frames before it first.</summary>
    public string JoinMel(string mel)
    {
        const string MelScope = Scope + "/mel";
        string joined = _weights.Graph.AddNode(
            "Concat", MelScope, [_weights.Transpose(MelScope, _melState), mel], [OnnxAttributes.Integer("axis", 2)]);
        string last = _weights.Graph.Slice(MelScope, joined, [(2, ^Kept..)]);
        _weights.Graph.AddNode(
            "Transpose", MelScope + "/new", [last], [OnnxAttributes.Integers("perm", 0, 2, 1)], StreamTensors.NewMelState);
        return joined;
    }

    /// <summary>What comes to a block, [1, N, C] → [1, N + 6, C], the frames before it first and those outside of the utterance zero.</summary>
    public string JoinBlock(int block, string hidden)
    {
        OnnxGraphBuilder graph = _weights.Graph;
        string scope = $"/convnext.{block}/state";
        string mask = graph.Slice(scope + "/mask", _masks, [(0, block..(block + 1))]);
        string inside = graph.AddNode("Mul", scope, [hidden, mask]);
        string before = graph.Slice(scope + "/before", _blockState, [(0, block..(block + 1))]);
        string joined = graph.AddNode("Concat", scope, [before, inside], [OnnxAttributes.Integer("axis", 1)]);
        _newStates.Add(graph.Slice(scope + "/last", joined, [(1, ^Kept..)]));
        return joined;
    }

    /// <summary>Of what <see cref="JoinBlock"/> gave, the frames that the block puts out.</summary>
    public string TakeCentre(int block, string joined) =>
        _weights.Graph.Slice($"/convnext.{block}/centre", joined, [(1, Margin..^Margin)]);

    /// <summary>Adds the outputs, after the last block.</summary>
    public void EmitOutputs()
    {
        (OnnxGraphBuilder graph, VocosConfig config) = (_weights.Graph, _weights.Config);
        bool isCast = _weights.TrunkType != DataType.Float;
        string states = graph.AddNode(
            "Concat", Scope + "/new", _newStates, [OnnxAttributes.Integer("axis", 0)], isCast ? null : StreamTensors.NewBlockState);
        if (isCast)
            graph.AddNode(
                "Cast", Scope + "/new", [states], [OnnxAttributes.Integer("to", (long)DataType.Float)], StreamTensors.NewBlockState);
        graph.AddOutput(StreamTensors.NewMelState, 1, Kept, config.MelCount);
        graph.AddOutput(StreamTensors.NewBlockState, config.LayerCount, Kept, config.Dim);
    }

    // By how many frames what comes to a block is later than the mel.
    private static int Lag(int block) => Margin * (block + 1);
}
