using System.Globalization;

namespace TrtVocoder.Decoding;

/// <summary>Which of a network's inputs takes the mel, in which order, and what the others take.</summary>
internal sealed record NetworkInputs
{
    // Where both axes are fixed, one of these is the bands.
    private static readonly int[] UsualMelCounts = [100, 80, 128, 64, 96, 120, 160, 40, 72];

    /// <summary>The mel's input.</summary>
    public required TensorShape Mel { get; init; }

    /// <summary>Whether it takes [batch, frames, n_mels] instead of [batch, n_mels, frames].</summary>
    public required bool IsFrameMajor { get; init; }

    /// <summary>Mel bands.</summary>
    public required int MelCount { get; init; }

    /// <summary>The other inputs.</summary>
    public required IReadOnlyList<ExtraInput> Extras { get; init; }

    /// <summary>The fixed batch; −1 where it may vary.</summary>
    public long FixedBatch => Mel.Dimensions[0];

    /// <summary>The fixed number of frames; −1 where it may vary.</summary>
    public long FixedFrames => Mel.Dimensions[IsFrameMajor ? 1 : 2];

    /// <summary>The mel's shape in a run.</summary>
    public long[] ShapeFor(int batch, int frames) => IsFrameMajor ? [batch, frames, MelCount] : [batch, MelCount, frames];

    /// <summary>Finds the inputs.</summary>
    /// <param name="source">The file's name for messages.</param>
    /// <param name="inputs">All inputs.</param>
    /// <param name="metadata">The model's own metadata, or null.</param>
    /// <param name="hints">What the caller knows.</param>
    /// <param name="probe">Runs the network, where it can be run; null otherwise.</param>
    /// <exception cref="DataFormatException">There is no mel, or an input whose value cannot be known.</exception>
    public static NetworkInputs Find(
        string source, IReadOnlyList<TensorShape> inputs, VocoderMetadata? metadata, ModelHints hints, INetworkProbe? probe)
    {
        TensorShape mel = FindMel(source, inputs);
        ExtraInput[] extras = [.. inputs.Where(input => input != mel).Select(input => FindExtra(source, input, hints))];
        (long rows, long columns) = (mel.Dimensions[1], mel.Dimensions[2]);
        if (metadata is not null)
        {
            return rows < 0 || rows == metadata.MelCount
                ? Make(metadata.MelCount, isFrameMajor: false)
                : throw new DataFormatException(
                    $"{source}: its metadata say {metadata.MelCount} mel bands, but its input is {mel}; export the model again.");
        }
        if (hints.MelCount is { } told)
        {
            if (rows == told || columns == told)
                return Make(told, isFrameMajor: rows != told);
            if (rows >= 0 || IsUsual(columns))
                throw new DataFormatException(
                    $"{source}: its input is {mel}, not [batch, {told.ToString(CultureInfo.InvariantCulture)}, frames].");
            bool isTransposed = columns < 0 && probe is not null && !CanRun(Make(told, isFrameMajor: false))
                && CanRun(Make(told, isFrameMajor: true));
            return Make(told, isTransposed);
        }
        if (rows < 0 && columns < 0)
            return AskMelCount() ?? throw new DataFormatException($"{source}: its input {mel} does not say how many mel bands it takes.")
            {
                Kind = FailureKind.MelCountUnknown,
            };
        if (rows == 0 || columns == 0)
            throw new DataFormatException($"{source}: its input is {mel}, not [batch, n_mels, frames].");
        bool isFrameMajor = rows < 0 || (columns >= 0 && !IsUsual(rows) && IsUsual(columns));
        return Make((int)Math.Min(isFrameMajor ? columns : rows, int.MaxValue), isFrameMajor);

        NetworkInputs Make(int melCount, bool isFrameMajor) =>
            new() { Mel = mel, MelCount = melCount, IsFrameMajor = isFrameMajor, Extras = extras };

        // A network takes one number of bands: with any other its first convolution fails.
        NetworkInputs? AskMelCount()
        {
            if (probe is null)
                return null;
            foreach (bool isFrameMajor in (bool[])[false, true])
                foreach (int melCount in UsualMelCounts)
                    if (Make(melCount, isFrameMajor) is var candidate && CanRun(candidate))
                        return candidate;
            return null;
        }

        bool CanRun(NetworkInputs candidate)
        {
            try
            {
                ProbeRuns runs = new(probe!, candidate);
                runs.Get(runs.Frames);
                return true;
            }
            catch (TrtVocoderException)
            {
                return false;
            }
        }
    }

    private static bool IsUsual(long size) => size is > 0 and < 1000 && UsualMelCounts.Contains((int)size);

    private static TensorShape FindMel(string source, IReadOnlyList<TensorShape> inputs)
    {
        TensorShape[] candidates = [.. inputs.Where(input => input.Dimensions.Count == 3 && !input.IsInteger && !IsMask(input))];
        if (candidates.Length > 1)
        {
            TensorShape[] named = [.. candidates.Where(input => input.Name.Contains("mel", StringComparison.OrdinalIgnoreCase))];
            candidates = named.Length == 1 ? named : candidates;
        }
        if (candidates.Length == 1)
            return candidates[0];
        string codes = candidates.Length == 0 && inputs.Any(input => input.IsInteger && !IsLengths(input))
            ? ": whole numbers are codes or tokens, and this is a codec's decoder or another model, not a vocoder"
            : "";
        throw new DataFormatException(
            $"{source}: a vocoder takes one mel [batch, n_mels, frames]; this model takes {ModelSignature.List(inputs)}{codes}.");
    }

    private static ExtraInput FindExtra(string source, TensorShape input, ModelHints hints)
    {
        if (IsLengths(input))
            return new ExtraInput(input, InputRole.Lengths);
        if (IsMask(input))
            return new ExtraInput(input, InputRole.Mask);
        if (!input.Name.Contains("bandwidth", StringComparison.OrdinalIgnoreCase))
            throw new DataFormatException(
                $"{source}: beside its mel it takes {input}, whose value is not obvious; a vocoder takes one mel [batch, n_mels, frames].");
        return hints.BandwidthId is { } id
            ? new ExtraInput(input, InputRole.Constant, id)
            : throw new DataFormatException(
                $"{source}: it was made for several bandwidths and takes {input}: 0 to 3 are 1.5, 3, 6 and 12 kbit/s in Vocos' own.")
            {
                Kind = FailureKind.BandwidthUnknown,
            };
    }

    private static bool IsLengths(TensorShape input) =>
        input.IsInteger && (input.Name.Contains("len", StringComparison.OrdinalIgnoreCase)
            || input.Name.Contains("frames", StringComparison.OrdinalIgnoreCase));

    private static bool IsMask(TensorShape input) => input.Name.Contains("mask", StringComparison.OrdinalIgnoreCase);
}
