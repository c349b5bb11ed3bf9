using System.Collections.Immutable;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>The names and shapes of a Vocos model's state dict (gemelo-ai/vocos).</summary>
public static class VocosWeights
{
    /// <summary>The learned tensors that a model of this config has, in the order of the data's way through the network.</summary>
    public static IReadOnlyList<KeyValuePair<string, ImmutableArray<int>>> GetWeightShapes(VocosConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        List<KeyValuePair<string, ImmutableArray<int>>> shapes = [];
        int dim = config.Dim;
        Add("backbone.embed.weight", dim, config.MelCount, VocosConfig.KernelSize);
        Add("backbone.embed.bias", dim);
        AddPair("backbone.norm", dim);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string block = GetBlockName(layer);
            if (config.HasLayerScale)
                Add($"{block}.gamma", dim);
            Add($"{block}.dwconv.weight", dim, 1, VocosConfig.KernelSize);
            Add($"{block}.dwconv.bias", dim);
            AddPair($"{block}.norm", dim);
            AddPair($"{block}.pwconv1", config.IntermediateDim, dim);
            AddPair($"{block}.pwconv2", dim, config.IntermediateDim);
        }
        AddPair("backbone.final_layer_norm", dim);
        AddPair("head.out", config.FftLength + 2, dim);
        return shapes;

        void Add(string name, params ImmutableArray<int> shape) => shapes.Add(new(name, shape));

        void AddPair(string name, params ImmutableArray<int> weightShape)
        {
            Add($"{name}.weight", weightShape);
            Add($"{name}.bias", weightShape[0]);
        }
    }

    /// <summary>Fixed tensors that a checkpoint may hold beside the learned ones; they follow from the config.</summary>
    public static IReadOnlyList<KeyValuePair<string, ImmutableArray<int>>> GetBufferShapes(VocosConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return
        [
            new("feature_extractor.mel_spec.mel_scale.fb", [config.BinCount, config.MelCount]),
            new("feature_extractor.mel_spec.spectrogram.window", [config.FftLength]),
            new("head.istft.window", [config.FftLength]),
        ];
    }

    /// <summary>The prefix of block <paramref name="layer"/>'s names, from 0, without the dot at its end.</summary>
    public static string GetBlockName(int layer) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"backbone.convnext.{layer}");
}
