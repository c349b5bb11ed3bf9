using System.Globalization;
using TrtVocoder.Dsp;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// Reads configs that are one flat list of names: the <c>config.json</c> of the transformers library, and of programs that have copied
/// Vocos.
/// </summary>
internal static class FlatConfigReader
{
    /// <summary>Reads the facts; null where this is the config of something else.</summary>
    /// <param name="root">The document; the facts may also lie below <c>vocos</c>, <c>vocoder</c> or <c>model</c>.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="notes">Takes what a user should know, a sentence each.</param>
    /// <exception cref="DataFormatException">A value is no number, or asks for a network that cannot be decoded.</exception>
    public static ConfigFacts? TryRead(YamlTree root, string source, ICollection<string> notes)
    {
        foreach (YamlTree? candidate in (YamlTree?[])[root, root.Find("vocos"), root.Find("vocos_config"), root.Find("vocoder"),
            root.Find("vocoder_config"), root.Find("model")])
            if (candidate is not null && IsVocos(candidate))
                return Read(candidate, source, notes);
        return null;
    }

    private static bool IsVocos(YamlTree tree)
    {
        bool hasName = tree.Find("model_type")?.Scalar?.StartsWith("vocos", StringComparison.OrdinalIgnoreCase) == true;
        string[] names = ["n_fft", "hop_length", "num_layers", "intermediate_dim", "intermediate_size"];
        return hasName || (tree.Find("model_type") is null && names.Count(name => tree.Find(name) is not null) >= 4);
    }

    private static ConfigFacts Read(YamlTree tree, string source, ICollection<string> notes)
    {
        if (Integer("kernel_size", "dw_kernel_size") is { } taps && taps != VocosConfig.KernelSize)
            throw new DataFormatException($"{source}: kernel_size is {taps}; only convolutions over {VocosConfig.KernelSize} frames, "
                + $"as upstream's, are decoded here.");
        if (Number("layer_norm_eps") is { } epsilon && MathF.Abs(epsilon - VocosConfig.LayerNormEpsilon) > 1e-9f)
            throw new DataFormatException(
                string.Create(CultureInfo.InvariantCulture, $"{source}: layer_norm_eps is {epsilon}, expected {VocosConfig.LayerNormEpsilon}."));
        if (Text("hidden_act") is { } activation && activation != "gelu")
            throw new DataFormatException($"{source}: hidden_act is '{PrintableText.Name(activation)}', expected upstream's 'gelu'.");
        int? fftLength = Integer("n_fft", "fft_length", "filter_length");
        if (Integer("win_length") is { } window && fftLength is not null && window != fftLength)
            throw new DataFormatException($"{source}: win_length is {window}, n_fft {fftLength}; only windows as long as n_fft are "
                + $"decoded here.");
        string? padding = Text("istft_padding", "spec_padding", "padding_mode", "padding");
        string? scale = Text("mel_scale");
        string? norm = Text("mel_norm", "norm");
        if (scale is not (null or "htk" or "slaney") || norm is not (null or "slaney"))
            notes.Add($"{source}: mel_scale '{PrintableText.Name(scale ?? "")}' or norm '{PrintableText.Name(norm ?? "")}' is not "
                + $"known here; mels made here from sound may not suit these weights.");
        float? lowest = Number("f_min", "fmin", "mel_fmin");
        float? highest = Number("f_max", "fmax", "mel_fmax");
        int? rate = Integer("sampling_rate", "sample_rate");
        bool tellsBands = scale is not null || norm is not null || lowest is > 0 || highest is not null;
        return new ConfigFacts
        {
            Source = source,
            SampleRate = rate,
            FftLength = fftLength,
            HopLength = Integer("hop_length", "hop_size"),
            MelCount = Integer("input_channels", "n_mels", "num_mel_bins", "num_mels", "n_mel", "n_mel_channels", "feature_size"),
            Padding = padding switch { "center" => StftPadding.Center, "same" => StftPadding.Same, _ => null },
            Dim = Integer("hidden_size", "hidden_dim", "dim"),
            IntermediateDim = Integer("intermediate_size", "intermediate_dim"),
            LayerCount = Integer("num_layers", "num_hidden_layers"),
            Scale = tellsBands && (highest is null || lowest is null || lowest < highest)
                ? new MelScale(Math.Max(0, lowest ?? 0), highest == rate / 2 ? null : highest, scale == "slaney", norm == "slaney")
                : null,
        };

        string? Text(params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
                if (tree.Find(name) is { IsScalar: true, Scalar: { } text })
                    return text;
            return null;
        }

        int? Integer(params ReadOnlySpan<string> names) => Text(names) is { } text
            ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0
                ? value
                : throw new DataFormatException($"{source}: {names[0]} is '{PrintableText.Name(text)}', expected a whole number from 1.")
            : null;

        float? Number(params ReadOnlySpan<string> names) => Text(names) is { } text
            ? float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value)
                ? value
                : throw new DataFormatException($"{source}: {names[0]} is '{PrintableText.Name(text)}', expected a number.")
            : null;
    }
}
