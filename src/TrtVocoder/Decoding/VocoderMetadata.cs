using System.Globalization;
using TrtVocoder.Dsp;

namespace TrtVocoder.Decoding;

/// <summary>
/// Everything a decoder must know of a model beyond its tensors. The exporter writes it into the ONNX file's metadata_props,
/// the builder into the engine's sidecar, both as the strings of <see cref="ToProperties"/>.
/// </summary>
public sealed record VocoderMetadata
{
    private const string Prefix = "trtvocoder.";

    /// <summary>Sample rate in Hz.</summary>
    public required int SampleRate { get; init; }

    /// <summary>n_fft in samples.</summary>
    public required int FftLength { get; init; }

    /// <summary>Hop in samples.</summary>
    public required int HopLength { get; init; }

    /// <summary>Mel bands of the input.</summary>
    public required int MelCount { get; init; }

    /// <summary>Padding of the STFT and its inverse.</summary>
    public required StftPadding Padding { get; init; }

    /// <summary>Memory order of the output spectra.</summary>
    public SpectrumLayout Layout { get; init; }

    /// <summary>Whether the network ends in spectra or in samples.</summary>
    public OutputKind Signal { get; init; }

    /// <summary>
    /// The floor that the feature extractor puts under mel amplitudes before the logarithm: 1e-7 (Vocos) or 1e-5 (F5-TTS).
    /// </summary>
    public float MelFloor { get; init; } = 1e-7f;

    /// <summary>Lower end of the first mel band in Hz; upstream's is 0.</summary>
    public float MelMinFrequency { get; init; }

    /// <summary>Upper end of the last mel band in Hz; null for upstream's, half the sample rate.</summary>
    public float? MelMaxFrequency { get; init; }

    /// <summary>Whether the mel bands are of Slaney's scale; upstream's are of HTK's.</summary>
    public bool HasSlaneyScale { get; init; }

    /// <summary>Whether the mel bands have equal areas (Slaney's normalisation); upstream's have equal heights.</summary>
    public bool HasSlaneyNorm { get; init; }

    /// <summary>How many frames to each side an output frame depends on: 3·(1 + layers). Null when the model does not say.</summary>
    public int? ReceptiveFieldFrames { get; init; }

    /// <summary>
    /// Whether the network takes a mel piece by piece, with state from run to run, and puts each frame out once, a receptive field later.
    /// </summary>
    public bool IsStreaming { get; init; }

    /// <summary>Precision of the trunk: <c>fp32</c> or <c>fp16</c>; empty when the model does not say.</summary>
    public string Precision { get; init; } = "";

    /// <summary>SHA-256 of the checkpoint's weights in hexadecimal; empty when the model does not say.</summary>
    public string ModelHash { get; init; } = "";

    /// <summary>
    /// The transform's parameters as the DSP classes take them. A network that puts out samples has its own inverse; then these make mels,
    /// and are centred where n_fft − hop is odd.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The sizes contradict each other.</exception>
    public StftParameters Stft => new(
        FftLength, HopLength, Signal == OutputKind.Waveform && (FftLength - HopLength) % 2 != 0 ? StftPadding.Center : Padding);

    /// <summary>
    /// Samples that <paramref name="frames"/> frames decode to: (T−1)·hop for <see cref="StftPadding.Center"/>, T·hop for
    /// <see cref="StftPadding.Same"/>; 0 for 0 frames.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The frames are negative, or decode to more samples than an array holds.</exception>
    public int GetSampleCount(int frames) =>
        // Not by Stft: a network that puts out samples has no transform that its hop could contradict.
        StftParameters.CountSamples(frames, Padding, HopLength);

    /// <summary>Makes the transform that gives the mels which the model takes, of speech at <see cref="SampleRate"/>.</summary>
    public MelSpectrogram CreateMelSpectrogram() =>
        new(Stft, SampleRate, MelCount, MelFloor, MelMinFrequency, MelMaxFrequency, HasSlaneyScale, HasSlaneyNorm);

