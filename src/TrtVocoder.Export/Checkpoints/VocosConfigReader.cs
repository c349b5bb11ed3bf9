using System.Globalization;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>Reads upstream's config.yaml: three sections (feature_extractor, backbone, head) of class_path and init_args.</summary>
internal static class VocosConfigReader
{
    public const string MelFeatures = "vocos.feature_extractors.MelSpectrogramFeatures";
    public const string EncodecFeatures = "vocos.feature_extractors.EncodecFeatures";
    public const string Backbone = "vocos.models.VocosBackbone";
    public const string IstftHead = "vocos.heads.ISTFTHead";

    // Far beyond any vocoder, and small enough that no product of two sizes overflows.
    private const int MaxSize = 32768;
    private const int MaxLayers = 1024;

    /// <summary>
    /// Reads a config: upstream's whole, or the facts of one in the form of the transformers library (<c>config.json</c>).
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="notes">Takes what a user should know although the config can be used, a sentence each.</param>
    /// <returns>Null where it is the config of something else.</returns>
    /// <exception cref="DataFormatException">The config asks for a model of another kind, or contradicts itself.</exception>
    public static ConfigSource? ReadFile(string path, ICollection<string> notes)
    {
        WholeFile.ThrowIfNone(path);
        if (new FileInfo(path).Length > YamlTree.MaxLength)
            throw new DataFormatException($"{path} is larger than {YamlTree.MaxLength} bytes; a Vocos config is not.");
        YamlTree root = YamlTree.Parse(File.ReadAllText(path), path);
        if (FindSections(root) is { } sections)
            return new ConfigSource(Path.GetFileName(path), ReadSections(sections, path, notes), null);
        return FlatConfigReader.TryRead(root, path, notes) is { } facts ? new ConfigSource(Path.GetFileName(path), null, facts) : null;
    }

    /// <summary>Reads upstream's config.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="notes">Takes what a user should know although the config can be used, a sentence each.</param>
    /// <exception cref="DataFormatException">
    /// The text is not such a config, asks for a model of another kind, or contradicts itself.
    /// </exception>
    public static VocosConfig Parse(string text, string source, ICollection<string> notes)
    {
        YamlTree root = YamlTree.Parse(text, source);
        return ReadSections(FindSections(root) ?? root, source, notes);
    }

    /// <summary>Refuses sizes that no inverse STFT takes.</summary>
    public static void CheckTransform(VocosConfig config, string source)
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

    // Training keeps the sections one or two levels deeper: model.init_args, or model alone.
    private static YamlTree? FindSections(YamlTree root)
    {
        foreach (YamlTree? candidate in (YamlTree?[])[root, root.Find("model")?.Find("init_args"), root.Find("model"),
            root.Find("init_args"), root.Find("vocos")])
            if (candidate is not null && (candidate.Find("backbone") is not null || candidate.Find("feature_extractor") is not null)
                && candidate.Names.Count(name => name is "backbone" or "feature_extractor" or "head") >= 2)
                return candidate;
        return null;
    }

    private static VocosConfig ReadSections(YamlTree root, string source, ICollection<string> notes)
    {
        Section features = new(root, "feature_extractor", source);
        Section backbone = new(root, "backbone", source, Backbone);
        Section head = new(root, "head", source, IstftHead);
        bool isEncodec = features.Is(EncodecFeatures);
        if (!isEncodec && !features.Is(MelFeatures))
            NoteForeignFeatures(features, source, notes);
        int? conditions = backbone.OptionalInteger("adanorm_num_embeddings", MaxSize);
        if (isEncodec && conditions is null)
            throw new DataFormatException($"{source}: feature_extractor.class_path is '{PrintableText.Name(features.ClassPath!)}' and "
                + $"the backbone is "
                + "not conditioned on a bandwidth (adanorm_num_embeddings): it is the decoder of a codec, whose input is no mel, and "
                    + "only mel models "
                + "and vocos-encodec can be decoded.");
        int channels = backbone.Integer("input_channels", ModelLimits.MaxMelCount);

        // Defaults are those of upstream's constructors.
        VocosConfig config = new()
        {
            SampleRate = isEncodec ? EncodecRate(features, source)
                : features.Integer("sample_rate", ModelLimits.MaxSampleRate, 24000, ModelLimits.MinSampleRate),
            FftLength = isEncodec ? head.Peek("n_fft", ModelLimits.MaxFftLength)
                : features.Integer("n_fft", ModelLimits.MaxFftLength, 1024),
            HopLength = isEncodec ? head.Peek("hop_length", ModelLimits.MaxHopLength)
                : features.Integer("hop_length", ModelLimits.MaxHopLength, 256),
            MelCount = isEncodec ? channels : features.Integer("n_mels", ModelLimits.MaxMelCount, 100),
            // Decoding depends on the head's alone.
            Padding = head.Padding(StftPadding.Same),
            Dim = backbone.Integer("dim", MaxSize),
            IntermediateDim = backbone.Integer("intermediate_dim", MaxSize),
            LayerCount = backbone.Integer("num_layers", MaxLayers),
            // Upstream: `layer_scale_init_value or 1 / num_layers`, then gamma exists if that is above 0.
            HasLayerScale = backbone.Number("layer_scale_init_value") is not < 0,
        };
        if (isEncodec)
            notes.Add($"{source}: its input is features of EnCodec, [{channels}, frames], of which codes are made elsewhere; it takes "
                + $"no mel and no sound.");
        else
            config = ReadBands(config, features, source, notes);
        StftPadding featuresPadding = features.Padding(StftPadding.Center);
        if (!isEncodec && featuresPadding != config.Padding)
            notes.Add($"{source}: feature_extractor.padding is {Describe(featuresPadding)}, head.padding {Describe(config.Padding)} "
                + $"(upstream's defaults differ, too); "
                + "decoding goes by the head's, and so do mels made here from sound.");

        RequireEqual(source, "backbone.input_channels", channels, "feature_extractor.n_mels", config.MelCount);
        RequireEqual(source, "head.dim", head.Integer("dim", MaxSize), "backbone.dim", config.Dim);
        RequireEqual(source, "head.n_fft", head.Integer("n_fft", MaxSize), "feature_extractor.n_fft", config.FftLength);
        RequireEqual(source, "head.hop_length", head.Integer("hop_length", MaxSize), "feature_extractor.hop_length", config.HopLength);
        if (head.OptionalInteger("win_length", MaxSize) is { } window && window != config.FftLength)
            throw new DataFormatException($"{source}: head.win_length is {window}, n_fft {config.FftLength}; only windows as long as "
                + $"n_fft are decoded here.");
        if (backbone.OptionalInteger("kernel_size", MaxSize) is { } taps && taps != VocosConfig.KernelSize)
            throw new DataFormatException($"{source}: backbone.init_args.kernel_size is {taps}; only convolutions over "
                + $"{VocosConfig.KernelSize} frames, as upstream's, are decoded here.");
        if (features.Is(MelFeatures) && features.Rest() is { Length: > 0 } rest)
            notes.Add($"{source}: feature_extractor.init_args holds what is not known here ({rest}); mels that the model's own front "
                + $"end makes are "
                + "decoded, those made here from sound may not suit these weights.");
        backbone.RefuseUnknown();
        head.RefuseUnknown();
        CheckTransform(config, source);
        return config;
    }

