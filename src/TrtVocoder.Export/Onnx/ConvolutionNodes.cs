using TrtVocoder.Export.Checkpoints;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary><see cref="NetworkForm.Conv"/>: Conv nodes on [B, C, T] between transposes, as upstream computes.</summary>
internal sealed class ConvolutionNodes(GraphWeights weights, bool pads) : ITemporalConvolution
{
    public string Embed(string mel) =>
        weights.Transpose("/embed", Convolve("embed", mel, weights.Config.MelCount, 1, DataType.Float));

    public string Depthwise(int block, string hidden)
    {
        string name = $"convnext.{block}.dwconv";
        string scope = GraphWeights.Scope(name);
        string channelsFirst = weights.Transpose(scope + "/channels_first", hidden);
        return weights.Transpose(scope + "/channels_last", Convolve(name, channelsFirst, 1, weights.Config.Dim, weights.TrunkType));
    }

    private string Convolve(string name, string input, int inputsPerGroup, int groups, DataType type)
    {
        int dim = weights.Config.Dim;
        int padding = pads ? VocosConfig.KernelSize / 2 : 0;
        string weight = weights.Graph.AddConstant(
            name + ".weight", type, weights.Get($"backbone.{name}.weight"), dim, inputsPerGroup, VocosConfig.KernelSize);
        string bias = weights.Graph.AddConstant(name + ".bias", type, weights.Get($"backbone.{name}.bias"), dim);
        return weights.Graph.AddNode("Conv", GraphWeights.Scope(name), [input, weight, bias],
        [
            OnnxAttributes.Integer("group", groups),
            OnnxAttributes.Integers("kernel_shape", VocosConfig.KernelSize),
            OnnxAttributes.Integers("pads", padding, padding),
        ]);
    }
}
