using System.Globalization;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;

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

    /// <param name="path">The file.</param>
    /// <param name="notes">Takes what a user should know although the config can be used, a sentence each.</param>
    /// <exception cref="DataFormatException">
    /// The file is not such a config, asks for a model of another kind, or contradicts itself.
    /// </exception>
    public static VocosConfig Read(string path, ICollection<string> notes)
    {
        WholeFile.ThrowIfNone(path);
        if (new FileInfo(path).Length > YamlTree.MaxLength)
            throw new DataFormatException($"{path} is larger than {YamlTree.MaxLength} bytes; a Vocos config.yaml is not.");
        return Parse(File.ReadAllText(path), path, notes);
    }

    /// <inheritdoc cref="Read"/>
    /// <param name="text">The file's text.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="notes">Takes what a user should know although the config can be used, a sentence each.</param>
    public static VocosConfig Parse(string text, string source, ICollection<string> notes)
    {
        YamlTree root = YamlTree.Parse(text, source);
        // The config that upstream's training writes has the model's sections two levels deeper.
        if (root.Find("feature_extractor") is null && root.Find("model")?.Find("init_args") is { } nested
            && nested.Find("feature_extractor") is not null)
            root = nested;
        Section features = new(root, "feature_extractor", source);
        Section backbone = new(root, "backbone", source, Backbone);
        Section head = new(root, "head", source, IstftHead);
        if (features.ClassPath != MelFeatures)
            NoteForeignFeatures(features, source, notes);

        // Defaults are those of upstream's constructors.
        VocosConfig config = new()
        {
            SampleRate = features.Integer("sample_rate", ModelLimits.MaxSampleRate, 24000, ModelLimits.MinSampleRate),
            FftLength = features.Integer("n_fft", ModelLimits.MaxFftLength, 1024),
            HopLength = features.Integer("hop_length", ModelLimits.MaxHopLength, 256),
            MelCount = features.Integer("n_mels", ModelLimits.MaxMelCount, 100),
            // Decoding depends on the head's alone.
            Padding = head.Padding(StftPadding.Same),
            Dim = backbone.Integer("dim", MaxSize),
            IntermediateDim = backbone.Integer("intermediate_dim", MaxSize),
            LayerCount = backbone.Integer("num_layers", MaxLayers),
            // Upstream: `layer_scale_init_value or 1 / num_layers`, then gamma exists if that is above 0.
            HasLayerScale = backbone.Number("layer_scale_init_value") is not < 0,
        };

        if (backbone.Take("adanorm_num_embeddings") is { } embeddings)
            throw new DataFormatException(
                $"{source}: adanorm_num_embeddings is {embeddings}: models conditioned on a bandwidth (EnCodec features) cannot be used, "
                    + $"only mel models.");
        string[] others =
        [
            .. features.TakeUnlike("f_min", "0"), .. features.TakeUnlike("f_max", (config.SampleRate / 2f).ToString(CultureInfo.InvariantCulture)),
            .. features.TakeUnlike("norm"), .. features.TakeUnlike("mel_scale", "htk"),
        ];
        if (others.Length > 0)
            notes.Add($"{source}: {PrintableText.Clean(string.Join(", ", others))}: mels that the model's own front end makes are "
                + $"decoded; those made here from sound "
                + "(HTK, no normalisation, 0 Hz to half the sample rate) will not suit these weights.");
        StftPadding featuresPadding = features.Padding(StftPadding.Center);
        if (featuresPadding != config.Padding)
            notes.Add($"{source}: feature_extractor.padding is {Describe(featuresPadding)}, head.padding {Describe(config.Padding)} "
                + $"(upstream's defaults differ, too); "
                + "decoding goes by the head's, and so do mels made here from sound.");

        RequireEqual(
            source, "backbone.input_channels", backbone.Integer("input_channels", MaxSize), "feature_extractor.n_mels", config.MelCount);
        RequireEqual(source, "head.dim", head.Integer("dim", MaxSize), "backbone.dim", config.Dim);
        RequireEqual(source, "head.n_fft", head.Integer("n_fft", MaxSize), "feature_extractor.n_fft", config.FftLength);
        RequireEqual(source, "head.hop_length", head.Integer("hop_length", MaxSize), "feature_extractor.hop_length", config.HopLength);
        if (features.ClassPath == MelFeatures)
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
                $"{source} contradicts itself: {name} is {value}, {otherName} is {otherValue}; they must be equal."));
    }

    private static string Describe(StftPadding padding) => padding == StftPadding.Center ? "center" : "same";

    // Mels are given to a decoder, so whose class makes them is nothing to it; features of another kind are.
    private static void NoteForeignFeatures(Section features, string source, ICollection<string> notes)
    {
        string name = PrintableText.Name(features.ClassPath ?? "");
        if (!features.Has("n_mels"))
            throw new DataFormatException(
                $"{source}: feature_extractor.class_path is '{name}', which cannot be used: it tells no n_mels, and only mel models can "
                    + $"be decoded; supported is '{MelFeatures}'.");
        notes.Add($"{source}: feature_extractor.class_path is '{name}', which is not known here: mels that it makes are decoded; those "
            + $"made here from sound "
            + $"are {MelFeatures}'s and may not suit these weights.");
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
                $"{source}: n_fft {config.FftLength} and hop_length {config.HopLength} make no transform that can be undone: n_fft must "
                    + $"be even, "
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

        public Section(YamlTree root, string name, string source, string? classPath = null)
        {
            _name = name;
            _source = source;
            YamlTree section = root.Find(name)
                ?? throw new DataFormatException(
                    $"{source} has no section '{name}'; a Vocos config.yaml has feature_extractor, backbone and head{Instead(root)}.");
            ClassPath = section.Find("class_path")?.Scalar;
            if (classPath is not null && ClassPath != classPath)
                throw new DataFormatException($"{source}: {name}.class_path is '{PrintableText.Name(ClassPath ?? "")}', which cannot be "
                    + $"used; supported is '{classPath}'.");
            if (section.Find("init_args") is not { } arguments)
                return;
            foreach ((string key, YamlTree value) in arguments.GetChildren($"{name}.init_args", source))
                _arguments.Add(
                    key,
                    value.IsScalar ? value.Scalar : throw new DataFormatException(
                        $"{source}: {name}.init_args.{key} is not a single value."));
        }

        public string? ClassPath { get; }

        // The configs of other programs, told by what they hold.
        private static string Instead(YamlTree root) => root.Names.Take(6).Select(PrintableText.Name).ToArray() is { Length: > 0 } names
            ? $"; this one has {string.Join(", ", names)}"
            : "";

        public bool Has(string key) => _arguments.GetValueOrDefault(key) is not null;

        /// <summary>Removes an argument and returns its text; null when it is absent or null.</summary>
        public string? Take(string key) => _arguments.Remove(key, out string? text) ? text : null;

        public int Integer(string key, int most, int? fallback = null, int least = 1)
        {
            string? text = Take(key);
            if (text is null && fallback is { } value)
                return value;
            if (text is null)
                throw new DataFormatException($"{_source}: {_name}.init_args.{key} is missing.");
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
                ? number
                : throw new DataFormatException(
                    $"{_source}: {_name}.init_args.{key} is '{PrintableText.Name(text)}', expected a whole number from {least} to {most}.");
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

        /// <summary>Removes an argument of the mel transform and says it where it is not upstream's own value.</summary>
        public IEnumerable<string> TakeUnlike(string key, string? upstream = null)
        {
            if (Take(key) is not { } text || text == upstream)
                return [];
            bool isNumber = float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number);
            return isNumber && upstream is not null && number == float.Parse(upstream, CultureInfo.InvariantCulture)
                ? []
                : [$"{_name}.init_args.{key} is '{PrintableText.Name(text)}'"];
        }

        public void RefuseUnknown()
        {
            if (_arguments.Count > 0)
                throw new DataFormatException(
                    $"{_source}: {_name}.init_args holds what is not known here: "
                        + $"{string.Join(", ", _arguments.Keys.Take(8).Select(key => $"'{key}'"))}.");
        }
    }
}
