using System.Globalization;
using TrtVocoder.Dsp;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>Reads upstream's config.yaml: three sections (feature_extractor, backbone, head) of class_path and init_args.</summary>
internal static class VocosConfigReader
{
    public const string MelFeatures = "vocos.feature_extractors.MelSpectrogramFeatures";
    public const string Backbone = "vocos.models.VocosBackbone";
    public const string IstftHead = "vocos.heads.ISTFTHead";

    // Far beyond any vocoder, and small enough that no product of two sizes overflows.
    private const int MaxSize = 32768;
    private const int MaxLayers = 1024;
    private const int MaxSampleRate = 1_000_000;

    /// <exception cref="DataFormatException">The file is not such a config, asks for a model of another kind, or contradicts itself.</exception>
    public static VocosConfig Read(string path)
    {
        if (new FileInfo(path).Length > YamlTree.MaxLength)
            throw new DataFormatException($"{path} is larger than {YamlTree.MaxLength} bytes; a Vocos config.yaml is not.");
        return Parse(File.ReadAllText(path), path);
    }

    public static VocosConfig Parse(string text, string source)
    {
        YamlTree root = YamlTree.Parse(text, source);
        Section features = new(root, "feature_extractor", MelFeatures, source);
        Section backbone = new(root, "backbone", Backbone, source);
        Section head = new(root, "head", IstftHead, source);

        // Defaults are those of upstream's constructors.
        VocosConfig config = new()
        {
            SampleRate = features.Integer("sample_rate", MaxSampleRate, 24000),
            FftLength = features.Integer("n_fft", MaxSize, 1024),
            HopLength = features.Integer("hop_length", MaxSize, 256),
            MelCount = features.Integer("n_mels", MaxSize, 100),
            Padding = features.Padding(StftPadding.Center),
            Dim = backbone.Integer("dim", MaxSize),
            IntermediateDim = backbone.Integer("intermediate_dim", MaxSize),
            LayerCount = backbone.Integer("num_layers", MaxLayers),
            // Upstream: `layer_scale_init_value or 1 / num_layers`, then gamma exists if that is above 0.
            HasLayerScale = backbone.Number("layer_scale_init_value") is not < 0,
        };

        if (backbone.Take("adanorm_num_embeddings") is { } embeddings)
            throw new DataFormatException(
                $"{source}: adanorm_num_embeddings is {embeddings}: models conditioned on a bandwidth (EnCodec features) cannot be used, only mel models.");
        features.RequireDefault("f_min", "0");
        features.RequireDefault("f_max", (config.SampleRate / 2f).ToString(CultureInfo.InvariantCulture));
        features.RequireDefault("norm");
        features.RequireDefault("mel_scale", "htk");

        RequireEqual(source, "backbone.input_channels", backbone.Integer("input_channels", MaxSize), "feature_extractor.n_mels", config.MelCount);
        RequireEqual(source, "head.dim", head.Integer("dim", MaxSize), "backbone.dim", config.Dim);
        RequireEqual(source, "head.n_fft", head.Integer("n_fft", MaxSize), "feature_extractor.n_fft", config.FftLength);
        RequireEqual(source, "head.hop_length", head.Integer("hop_length", MaxSize), "feature_extractor.hop_length", config.HopLength);
        RequireEqual(source, "head.padding", head.Padding(StftPadding.Same), "feature_extractor.padding", config.Padding);
        features.RefuseUnknown();
        backbone.RefuseUnknown();
        head.RefuseUnknown();
        CheckTransform(config, source);
        return config;
    }

    private static void RequireEqual<T>(string source, string name, T value, string otherName, T otherValue)
        where T : struct
    {
        if (!value.Equals(otherValue))
            throw new DataFormatException(FormattableString.Invariant(
                $"{source} contradicts itself: {name} is {Describe(value)}, {otherName} is {Describe(otherValue)}; they must be equal."));

        static object Describe(T value) => value is StftPadding padding ? (padding == StftPadding.Center ? "center" : "same") : value;
    }

    private static void CheckTransform(VocosConfig config, string source)
    {
        try
        {
            _ = config.Stft;
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new DataFormatException(
                $"{source}: n_fft {config.FftLength} and hop_length {config.HopLength} make no transform that can be undone: n_fft must be even, "
                + "hop_length at most n_fft, and their difference even with padding 'same'.",
                e);
        }
    }

    /// <summary>One class_path with its init_args; remembers which were asked for, so that the rest can be refused by name.</summary>
    private sealed class Section
    {
        private readonly string _name;
        private readonly string _source;
        private readonly Dictionary<string, string?> _arguments = new(StringComparer.Ordinal);

        public Section(YamlTree root, string name, string classPath, string source)
        {
            _name = name;
            _source = source;
            YamlTree section = root.Find(name)
                ?? throw new DataFormatException($"{source} has no section '{name}'; a Vocos config.yaml has feature_extractor, backbone and head.");
            string? found = section.Find("class_path")?.Scalar;
            if (found != classPath)
                throw new DataFormatException($"{source}: {name}.class_path is '{found}', which cannot be used; supported is '{classPath}'.");
            if (section.Find("init_args") is not { } arguments)
                return;
            foreach ((string key, YamlTree value) in arguments.GetChildren($"{name}.init_args", source))
                _arguments.Add(
                    key,
                    value.IsScalar ? value.Scalar : throw new DataFormatException($"{source}: {name}.init_args.{key} is not a single value."));
        }

        /// <summary>Removes an argument and returns its text; null when it is absent or null.</summary>
        public string? Take(string key) => _arguments.Remove(key, out string? text) ? text : null;

        public int Integer(string key, int most, int? fallback = null)
        {
            string? text = Take(key);
            if (text is null && fallback is { } value)
                return value;
            if (text is null)
                throw new DataFormatException($"{_source}: {_name}.init_args.{key} is missing.");
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= most
                ? number
                : throw new DataFormatException($"{_source}: {_name}.init_args.{key} is '{text}', expected a whole number from 1 to {most}.");
        }

        public float? Number(string key)
        {
            if (Take(key) is not { } text)
                return null;
            return float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number) && float.IsFinite(number)
                ? number
                : throw new DataFormatException($"{_source}: {_name}.init_args.{key} is '{text}', expected a number.");
        }

        public StftPadding Padding(StftPadding fallback) => Take("padding") switch
        {
            null => fallback,
            "center" => StftPadding.Center,
            "same" => StftPadding.Same,
            string text => throw new DataFormatException($"{_source}: {_name}.init_args.padding is '{text}', expected 'center' or 'same'."),
        };

        /// <summary>Some forks pass further arguments to the mel transform; only upstream's own values are supported.</summary>
        public void RequireDefault(string key, string? supported = null)
        {
            if (Take(key) is not { } text || text == supported)
                return;
            bool isNumber = float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number);
            if (isNumber && supported is not null && number == float.Parse(supported, CultureInfo.InvariantCulture))
                return;
            throw new DataFormatException($"{_source}: {_name}.init_args.{key} is '{text}'; supported is {supported ?? "none (leave it out)"}.");
        }

        public void RefuseUnknown()
        {
            if (_arguments.Count > 0)
                throw new DataFormatException(
                    $"{_source}: {_name}.init_args holds what is not known here: {string.Join(", ", _arguments.Keys.Take(8).Select(key => $"'{key}'"))}.");
        }
    }
}
