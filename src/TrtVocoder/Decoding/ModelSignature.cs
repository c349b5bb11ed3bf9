using TrtVocoder.Dsp;

namespace TrtVocoder.Decoding;

/// <summary>
/// Which tensors of a network are the mel, the spectrum or the samples, and what they mean: our own metadata where there are any,
/// else names, shapes, <see cref="ModelHints"/>, and what the network answers where it can be run. The same rules serve every backend.
/// </summary>
internal sealed record ModelSignature
{
    /// <summary>The inputs.</summary>
    public required NetworkInputs Inputs { get; init; }

    /// <summary>The input that takes the mel.</summary>
    public TensorShape Mel => Inputs.Mel;

    /// <summary>What the spectrum's planes are; null where the network puts out samples.</summary>
    public required SpectrumForm? Form { get; init; }

    /// <summary>The outputs that are read: the planes in the form's order, or the samples alone.</summary>
    public required IReadOnlyList<TensorShape> Outputs { get; init; }

    /// <summary>The state that the network keeps from run to run; null where it keeps none.</summary>
    public StreamSignature? Stream { get; private init; }

    /// <summary>What the model says, completed by its shapes and the hints.</summary>
    public required VocoderMetadata Metadata { get; init; }

    /// <summary>Whether the model said it itself, so that the number of samples of a waveform is known before it runs.</summary>
    public required bool HasMetadata { get; init; }

    /// <summary>The form for people: <c>magnitude 'mag', cosine 'x' and sine 'y' of a spectrum [batch, bins, frames]</c>.</summary>
    public string Description
    {
        get
        {
            string input = $"mel '{Mel.Name}' [batch, {(Inputs.IsFrameMajor ? "frames, n_mels" : "n_mels, frames")}]"
                + string.Concat(Inputs.Extras.Select(extra => $", {extra.Role.ToString().ToLowerInvariant()} '{extra.Tensor.Name}'"));
            if (Form is not { } form)
                return $"{input} to samples '{Outputs[0].Name}'";
            string[] roles = form switch
            {
                SpectrumForm.RealImaginary => ["real parts", "imaginary parts"],
                SpectrumForm.MagnitudeCosineSine => ["magnitude", "cosine", "sine"],
                SpectrumForm.MagnitudePhase => ["magnitude", "phase"],
                _ => ["logarithm of the magnitude", "phase"],
            };
            return $"{input} to {string.Join(", ", roles.Zip(Outputs, (role, output) => $"{role} '{output.Name}'"))} "
                + $"[batch, {(Metadata.Layout == SpectrumLayout.BinsMajor ? "bins, frames" : "frames, bins")}]";
        }
    }

    /// <summary>What was guessed or assumed because the model does not say it, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Finds the tensors and completes the metadata.</summary>
    /// <param name="source">The file's name for error messages.</param>
    /// <param name="inputs">All inputs.</param>
    /// <param name="outputs">All outputs, in the file's order.</param>
    /// <param name="metadata">The model's own metadata, or null.</param>
    /// <param name="hints">What the caller knows.</param>
    /// <param name="probe">
    /// Runs the network, to ask it what neither tells; null: what can be asked later, when it is decoded with, is not refused.
    /// </param>
    /// <exception cref="DataFormatException">The tensors are not a vocoder's, or contradict the metadata.</exception>
    /// <exception cref="TrtVocoderException">The network cannot be run.</exception>
    public static ModelSignature Resolve(
        string source, IReadOnlyList<TensorShape> inputs, IReadOnlyList<TensorShape> outputs, VocoderMetadata? metadata, ModelHints hints,
        INetworkProbe? probe = null)
    {
        StreamSignature? stream = metadata is { IsStreaming: true }
            ? StreamSignature.Split(source, metadata, ref inputs, ref outputs)
            : null;
        // What the model says itself need not be asked.
        probe = metadata is null ? probe : null;
        NetworkInputs found = NetworkInputs.Find(source, inputs, metadata, hints, probe);
        ProbeRuns? runs = probe is null ? null : new ProbeRuns(probe, found);
        List<string> notes = [];
        NetworkOutputs read = NetworkOutputs.Find(
            source, outputs, metadata, hints,
            runs is null ? null : name => NetworkAxes.Find(source, runs, runs.Frames, name).Values, notes);
        VocoderMetadata known = metadata ?? Infer(source, found, read, hints, runs, notes);
        if (metadata is not null && read.Form is not null)
            CheckAxes(source, found, read.Tensors[0], metadata);
        CheckStft(source, known);
        if (known.ReceptiveFieldFrames is null)
            known = known with { ReceptiveFieldFrames = hints.ReceptiveFieldFrames };
        return new ModelSignature
        {
            Inputs = found,
            Form = read.Form,
            Stream = stream,
            Outputs = read.Tensors,
            HasMetadata = metadata is not null,
            Metadata = known,
            Notes = notes,
        };
    }

