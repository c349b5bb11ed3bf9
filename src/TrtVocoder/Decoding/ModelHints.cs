using System.Globalization;
using TrtVocoder.Dsp;
using TrtVocoder.Internal;

namespace TrtVocoder.Decoding;

/// <summary>
/// Facts about a model that its file does not hold, told by the caller: models made by other tools carry no metadata of ours.
/// What the model does say always wins; only the output names are the caller's alone. Sizes out of range throw
/// <see cref="ArgumentOutOfRangeException"/> where they are set.
/// </summary>
public sealed record ModelHints
{
    /// <summary>Sample rate in Hz of a model that does not say: 24000.</summary>
    public int SampleRate
    {
        get;
        init
        {
            field = OptionCheck.Within(value, 1);
            IsSampleRateKnown = true;
        }
    } = 24000;

    /// <summary>n_fft in samples; null takes it from the number of bins, or 1024 where the network puts out samples.</summary>
    public int? FftLength { get; init => field = OptionCheck.Within(value, 2); }

    /// <summary>Hop in samples; null means n_fft/4.</summary>
    public int? HopLength { get; init => field = OptionCheck.Within(value, 1); }

    /// <summary>Mel bands; null takes it from the input's shape.</summary>
    public int? MelCount { get; init => field = OptionCheck.Within(value, 1); }

    /// <summary>Padding of the STFT of a model that does not say: <see cref="StftPadding.Center"/>.</summary>
    public StftPadding Padding
    {
        get;
        init
        {
            field = OptionCheck.Defined(value);
            IsPaddingKnown = true;
        }
    }

    /// <summary>The floor under mel amplitudes before the logarithm: 1e-7 (Vocos' own); F5-TTS uses 1e-5.</summary>
    public float MelFloor { get; init => field = OptionCheck.Positive(value); } = 1e-7f;

    /// <summary>
    /// How many frames to each side an output frame depends on, 27 for the published model; null when unknown, and then long inputs cannot
    /// be decoded in chunks.
    /// </summary>
    public int? ReceptiveFieldFrames { get; init => field = OptionCheck.Within(value, 0, ModelLimits.MaxReceptiveFieldFrames); }

    /// <summary>
    /// The value of an input <c>bandwidth_id</c> of networks made for several bandwidths: 0 to 3 are 1.5, 3, 6 and 12 kbit/s in Vocos' own;
    /// null when unknown.
    /// </summary>
    public int? BandwidthId { get; init => field = OptionCheck.Within(value, 0); }

    /// <summary>
    /// Completes the hints by the metadata that other exporters write (sherpa-onnx's Vocos: <c>sample_rate</c>, <c>n_fft</c>,
    /// <c>hop_length</c>, <c>center</c>). What is in the model wins.
    /// </summary>
    /// <param name="properties">The model's metadata.</param>
    /// <param name="source">The file's name for error messages.</param>
    /// <exception cref="DataFormatException">
    /// A value is no number, or out of range; or the transform is another than this library's: a window that is not Hann's or not as long
    /// as n_fft, a normalised STFT.
    /// </exception>
    public ModelHints With(IReadOnlyDictionary<string, string> properties, string source)
    {
        ArgumentNullException.ThrowIfNull(properties);
        RefuseOtherTransforms(properties, source);
        int? rate = Integer("sample_rate", ModelLimits.MinSampleRate, ModelLimits.MaxSampleRate);
        bool? isCentred = properties.GetValueOrDefault("center") switch
        {
            "1" or "True" or "true" => true,
            "0" or "False" or "false" => false,
            _ => null,
        };
        return this with
        {
            SampleRate = rate ?? SampleRate,
            IsSampleRateKnown = IsSampleRateKnown || rate is not null,
            FftLength = Integer("n_fft", 2, ModelLimits.MaxFftLength) ?? FftLength,
            HopLength = Integer("hop_length", 1, ModelLimits.MaxHopLength) ?? HopLength,
            Padding = isCentred switch { true => StftPadding.Center, false => StftPadding.Same, _ => Padding },
            IsPaddingKnown = IsPaddingKnown || isCentred is not null,
        };

        int? Integer(string key, int least, int most)
        {
            if (!properties.TryGetValue(key, out string? text))
                return null;
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
                ? value
                : throw new DataFormatException(
                    $"{source}: metadata '{key}' is '{PrintableText.Name(text)}', expected a whole number from {least} to {most}.");
        }
    }

    // What would be decoded wrongly: our inverse STFT has a Hann window as long as the transform, and scales by 1/N.
    private static void RefuseOtherTransforms(IReadOnlyDictionary<string, string> properties, string source)
    {
        string? window = properties.GetValueOrDefault("window_type");
        if (window is not (null or "" or "hann" or "hann_window"))
            throw new DataFormatException(
                $"{source}: its metadata say 'window_type' is '{PrintableText.Name(window)}'; only Hann windows are supported.");
        string? windowLength = properties.GetValueOrDefault("win_length");
        string? fftLength = properties.GetValueOrDefault("n_fft");
        if (windowLength is not null && fftLength is not null && windowLength != fftLength)
            throw new DataFormatException(
                $"{source}: its metadata say 'win_length' is {PrintableText.Name(windowLength)} and 'n_fft' "
                    + $"{PrintableText.Name(fftLength)}; only windows as long as the transform are supported.");
        if (properties.GetValueOrDefault("normalized") is "1" or "True" or "true")
            throw new DataFormatException($"{source}: its metadata say 'normalized' is 1; a normalised STFT is not supported.");
    }

    /// <summary>Those of a model's metadata that <see cref="With"/> reads.</summary>
    internal static IReadOnlyDictionary<string, string> SelectProperties(IReadOnlyDictionary<string, string> properties) =>
        properties.Where(pair => pair.Key is "sample_rate" or "n_fft" or "hop_length" or "center"
            or "win_length" or "window_type" or "normalized").ToDictionary();

    /// <summary>Whether <see cref="Padding"/> was told, not assumed.</summary>
    internal bool IsPaddingKnown { get; init; }

    /// <summary>Whether <see cref="SampleRate"/> was told, not assumed.</summary>
    internal bool IsSampleRateKnown { get; init; }

    /// <summary>The name of the output with the real parts; null finds it by name (<c>real</c>, <c>re</c>) or by shape and order.</summary>
    public string? RealOutput { get; init; }

    /// <summary>
    /// The name of the output with the imaginary parts; null finds it by name (<c>imag</c>, <c>im</c>) or by shape and order.
    /// </summary>
    public string? ImagOutput { get; init; }

    /// <summary>The name of the output with samples; null finds it by name (<c>audio</c>) or as the only output.</summary>
    public string? AudioOutput { get; init; }
}
