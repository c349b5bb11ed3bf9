using TrtVocoder.Dsp;

namespace TrtVocoder.Decoding;

/// <summary>
/// Which tensors of a network are the mel, the spectrum or the samples, and what they mean: our own metadata where there are any,
/// else names, shapes and <see cref="ModelHints"/>. The same rules serve every backend.
/// </summary>
internal sealed record ModelSignature
{
    /// <summary>The input that takes the mel [batch, n_mels, frames].</summary>
    public required TensorShape Mel { get; init; }

    /// <summary>The real parts; null where the network puts out samples.</summary>
    public TensorShape? Real { get; init; }

    /// <summary>The imaginary parts; null where the network puts out samples.</summary>
    public TensorShape? Imag { get; init; }

    /// <summary>The samples; null where the network puts out a spectrum.</summary>
    public TensorShape? Audio { get; init; }

    /// <summary>The outputs that are read: <see cref="Real"/> and <see cref="Imag"/>, or <see cref="Audio"/> alone.</summary>
    public IReadOnlyList<TensorShape> Outputs => Audio is not null ? [Audio] : [Real!, Imag!];

    /// <summary>The state that the network keeps from run to run; null where it keeps none.</summary>
    public StreamSignature? Stream { get; private init; }

    /// <summary>What the model says, completed by its shapes and the hints.</summary>
    public required VocoderMetadata Metadata { get; init; }

    /// <summary>Whether the model said it itself, so that the number of samples of a waveform is known before it runs.</summary>
    public required bool HasMetadata { get; init; }

    /// <summary>What was guessed or assumed because the model does not say it, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Finds the tensors and completes the metadata.</summary>
    /// <param name="source">The file's name for error messages.</param>
    /// <param name="inputs">All inputs.</param>
    /// <param name="outputs">All outputs, in the file's order.</param>
    /// <param name="metadata">The model's own metadata, or null.</param>
    /// <param name="hints">What the caller knows.</param>
    /// <exception cref="DataFormatException">The tensors are not a vocoder's, or contradict the metadata.</exception>
    public static ModelSignature Resolve(
        string source, IReadOnlyList<TensorShape> inputs, IReadOnlyList<TensorShape> outputs, VocoderMetadata? metadata, ModelHints hints)
    {
        StreamSignature? stream = metadata is { IsStreaming: true }
            ? StreamSignature.Split(source, metadata, ref inputs, ref outputs)
            : null;
        if (inputs.Count != 1 || inputs[0].Dimensions.Count != 3)
            throw new DataFormatException($"{source}: a vocoder takes one mel [batch, n_mels, frames]; this model takes {List(inputs)}.");
        TensorShape mel = inputs[0];
        int melCount = ResolveMelCount(source, mel, metadata, hints);
        List<string> notes = [];
        (TensorShape first, TensorShape? imag) = FindOutputs(source, outputs, metadata, hints, notes);
        if (imag is null)
            return Complete(metadata?.FftLength ?? hints.FftLength ?? 1024, SpectrumLayout.BinsMajor, OutputKind.Waveform);

        (int bins, SpectrumLayout layout) = ResolveBins(source, mel, first, metadata, hints);
        return Complete(2 * (bins - 1), layout, OutputKind.Spectrum);

        ModelSignature Complete(int fftLength, SpectrumLayout layout, OutputKind signal) => new()
        {
            Mel = mel,
            Real = imag is null ? null : first,
            Imag = imag,
            Audio = imag is null ? first : null,
            HasMetadata = metadata is not null,
            Stream = stream,
            Notes = [.. notes, .. Assumed(source, metadata, hints, fftLength)],
            Metadata = CheckStft(source, metadata ?? new VocoderMetadata
            {
                SampleRate = hints.SampleRate,
                FftLength = fftLength,
                HopLength = hints.HopLength ?? Math.Max(1, fftLength / 4),
                MelCount = melCount,
                Padding = hints.Padding,
                Layout = layout,
                Signal = signal,
                MelFloor = hints.MelFloor,
            }) is var known && known.ReceptiveFieldFrames is null ? known with { ReceptiveFieldFrames = hints.ReceptiveFieldFrames } : known,
        };
    }

