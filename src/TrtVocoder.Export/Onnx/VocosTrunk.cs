using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Onnx;

/// <summary>
/// Emits Vocos' backbone: embedding, ConvNeXt blocks, final normalisation. The residual stays in [B, T, C] throughout, and in the trunk's
/// type from the first normalisation to the last.
/// </summary>
internal sealed class VocosTrunk(GraphWeights weights, ITemporalConvolution convolution, StreamingNodes? state)
{
    /// <summary>mel [B, n_mels, T] in FP32 → hidden [B, T, C] in FP32.</summary>
    public string Emit(string mel)
    {
        // Embedding and first LayerNorm stay in FP32, for mels rounded to FP16 are what an FP16 trunk loses most by: of models/vocos-demo
        // 29 dB on its clip.
        string hidden = weights.Cast(
            "/norm", weights.LayerNorm("norm", convolution.Embed(state?.JoinMel(mel) ?? mel), DataType.Float), DataType.Float, weights.TrunkType);
        for (int block = 0; block < weights.Config.LayerCount; block++)
            hidden = EmitBlock(block, hidden);
        state?.EmitOutputs();

        // The last LayerNorm feeds the FP32 head, so it reads and writes FP32: one cast, and no rounding after it.
        hidden = weights.Cast("/final_layer_norm", hidden, weights.TrunkType, DataType.Float);
        return weights.LayerNorm("final_layer_norm", hidden, DataType.Float);
    }

    private string EmitBlock(int block, string residual)
    {
        string name = $"convnext.{block}";
        (int dim, int inner) = (weights.Config.Dim, weights.Config.IntermediateDim);
        string input = state?.JoinBlock(block, residual) ?? residual;
        residual = state?.TakeCentre(block, input) ?? residual;
        string hidden = weights.LayerNorm(name + ".norm", convolution.Depthwise(block, input), weights.TrunkType);
        hidden = weights.Linear(name + ".pwconv1", hidden,
            GraphWeights.Transposed(weights.Get($"backbone.{name}.pwconv1.weight"), inner, dim), weights.Get(
                $"backbone.{name}.pwconv1.bias"), weights.TrunkType);

        // One node rather than the erf formula: TensorRT's parser makes one activation of it. Exact (erf) by default.
        hidden = weights.Graph.AddNode("Gelu", $"/{name}/act", [hidden]);

        float[] matrix = GraphWeights.Transposed(weights.Get($"backbone.{name}.pwconv2.weight"), dim, inner);
        float[] bias = [.. weights.Get($"backbone.{name}.pwconv2.bias")];
        if (weights.Config.HasLayerScale)
            Scale(matrix, bias, weights.Get($"backbone.{name}.gamma"));
        hidden = weights.Linear(name + ".pwconv2", hidden, matrix, bias, weights.TrunkType);
        return weights.Graph.AddNode("Add", $"/{name}/residual", [residual, hidden]);
    }

    /// <summary>Folds the layer scale: (h·W + b)·γ = h·(W·γ) + b·γ.</summary>
    private static void Scale(float[] matrix, float[] bias, ReadOnlySpan<float> gamma)
    {
        for (int i = 0; i < matrix.Length; i++)
            matrix[i] *= gamma[i % gamma.Length];
        for (int i = 0; i < bias.Length; i++)
            bias[i] *= gamma[i];
    }
}