    /// <summary>The strings that <see cref="TryFromProperties"/> reads back.</summary>
    public IReadOnlyDictionary<string, string> ToProperties()
    {
        Dictionary<string, string> properties = new()
        {
            [Prefix + "sample_rate"] = SampleRate.ToString(CultureInfo.InvariantCulture),
            [Prefix + "n_fft"] = FftLength.ToString(CultureInfo.InvariantCulture),
            [Prefix + "hop_length"] = HopLength.ToString(CultureInfo.InvariantCulture),
            [Prefix + "n_mels"] = MelCount.ToString(CultureInfo.InvariantCulture),
            [Prefix + "padding"] = Padding == StftPadding.Center ? "center" : "same",
            [Prefix + "layout"] = Layout == SpectrumLayout.BinsMajor ? "bins-major" : "frame-major",
            [Prefix + "signal"] = Signal == OutputKind.Spectrum ? "spectrum" : "waveform",
            [Prefix + "mel_floor"] = MelFloor.ToString("R", CultureInfo.InvariantCulture),
            [Prefix + "precision"] = Precision,
            [Prefix + "model_hash"] = ModelHash,
        };
        // Written only where they are not upstream's own.
        if (MelMinFrequency > 0)
            properties[Prefix + "f_min"] = MelMinFrequency.ToString("R", CultureInfo.InvariantCulture);
        if (MelMaxFrequency is { } highest)
            properties[Prefix + "f_max"] = highest.ToString("R", CultureInfo.InvariantCulture);
        if (HasSlaneyScale)
            properties[Prefix + "mel_scale"] = "slaney";
        if (HasSlaneyNorm)
            properties[Prefix + "mel_norm"] = "slaney";
        if (ReceptiveFieldFrames is { } field)
            properties[Prefix + "receptive_field_frames"] = field.ToString(CultureInfo.InvariantCulture);
        if (IsStreaming)
            properties[Prefix + "streaming"] = "true";
        return properties;
    }

    /// <summary>Reads what <see cref="ToProperties"/> wrote; null when the properties hold nothing of ours.</summary>
    /// <param name="properties">A model's metadata.</param>
    /// <param name="source">The file's name for error messages.</param>
    /// <exception cref="DataFormatException">A value is missing or unreadable.</exception>
    public static VocoderMetadata? TryFromProperties(IReadOnlyDictionary<string, string> properties, string source)
    {
        if (!properties.ContainsKey(Prefix + "sample_rate"))
            return null;
        return ModelSignature.CheckStft(source, new VocoderMetadata
        {
            SampleRate = Integer("sample_rate", ModelLimits.MinSampleRate, ModelLimits.MaxSampleRate),
            FftLength = Integer("n_fft", 2, ModelLimits.MaxFftLength),
            HopLength = Integer("hop_length", 1, ModelLimits.MaxHopLength),
            MelCount = Integer("n_mels", 1, ModelLimits.MaxMelCount),
            Padding = Choice("padding", ("center", StftPadding.Center), ("same", StftPadding.Same)),
            Layout = Choice("layout", ("bins-major", SpectrumLayout.BinsMajor), ("frame-major", SpectrumLayout.FrameMajor)),
            Signal = Choice("signal", ("spectrum", OutputKind.Spectrum), ("waveform", OutputKind.Waveform)),
            MelFloor = Positive("mel_floor"),
            MelMinFrequency = Has("f_min") ? Positive("f_min") : 0,
            MelMaxFrequency = Has("f_max") ? Positive("f_max") : null,
            HasSlaneyScale = Has("mel_scale") && Choice("mel_scale", ("slaney", true), ("htk", false)),
            HasSlaneyNorm = Has("mel_norm") && Choice("mel_norm", ("slaney", true)),
            ReceptiveFieldFrames = Has("receptive_field_frames")
                ? Integer("receptive_field_frames", 0, ModelLimits.MaxReceptiveFieldFrames)
                : null,
            IsStreaming = properties.ContainsKey(Prefix + "streaming") && Choice("streaming", ("true", true), ("false", false)),
            Precision = properties.GetValueOrDefault(Prefix + "precision", ""),
            ModelHash = properties.GetValueOrDefault(Prefix + "model_hash", ""),
        });

        bool Has(string key) => properties.ContainsKey(Prefix + key);

        string Text(string key) => properties.TryGetValue(Prefix + key, out string? value)
            ? value
            : throw new DataFormatException($"{source}: its metadata lack '{Prefix}{key}'; export the model again.");

        int Integer(string key, int least, int most) =>
            int.TryParse(Text(key), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
                ? value
                : throw new DataFormatException($"{source}: metadata '{Prefix}{key}' is '{PrintableText.Name(Text(key))}', expected a "
                    + $"whole number from {least} to {most}.");

        float Positive(string key) =>
            float.TryParse(Text(key), NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && value > 0
                && float.IsFinite(value)
                ? value
                : throw new DataFormatException(
                    $"{source}: metadata '{Prefix}{key}' is '{PrintableText.Name(Text(key))}', expected a number above 0.");

        T Choice<T>(string key, params (string Name, T Value)[] choices)
        {
            string text = Text(key);
            foreach ((string name, T value) in choices)
                if (name == text)
                    return value;
            throw new DataFormatException(
                $"{source}: metadata '{Prefix}{key}' is '{PrintableText.Name(text)}', expected "
                    + $"{string.Join(" or ", choices.Select(choice => $"'{choice.Name}'"))}.");
        }
    }
}
