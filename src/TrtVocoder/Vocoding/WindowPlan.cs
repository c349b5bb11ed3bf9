using TrtVocoder.Decoding;

namespace TrtVocoder.Vocoding;

/// <summary>
/// The window lengths that cover a model's inputs. Frame t of the output depends on the input frames t ± context, so of a window
/// only the frames that far from its cut edges are right; at the true ends of the input the network's own zero padding is the right
/// context. Of a waveform only those samples are right whose overlapping frames are all right. Immutable, so safe for use by many threads.
/// </summary>
internal sealed class WindowPlan
{
    private readonly int[] _frames;
    private readonly WindowCosts? _costs;
    private readonly WindowMargins _edges;
    private readonly string? _refusal;

    private WindowPlan(int[] frames, int ownLengthLimit, WindowMargins edges, WindowCosts? costs, string? refusal)
    {
        _frames = frames;
        OwnLengthLimit = ownLengthLimit;
        _edges = edges;
        _costs = costs;
        _refusal = refusal;
    }

    /// <summary>Window lengths in frames, ascending; empty where windows cannot be exact.</summary>
    public IReadOnlyList<int> Frames => _frames;

    /// <summary>Inputs of up to so many frames run in their own length.</summary>
    public int OwnLengthLimit { get; }

    /// <summary>Whether a few lengths serve all inputs, so that they are worth keeping ready.</summary>
    public bool HasFixedLengths => _frames.Length > 0 && OwnLengthLimit < _frames[0];

    /// <summary>
    /// Whether the windows of an input are as short as their number allows, and all alike, instead of all of the greatest length: where
    /// lengths cost nothing, what they overlap more than they must would be computed for nothing.
    /// </summary>
    public bool AdjustsLength { get; private init; }

    private FailureKind RefusalKind { get; init; }

    /// <summary>Frames of the run that makes a model ready whose inputs have no few lengths.</summary>
    public int GetWarmUpFrames(DecoderInfo info) =>
        Math.Clamp(Math.Min(Longest, VocoderOptions.DefaultMaxWindowFrames), info.MinFrames, info.MaxFrames);

    /// <summary>The most frames of one run.</summary>
    public int Longest => _frames.Length > 0 ? _frames[^1] : OwnLengthLimit;

    /// <summary>The part of a window's result that is right.</summary>
    public ref readonly WindowMargins Edges => ref _edges;

    /// <summary>
    /// The fewest frames of one run: inputs of fewer are run twice, at the start and at the end of so many (<see cref="WindowCursor"/>).
    /// </summary>
    public int Shortest { get; private init; } = 1;

    /// <summary>Whether an input shorter than <see cref="Shortest"/> gives what a whole decode would.</summary>
    public bool IsShortExact(int frames) =>
        HasMargins && (_edges.LeadUnits == 0 || _edges.TailUnits == 0
            || (frames * _edges.UnitsPerFrame) - _edges.TailUnits >= _edges.LeadUnits);

    /// <summary>Whether <see cref="Edges"/> is known.</summary>
    public bool HasMargins => _edges.UnitsPerFrame > 0;

    /// <summary>Plans for one model.</summary>
    /// <param name="info">The model.</param>
    /// <param name="options">What the caller asks for.</param>
    /// <param name="asked">The receptive field that a model has answered which does not tell it.</param>
    /// <exception cref="TrtVocoderException">
    /// The caller's windows or limit do not suit the model (<see cref="FailureKind.OptionsDoNotFit"/>).
    /// </exception>
    public static WindowPlan Create(DecoderInfo info, VocoderOptions options, ReceptiveField? asked = null) =>
        Make(info, options, asked).With(info.MinFrames);