    // A wrong rate or hop is a wrong pitch or pace, which nobody would look for in the model.
    private static IEnumerable<string> Assumed(string source, VocoderMetadata? metadata, ModelHints hints, int fftLength)
    {
        if (metadata is not null || (hints.IsSampleRateKnown && hints.HopLength is not null))
            yield break;
        List<string> assumed = [];
        if (!hints.IsSampleRateKnown)
            assumed.Add($"{hints.SampleRate} Hz");
        if (hints.HopLength is null)
            assumed.Add($"a hop of {Math.Max(1, fftLength / 4)} samples (n_fft/4)");
        yield return $"{source}: the model does not say all of its audio parameters; {string.Join(" and ", assumed)} "
            + $"{(assumed.Count == 1 ? "is" : "are")} assumed.";
    }

    private static int ResolveMelCount(string source, TensorShape mel, VocoderMetadata? metadata, ModelHints hints)
    {
        long bands = mel.Dimensions[1];
        if (metadata is not null)
            return bands < 0 || bands == metadata.MelCount
                ? metadata.MelCount
                : throw new DataFormatException(
                    $"{source}: its metadata say {metadata.MelCount} mel bands, but its input is {mel}; export the model again.");
        if (bands < 0 && mel.Dimensions[2] >= 0)
            throw new DataFormatException(
                $"{source}: its input {mel} looks like [batch, frames, n_mels]; this program feeds [batch, n_mels, frames].");
        if (bands < 0)
            return hints.MelCount ?? throw new DataFormatException($"{source}: its input {mel} does not say how many mel bands it takes.")
            {
                Kind = FailureKind.MelCountUnknown,
            };
        if (bands < 1 || (hints.MelCount is { } told && told != bands))
            throw new DataFormatException($"{source}: its input is {mel}, not [batch, "
                + $"{hints.MelCount?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "n_mels"}, frames].");
        return (int)Math.Min(bands, int.MaxValue);
    }

    private static (TensorShape First, TensorShape? Imag) FindOutputs(
        string source, IReadOnlyList<TensorShape> outputs, VocoderMetadata? metadata, ModelHints hints, List<string> notes)
    {
        if (hints.AudioOutput is not null)
            return (Waveform(Named(hints.AudioOutput)), null);
        if (hints.RealOutput is not null || hints.ImagOutput is not null)
        {
            if (hints.RealOutput is null || hints.ImagOutput is null)
                throw new ArgumentException(
                    $"{nameof(ModelHints.RealOutput)} and {nameof(ModelHints.ImagOutput)} go together.", nameof(hints));
            return Spectrum(Named(hints.RealOutput), Named(hints.ImagOutput));
        }

        TensorShape? audio = outputs.FirstOrDefault(output => output.Name.Equals("audio", StringComparison.OrdinalIgnoreCase));
        TensorShape? real = outputs.FirstOrDefault(output => IsNamed(output, "re", "real"));
        TensorShape? imag = outputs.FirstOrDefault(output => IsNamed(output, "im", "imag", "imaginary"));
        OutputKind? signal = metadata?.Signal;
        if (signal != OutputKind.Spectrum && (audio ?? (outputs.Count == 1 ? outputs[0] : null)) is { } samples)
            return (Waveform(samples), null);
        if (signal != OutputKind.Waveform && real is not null && imag is not null)
            return Spectrum(real, imag);
        if (signal != OutputKind.Waveform && outputs.Count == 2 && outputs.FirstOrDefault(IsPolar) is { } polar)
            throw new DataFormatException(
                $"{source}: its outputs {List(outputs)} are magnitude and phase by the name of '{polar.Name}'; a spectrum's real and "
                    + $"imaginary parts are needed: "
                + "export the model with magnitude·cos(phase) and magnitude·sin(phase) as its outputs.");
        if (signal != OutputKind.Waveform && outputs.Count == 2)
        {
            if (metadata is null)
                notes.Add($"{source}: its outputs {List(outputs)} do not tell by their names what they are; the first is taken for the "
                    + $"real parts, the second for the imaginary ones.");
            return Spectrum(outputs[0], outputs[1]);
        }
        throw signal is not null
            ? new DataFormatException($"{source}: its metadata say that it puts out "
                + $"{(signal == OutputKind.Spectrum ? "a spectrum" : "samples")}, but its outputs are {List(outputs)}; export the model "
                + $"again.")
            : IsSherpa(outputs)
                ? new DataFormatException($"{source}: its outputs {List(outputs)} are magnitude, cosine and sine, as sherpa-onnx takes "
                    + $"them; real and imaginary parts, or samples, are needed.")
                : new DataFormatException($"{source}: none of its outputs {List(outputs)} is a spectrum's real and imaginary parts, or "
                    + $"samples, by name.")
                { Kind = FailureKind.OutputsUnknown };

        TensorShape Named(string name) => outputs.FirstOrDefault(output => output.Name == name)
            ?? throw new DataFormatException($"{source}: it has no output '{name}'; its outputs are {List(outputs)}.");

        TensorShape Waveform(TensorShape output) =>
            output.Dimensions.Count == 2 || (output.Dimensions.Count == 3 && output.Dimensions[1] == 1)
            ? output
            : throw new DataFormatException($"{source}: its output {output} is not samples: [batch, samples] or [batch, 1, samples].");

        (TensorShape, TensorShape) Spectrum(TensorShape first, TensorShape second) =>
            first.Dimensions.Count == 3 && first != second && Agree(first, second)
                ? (first, second)
                : throw new DataFormatException($"{source}: its outputs {first} and {second} are not the real and imaginary parts of one "
                    + $"spectrum [batch, bins, frames].")
                { Kind = FailureKind.OutputsUnknown };
    }

