using System.Globalization;
using TrtVocoder.Dsp;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>Writes a config.yaml that upstream's <c>Vocos.from_hparams</c> and <see cref="VocosConfigReader"/> read.</summary>
internal static class VocosConfigWriter
{
    public static string Write(VocosConfig config)
    {
        string padding = config.Padding == StftPadding.Center ? "center" : "same";
        string layerScale = config.HasLayerScale ? "" : "\n    layer_scale_init_value: -1";
        string bands = (config.MelMinFrequency > 0 ? Line("f_min", config.MelMinFrequency.ToString("R", CultureInfo.InvariantCulture)) : "")
            + (config.MelMaxFrequency is { } highest ? Line("f_max", highest.ToString("R", CultureInfo.InvariantCulture)) : "")
            + (config.HasSlaneyScale ? Line("mel_scale", "slaney") : "") + (config.HasSlaneyNorm ? Line("norm", "slaney") : "");
        return string.Create(CultureInfo.InvariantCulture, $"""
            feature_extractor:
              class_path: {VocosConfigReader.MelFeatures}
              init_args:
                sample_rate: {config.SampleRate}
                n_fft: {config.FftLength}
                hop_length: {config.HopLength}
                n_mels: {config.MelCount}{bands}
                padding: {padding}

            backbone:
              class_path: {VocosConfigReader.Backbone}
              init_args:
                input_channels: {config.MelCount}
                dim: {config.Dim}
                intermediate_dim: {config.IntermediateDim}
                num_layers: {config.LayerCount}{layerScale}

            head:
              class_path: {VocosConfigReader.IstftHead}
              init_args:
                dim: {config.Dim}
                n_fft: {config.FftLength}
                hop_length: {config.HopLength}
                padding: {padding}

            """);

        static string Line(string name, string value) => $"\n    {name}: {value}";
    }
}