    private static WindowPlan Make(DecoderInfo info, VocoderOptions options, ReceptiveField? asked)
    {
        if (options.MaxWindowFrames is { } limit && limit < info.MinFrames)
            throw DoesNotFit($"Windows of at most {limit} frames were asked for, but this model takes at least {info.MinFrames}.");
        ReceptiveField? told = info.Metadata.ReceptiveFieldFrames is { } frames ? new ReceptiveField(frames, frames) : null;
        if ((told ?? asked) is not { } field)
        {
            if (options.Windows.Frames.Count > 0)
                throw new DataFormatException("Windows need the model's receptive field, which it does not tell.")
                {
                    Kind = FailureKind.ReceptiveFieldUnknown,
                };
            return OneRun(
                Math.Min(options.MaxWindowFrames ?? int.MaxValue, info.MaxFrames),
                "this model does not tell its receptive field, so longer inputs cannot be decoded in exact windows",
                FailureKind.ReceptiveFieldUnknown);
        }

        WindowMargins edges = told is null && info.Metadata.Signal == OutputKind.Waveform
            ? WindowMargins.Measured(info.Metadata, field)
            : WindowMargins.Of(info.Metadata, info.Signal, field);
        int automatic = Math.Max(Math.Max(VocoderOptions.DefaultMaxWindowFrames, info.MinFrames), 8 * field.Longest);
        int longest = Math.Min(options.MaxWindowFrames ?? automatic, info.MaxFrames);
        if (options.Windows.Frames.Count > 0)
            return Fixed(Check(options.Windows.Frames, info, edges), edges);
        if (!options.Windows.IsOff && info.HasCostlyShapes
            && StandardWindowLengths.Make(Math.Max(info.MinFrames, 1), longest, edges) is { Length: > 0 } ladder)
            return Fixed(ladder, edges);
        if (edges.GetStride(longest) >= 1)
        {
            return new WindowPlan([longest], longest, edges, WindowCosts.Linear([longest], edges), null)
            {
                AdjustsLength = !info.HasCostlyShapes && info.MinFrames <= longest / 2,
            };
        }

        int least = edges.LostFrames + 1;
        return options.MaxWindowFrames is { } wanted && wanted <= info.MaxFrames
            ? throw DoesNotFit($"Windows of at most {wanted} frames were asked for, but exact windows of this model have at least {least}: "
                + $"its receptive field is {field}.")
            : OneRun(longest, $"exact decoding of this model would need windows of at least {least} frames", FailureKind.Other, edges);
    }

    /// <summary>The same windows, chosen by what they were measured to cost.</summary>
    /// <param name="costs">Of each length, in any unit.</param>
    public WindowPlan WithCosts(ReadOnlySpan<double> costs) =>
        new(_frames, OwnLengthLimit, _edges, new WindowCosts(_frames, costs, _edges), _refusal) { Shortest = Shortest };

    private WindowPlan With(int shortest) =>
        new(_frames, OwnLengthLimit, _edges, _costs, _refusal)
        {
            Shortest = shortest,
            AdjustsLength = AdjustsLength,
            RefusalKind = RefusalKind,
        };

    /// <summary>Throws if an input is longer than one run and cannot be covered by windows.</summary>
    public void ThrowIfTooLong(int frames)
    {
        if (frames > Longest && _refusal is not null)
            throw new DataFormatException($"The mel has {frames} frames, one run takes at most {Longest}, and {_refusal}.")
            {
                Kind = RefusalKind,
            };
    }

    /// <summary>
    /// How many windows of each length cover an input of more than <see cref="OwnLengthLimit"/> frames at the least cost.
    /// </summary>
    public void Choose(int frames, Span<int> counts) =>
        (_costs ?? throw new InvalidOperationException("This model has no windows.")).Choose(frames, counts);

    private static WindowPlan Fixed(int[] frames, WindowMargins edges) =>
        new(frames, frames[0] - 1, edges, WindowCosts.Linear(frames, edges), null);

    private static WindowPlan OneRun(int longest, string refusal, FailureKind kind, WindowMargins edges = default) =>
        new([], longest, edges, null, refusal) { RefusalKind = kind };

    private static TrtVocoderException DoesNotFit(string message) => new(message) { Kind = FailureKind.OptionsDoNotFit };

    private static int[] Check(IReadOnlyList<int> frames, DecoderInfo info, WindowMargins edges)
    {
        foreach (int length in frames)
        {
            if (length < info.MinFrames || length > info.MaxFrames)
                throw DoesNotFit(
                    $"A window of {length} frames does not suit this model, which takes {info.MinFrames} to {info.MaxFrames}.");
            if (edges.GetStride(length) < 1)
                throw DoesNotFit(
                    $"A window of {length} frames is too short: exact windows of this model have at least {edges.LostFrames + 1}.");
        }
        return [.. frames];
    }
}