    private static (int Bins, SpectrumLayout Layout) ResolveBins(
        string source, TensorShape mel, TensorShape output, VocoderMetadata? metadata, ModelHints hints)
    {
        (long rows, long columns, long frames) = (output.Dimensions[1], output.Dimensions[2], mel.Dimensions[2]);
        if (metadata is not null)
        {
            int expected = (metadata.FftLength / 2) + 1;
            bool binsMajor = metadata.Layout == SpectrumLayout.BinsMajor;
            (long bins, long time) = binsMajor ? (rows, columns) : (columns, rows);
            if ((bins >= 0 && bins != expected) || (time >= 0 && frames >= 0 && time != frames))
                throw new DataFormatException(
                    $"{source}: its metadata say "
                        + $"{(binsMajor ? $"[batch, {expected} bins, frames]" : $"[batch, frames, {expected} bins]")}, but its output is "
                        + $"{output}; export the model again.");
            return (expected, metadata.Layout);
        }

        int? told = (hints.FftLength / 2) + 1;
        if (rows > 1 && (rows == told || (told is null && (columns < 0 || columns == frames))))
            return (Bins(rows), SpectrumLayout.BinsMajor);
        if (columns > 1 && (columns == told || (told is null && (rows < 0 || rows == frames))))
            return (Bins(columns), SpectrumLayout.FrameMajor);
        if (told is not null && rows < 0)
            return (told.Value, SpectrumLayout.BinsMajor);
        throw new DataFormatException($"{source}: which axis of its output {output} is the bins cannot be told without n_fft.")
        {
            Kind = FailureKind.FftLengthUnknown,
        };

        // What is beyond is refused with the other sizes, and must not overflow before.
        static int Bins(long size) => (int)Math.Min(size, ModelLimits.MaxFftLength);
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

    // "mag", but not that of "imag".
    private static bool IsPolar(TensorShape output)
    {
        string name = output.Name.ToLowerInvariant();
        return (name.Contains("mag", StringComparison.Ordinal) && !name.Contains("imag", StringComparison.Ordinal))
            || name is "abs" or "phi" or "arg"
            || name.Contains("phase", StringComparison.Ordinal) || name.Contains("angle", StringComparison.Ordinal)
            || name.Contains("amplitude", StringComparison.Ordinal)
            || name.Contains("log_amp", StringComparison.Ordinal) || name.Contains("logamp", StringComparison.Ordinal);
    }

    private static bool IsNamed(TensorShape output, string shortName, params ReadOnlySpan<string> endings)
    {
        if (output.Name.Equals(shortName, StringComparison.OrdinalIgnoreCase))
            return true;
        foreach (string ending in endings)
            if (output.Name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }

    private static bool Agree(TensorShape one, TensorShape other) =>
        one.Dimensions.Count == other.Dimensions.Count
        && one.Dimensions.Zip(other.Dimensions).All(pair => pair.First < 0 || pair.Second < 0 || pair.First == pair.Second);

    private static bool IsSherpa(IReadOnlyList<TensorShape> outputs) =>
        outputs.Select(output => output.Name).Order(StringComparer.Ordinal).SequenceEqual(["mag", "x", "y"]);

    private static string List(IReadOnlyList<TensorShape> tensors) => tensors.Count == 0 ? "nothing" : string.Join(", ", tensors);
}