    private static VocoderMetadata Infer(
        string source, NetworkInputs inputs, NetworkOutputs read, ModelHints hints, ProbeRuns? runs, List<string> notes)
    {
        int? rate = hints.IsSampleRateKnown ? hints.SampleRate : null;
        if (rate is null && read.Form is null && OutputNames.RateOf(read.Tensors[0].Name) is { } named)
        {
            rate = named;
            notes.Add($"{source}: {named} Hz is taken from the name of its output '{read.Tensors[0].Name}'.");
        }
        int fftLength = hints.FftLength ?? 1024;
        int? hop = hints.HopLength;
        (SpectrumLayout layout, StftPadding padding) = (SpectrumLayout.BinsMajor, hints.Padding);
        if (read.Form is null)
        {
            if (runs is not null)
                (hop, padding) = NetworkAxes.AskSamples(source, runs, read.Tensors[0], hints, notes);
            fftLength = hints.FftLength ?? Math.Max(1024, 4 * (hop ?? 0));
        }
        else
        {
            (int bins, layout) = NetworkAxes.FindBins(source, inputs, read.Tensors[0], hints, runs);
            fftLength = 2 * (bins - 1);
        }
        Assume(source, rate, hop, hints, fftLength, notes);
        return new VocoderMetadata
        {
            SampleRate = rate ?? hints.SampleRate,
            FftLength = fftLength,
            HopLength = hop ?? Math.Max(1, fftLength / 4),
            MelCount = inputs.MelCount,
            Padding = padding,
            Layout = layout,
            Signal = read.Form is null ? OutputKind.Waveform : OutputKind.Spectrum,
            MelFloor = hints.MelFloor,
        };
    }

    // A wrong rate or hop is a wrong pitch or pace, which nobody would look for in the model.
    private static void Assume(string source, int? rate, int? hop, ModelHints hints, int fftLength, List<string> notes)
    {
        List<string> assumed = [];
        if (rate is null)
            assumed.Add($"{hints.SampleRate} Hz");
        if (hop is null)
            assumed.Add($"a hop of {Math.Max(1, fftLength / 4)} samples (n_fft/4)");
        if (assumed.Count > 0)
            notes.Add($"{source}: the model does not say all of its audio parameters; {string.Join(" and ", assumed)} "
                + $"{(assumed.Count == 1 ? "is" : "are")} assumed.");
    }

    private static void CheckAxes(string source, NetworkInputs inputs, TensorShape output, VocoderMetadata metadata)
    {
        int expected = (metadata.FftLength / 2) + 1;
        bool binsMajor = metadata.Layout == SpectrumLayout.BinsMajor;
        (long bins, long time) = binsMajor ? (output.Dimensions[1], output.Dimensions[2]) : (output.Dimensions[2], output.Dimensions[1]);
        long frames = inputs.FixedFrames;
        if ((bins >= 0 && bins != expected) || (time >= 0 && frames >= 0 && time != frames))
            throw new DataFormatException(
                $"{source}: its metadata say "
                    + $"{(binsMajor ? $"[batch, {expected} bins, frames]" : $"[batch, frames, {expected} bins]")}, but its output is "
                    + $"{output}; export the model again.");
    }

    /// <summary>Refuses sizes that are no vocoder's, or contradict each other.</summary>
    internal static VocoderMetadata CheckStft(string source, VocoderMetadata metadata)
    {
        // Shapes and hints come from strangers, too.
        if (metadata.FftLength > ModelLimits.MaxFftLength || metadata.HopLength > ModelLimits.MaxHopLength
            || metadata.SampleRate > ModelLimits.MaxSampleRate || metadata.MelCount > ModelLimits.MaxMelCount)
            throw new DataFormatException(
                $"{source}: {metadata.MelCount} mel bands, n_fft {metadata.FftLength}, hop {metadata.HopLength} and {metadata.SampleRate} "
                    + $"Hz are no vocoder's; at most "
                + $"{ModelLimits.MaxMelCount}, {ModelLimits.MaxFftLength}, {ModelLimits.MaxHopLength} and {ModelLimits.MaxSampleRate} are "
                + $"supported.");
        if (!(metadata.MelMinFrequency < (metadata.MelMaxFrequency ?? metadata.SampleRate / 2)))
            throw new DataFormatException(FormattableString.Invariant($"{source}: mel bands from {metadata.MelMinFrequency} to ")
                + FormattableString.Invariant($"{metadata.MelMaxFrequency ?? metadata.SampleRate / 2} Hz contradict each other."));
        try
        {
            _ = metadata.Stft;
            return metadata;
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw new DataFormatException($"{source}: n_fft {metadata.FftLength}, hop {metadata.HopLength} and padding {metadata.Padding} "
                + $"contradict each other.", error);
        }
    }

    /// <summary>Tensors for messages.</summary>
    internal static string List(IReadOnlyList<TensorShape> tensors) => tensors.Count == 0 ? "nothing" : string.Join(", ", tensors);
}
