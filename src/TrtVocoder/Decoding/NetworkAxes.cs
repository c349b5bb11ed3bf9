using TrtVocoder.Dsp;

namespace TrtVocoder.Decoding;

/// <summary>Which axis of an output is which, and how many samples a frame gives: by shapes, and by asking the network.</summary>
internal static class NetworkAxes
{
    /// <summary>Bins, and the order of a spectrum's axes.</summary>
    /// <exception cref="DataFormatException">They cannot be told.</exception>
    public static (int Bins, SpectrumLayout Layout) FindBins(
        string source, NetworkInputs inputs, TensorShape output, ModelHints hints, ProbeRuns? runs)
    {
        (long rows, long columns, long frames) = (output.Dimensions[1], output.Dimensions[2], inputs.FixedFrames);
        int? told = (hints.FftLength / 2) + 1;
        if (rows > 1 && (rows == told || (told is null && (columns < 0 || columns == frames))))
            return (Bins(rows), SpectrumLayout.BinsMajor);
        if (columns > 1 && (columns == told || (told is null && (rows < 0 || rows == frames))))
            return (Bins(columns), SpectrumLayout.FrameMajor);
        if (runs is not null)
            return AskBins();
        // To be asked when it is decoded with.
        return (told ?? 513, SpectrumLayout.BinsMajor);

        (int, SpectrumLayout) AskBins()
        {
            int length = runs.Frames;
            IReadOnlyList<long> shape = Find(source, runs, length, output.Name).Shape;
            bool isBinsMajor = shape[2] == length && (shape[1] != length || told is null || shape[1] == told);
            long bins = isBinsMajor ? shape[1] : shape[2];
            if (shape.Count != 3 || (!isBinsMajor && shape[1] != length) || bins < 2)
                throw new DataFormatException(
                    $"{source}: for {length} frames its output {output} is [{string.Join(", ", shape)}], which is neither [batch, bins, "
                        + $"frames] nor [batch, frames, bins].")
                { Kind = FailureKind.OutputsUnknown };
            if (told is not null && bins != told)
                throw new DataFormatException(
                    $"{source}: its output {output} has {bins} bins, which is n_fft {2 * (bins - 1)}, not {hints.FftLength}.")
                { Kind = FailureKind.FftLengthUnknown };
            return (Bins(bins), isBinsMajor ? SpectrumLayout.BinsMajor : SpectrumLayout.FrameMajor);
        }

        // What is beyond is refused with the other sizes, and must not overflow before.
        static int Bins(long size) => (int)Math.Min(size, ModelLimits.MaxFftLength);
    }

    /// <summary>
    /// Samples a frame, and whether T frames give T·hop samples (<see cref="StftPadding.Same"/>) or (T − 1)·hop
    /// (<see cref="StftPadding.Center"/>), by the network's output at two lengths.
    /// </summary>
    /// <exception cref="DataFormatException">It is neither.</exception>
    public static (int Hop, StftPadding Padding) AskSamples(
        string source, ProbeRuns runs, TensorShape output, ModelHints hints, List<string> notes)
    {
        int frames = runs.Frames;
        long samples = Count(frames);
        long hop;
        if (runs.OtherFrames is { } other)
            hop = (Count(other) - samples) / (other - frames);
        else
            hop = hints.HopLength ?? (samples % frames == 0 ? samples / frames : frames > 1 ? samples / (frames - 1) : 0);
        bool isWhole = samples == hop * frames;
        if (hop < 1 || hop > ModelLimits.MaxHopLength || (!isWhole && samples != hop * (frames - 1)))
            throw new DataFormatException(
                $"{source}: for {frames} frames it puts out {samples} samples, which is neither a hop a frame nor one less.")
            { Kind = FailureKind.HopLengthWrong };
        if (hints.HopLength is { } told && told != hop)
            throw new DataFormatException($"{source}: it puts out {hop} samples a frame, not {told}.")
            {
                Kind = FailureKind.HopLengthWrong,
            };
        if (!isWhole)
            return ((int)hop, StftPadding.Center);
        if (hints.IsPaddingKnown)
            return ((int)hop, hints.Padding);
        if (!EndsInHalfAWindow(source, runs, output, (int)hop))
            return ((int)hop, StftPadding.Same);
        notes.Add($"{source}: its frames are centred on multiples of its hop of {hop} samples, and it puts out a hop more than they give; "
            + $"that last hop, which fades, is left out, as Vocos does.");
        return ((int)hop, StftPadding.Center);

        long Count(int length) => Find(source, runs, length, output.Name) is var found
            ? found.Values.LongLength / runs.Probe.LeastBatch
            : 0;
    }

    /// <summary>The values of an output in a run on so many frames.</summary>
    /// <exception cref="DataFormatException">They are of a type that is not read.</exception>
    public static TensorValues Find(string source, ProbeRuns runs, int frames, string output) => Find(source, runs.Get(frames), output);

    /// <summary>The values of an output among those of a run.</summary>
    /// <exception cref="DataFormatException">They are of a type that is not read.</exception>
    public static TensorValues Find(string source, IReadOnlyList<TensorValues> outputs, string output) =>
        outputs.FirstOrDefault(values => values.Name == output)
            ?? throw new DataFormatException($"{source}: its output '{output}' holds no numbers that this library reads.");

    // A graph that holds a centred inverse STFT and cuts n_fft/2 at the start alone (F5-TTS's own export) puts out T·hop samples, too.
    // What a frame touches then lies around t·hop; else around its own hop's middle. Half a hop apart, whatever lies between.
    private static bool EndsInHalfAWindow(string source, ProbeRuns runs, TensorShape output, int hop)
    {
        int frames = runs.Clamp(192);
        if (ProbeExtent.Ask(source, runs, output.Name, frames, frames / 2) is not { } extent)
            return false;
        return Math.Abs(extent.Before - extent.After - hop) < hop / 2;
    }
}