    /// <summary>Where the mel bands lie: only mels made here depend on it.</summary>
    private static VocosConfig ReadBands(VocosConfig config, Section features, string source, ICollection<string> notes)
    {
        float lowest = features.Number("f_min") ?? 0;
        float? highest = features.Number("f_max");
        string? scale = features.Take("mel_scale");
        string? norm = features.Take("norm");
        List<string> odd = [];
        if (scale is not (null or "htk" or "slaney"))
            odd.Add($"mel_scale is '{PrintableText.Name(scale)}'");
        if (norm is not (null or "slaney" or "none" or "None"))
            odd.Add($"norm is '{PrintableText.Name(norm)}'");
        if (!(lowest >= 0 && lowest < (highest ?? config.SampleRate / 2)))
        {
            odd.Add(FormattableString.Invariant($"f_min is {lowest} and f_max {highest}"));
            (lowest, highest) = (0, null);
        }
        if (odd.Count > 0)
            notes.Add($"{source}: feature_extractor's {string.Join(", ", odd)}, which is not known here: mels that the model's own "
                + $"front end makes are "
                + "decoded; those made here from sound will not suit these weights.");
        return config with
        {
            MelMinFrequency = lowest,
            MelMaxFrequency = highest == config.SampleRate / 2 ? null : highest,
            HasSlaneyScale = scale == "slaney",
            HasSlaneyNorm = norm == "slaney",
        };
    }

    private static int EncodecRate(Section features, string source)
    {
        string? model = features.Take("encodec_model");
        return model switch
        {
            null or "encodec_24khz" => 24000,
            "encodec_48khz" => 48000,
            _ => throw new DataFormatException($"{source}: feature_extractor.init_args.encodec_model is '{PrintableText.Name(model)}', "
                + $"expected 'encodec_24khz' or 'encodec_48khz'."),
        };
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
            if (classPath is not null && !Is(classPath))
                throw new DataFormatException($"{source}: {name}.class_path is '{PrintableText.Name(ClassPath ?? "")}', which cannot be "
                    + $"used; supported is '{classPath}'.");
            if (section.Find("init_args") is not { } arguments)
                return;
            foreach ((string key, YamlTree value) in arguments.GetChildren($"{name}.init_args", source))
            {
                // The bandwidths of EnCodec are a list, and what they are is known by their number.
                if (!value.IsScalar && key == "bandwidths")
                    continue;
                _arguments.Add(
                    key,
                    value.IsScalar ? value.Scalar : throw new DataFormatException(
                        $"{source}: {name}.init_args.{key} is not a single value."));
            }
        }

        public string? ClassPath { get; }

        // The configs of other programs, told by what they hold.
        private static string Instead(YamlTree root) => root.Names.Take(6).Select(PrintableText.Name).ToArray() is { Length: > 0 } names
            ? $"; this one has {string.Join(", ", names)}"
            : "";

        /// <summary>Whether the class is upstream's, in its own package or copied into another.</summary>
        public bool Is(string classPath) => ClassPath is not null && ClassPath.Split('.')[^1] == classPath.Split('.')[^1];

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

        public int? OptionalInteger(string key, int most) => Has(key) ? Integer(key, most) : null;

        /// <summary>A number that stays to be asked for again.</summary>
        public int Peek(string key, int most)
        {
            string? text = _arguments.GetValueOrDefault(key);
            int number = Integer(key, most);
            _arguments[key] = text;
            return number;
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

        /// <summary>Names of the arguments that were not asked for.</summary>
        public string Rest() => string.Join(", ", _arguments.Keys.Take(8).Select(PrintableText.Name));

        public void RefuseUnknown()
        {
            if (_arguments.Count > 0)
                throw new DataFormatException(
                    $"{_source}: {_name}.init_args holds what is not known here: "
                        + $"{string.Join(", ", _arguments.Keys.Take(8).Select(key => $"'{key}'"))}.");
        }
    }
}
