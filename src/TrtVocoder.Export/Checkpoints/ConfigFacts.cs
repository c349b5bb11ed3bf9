using System.Globalization;
using TrtVocoder.Dsp;
using TrtVocoder.Files;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>
/// What is known of a model whose config is not upstream's: sizes from the tensors' shapes, the rest from a flat <c>config.json</c>, from
/// the filter bank among the tensors, from the caller, or assumed, which is said.
/// </summary>
internal sealed record ConfigFacts
{
    // Common rates, the likeliest first.
    private static readonly int[] Rates = [24000, 22050, 44100, 16000, 48000, 32000, 8000, 11025, 12000];
    private static readonly float?[] HighestFrequencies = [null, 8000, 7600, 11025, 12000, 16000, 20000];

    public int? SampleRate { get; init; }

    public int? FftLength { get; init; }

    public int? HopLength { get; init; }

    public int? MelCount { get; init; }

    public StftPadding? Padding { get; init; }

    public int? Dim { get; init; }

    public int? IntermediateDim { get; init; }

    public int? LayerCount { get; init; }

    public MelScale? Scale { get; init; }

    /// <summary>The config's file, for messages; null where there was none.</summary>
    public string? Source { get; init; }

    /// <summary>Completes the facts by what the tensors tell.</summary>
    /// <param name="entries">The state dict under upstream's names.</param>
    /// <param name="options">What the caller tells.</param>
    /// <param name="source">The weights' name for messages.</param>
    /// <param name="notes">Takes what was read from where, and what was assumed.</param>
    /// <exception cref="DataFormatException">The tensors are no Vocos, or contradict the config.</exception>
    public VocosConfig Complete(IReadOnlyList<StateDictEntry> entries, CheckpointOptions options, string source, ICollection<string> notes)
    {
        Dictionary<string, StateDictEntry> tensors = new(StringComparer.Ordinal);
        foreach (StateDictEntry entry in entries)
            tensors.TryAdd(entry.Name, entry);
        int[] embedding = Shape("backbone.embed.weight", 3);
        int[] expansion = Shape($"{VocosWeights.GetBlockName(0)}.pwconv1.weight", 2);
        int[] head = Shape("head.out.weight", 2);
        int layers = 0;
        while (tensors.ContainsKey($"{VocosWeights.GetBlockName(layers)}.dwconv.weight"))
            layers++;
        int fftLength = Agree("n_fft", FftLength, head[0] - 2);
        int dim = Agree("hidden size", Dim, embedding[0]);
        List<string> told = [];
        List<string> assumed = [];
        VocosConfig config = new()
        {
            FftLength = fftLength,
            Dim = dim,
            MelCount = Agree("input channels", MelCount, embedding[1]),
            IntermediateDim = Agree("intermediate size", IntermediateDim, expansion[0]),
            LayerCount = Agree("number of layers", LayerCount, layers),
            HasLayerScale = tensors.ContainsKey($"{VocosWeights.GetBlockName(0)}.gamma"),
            HopLength = Assumed(HopLength ?? options.HopLength, Math.Max(1, fftLength / 4), value => $"hop {value} (n_fft/4)"),
            Padding = Assumed(Padding ?? options.Padding, StftPadding.Center, value => "padding center"),
            SampleRate = 24000,
        };
        if (config.FftLength is < 2 or > ModelLimits.MaxFftLength || config.MelCount is < 1 or > ModelLimits.MaxMelCount || layers < 1)
            throw new DataFormatException($"{source}: {config.MelCount} mel bands, n_fft {config.FftLength} and {layers} layers, as "
                + $"its tensors' shapes have them, are no Vocos's.");
        config = WithRate(config, options, tensors.GetValueOrDefault("feature_extractor.mel_spec.mel_scale.fb"), told, assumed);
        VocosConfigReader.CheckTransform(config, source);
        string sizes = string.Create(CultureInfo.InvariantCulture,
            $"{config.MelCount} mel bands, n_fft {config.FftLength}, {config.Dim}/{config.IntermediateDim} channels, {layers} layers");
        if (Source is null)
            notes.Add($"{source} has no config beside it: {sizes} are read from its tensors' "
                + $"shapes{Listed(", ", told)}{Listed("; assumed: ", assumed)}.");
        else if (assumed.Count > 0)
            notes.Add($"{Source} does not tell everything{Listed("; assumed: ", assumed)}.");
        return config;

        int[] Shape(string name, int rank) => tensors.TryGetValue(name, out StateDictEntry? entry)
            ? entry.Shape.Length == rank ? [.. entry.Shape] : throw new DataFormatException(
                $"{source}: '{name}' {FloatTensor.FormatShape(entry.Shape.AsSpan())} is none of a Vocos, where it has {rank} axes.")
            : throw new DataFormatException($"{source} lacks '{name}' of a Vocos model's weights.");

        int Agree(string what, int? stated, int found) => stated is null || stated == found ? found : throw new DataFormatException(
            $"{Source} says {what} {stated}, the weights in {source} have {found}; they do not belong together.");

        T Assumed<T>(T? stated, T otherwise, Func<T, string> describe)
            where T : struct
        {
            if (stated is { } value)
                return value;
            assumed.Add(describe(otherwise));
            return otherwise;
        }
    }

    private VocosConfig WithRate(
        VocosConfig config, CheckpointOptions options, StateDictEntry? filters, List<string> told, List<string> assumed)
    {
        MelScale scale = Scale ?? default;
        config = config with
        {
            SampleRate = SampleRate ?? options.SampleRate ?? config.SampleRate,
            MelMinFrequency = scale.MinFrequency,
            MelMaxFrequency = scale.MaxFrequency,
            HasSlaneyScale = scale.HasSlaneyScale,
            HasSlaneyNorm = scale.HasSlaneyNorm,
        };
        if ((SampleRate ?? options.SampleRate) is not null && Scale is not null)
            return config;
        if (filters is { ForeignType: null, Shape: [var bins, var bands] } && bins == config.BinCount && bands == config.MelCount)
        {
            FloatTensor bank = filters.Read();
            foreach (VocosConfig candidate in Candidates(config, SampleRate ?? options.SampleRate))
            {
                if (!BufferCheck.IsFilterbankOf(candidate, bank))
                    continue;
                told.Add(string.Create(CultureInfo.InvariantCulture, $"{candidate.SampleRate} Hz from its filter bank"));
                return candidate;
            }
        }
        if ((SampleRate ?? options.SampleRate) is null)
            assumed.Add(string.Create(CultureInfo.InvariantCulture, $"{config.SampleRate} Hz"));
        return config;
    }

    private static IEnumerable<VocosConfig> Candidates(VocosConfig config, int? rate) =>
        from sampleRate in rate is { } known ? [known] : Rates
        from highest in HighestFrequencies
        where highest is null || highest < sampleRate / 2
        from slaneyScale in (bool[])[false, true]
        from slaneyNorm in (bool[])[false, true]
        select config with
        {
            SampleRate = sampleRate,
            MelMaxFrequency = highest,
            HasSlaneyScale = slaneyScale,
            HasSlaneyNorm = slaneyNorm,
        };

    private static string Listed(string before, List<string> items) => items.Count == 0 ? "" : before + string.Join(", ", items);
}
