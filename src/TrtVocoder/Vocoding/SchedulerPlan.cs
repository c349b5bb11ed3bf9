using System.Numerics;
using TrtVocoder.Decoding;

namespace TrtVocoder.Vocoding;

/// <summary>
/// The windows of a scheduler, and the items of its runs. Windows of one length share a run, so there are few lengths; which of them cover a
/// mel is chosen by what a window costs in a full run: its frames, and its share of what a run costs whatever its size.
/// </summary>
internal sealed class SchedulerPlan
{
    // Windows of F5-TTS's sentences (100 to 1000 frames) overlap by a tenth of so many, and a sentence is one to three of them.
    private const int DefaultWindowFrames = 512;

    private readonly DecoderInfo _info;

    private SchedulerPlan(DecoderInfo info, WindowPlan windows, int batch) => (_info, Windows, Batch) = (info, windows, batch);

    /// <summary>The window lengths.</summary>
    public WindowPlan Windows { get; }

    /// <summary>The most items of a run.</summary>
    public int Batch { get; }

    /// <summary>Plans for a vocoder, which is asked what it does not say.</summary>
    /// <param name="vocoder">The vocoder.</param>
    /// <param name="options">What the caller asks for.</param>
    /// <exception cref="TrtVocoderException">The windows do not suit the model, or the backend failed.</exception>
    public static SchedulerPlan Create(Vocoder vocoder, VocoderSchedulerOptions options)
    {
        DecoderInfo info = vocoder.Info;
        (WindowPlans plans, VocoderOptions vocoderOptions) = vocoder.Parts;
        if (info.Metadata.IsStreaming)
        {
            throw new TrtVocoderException(
                "This network keeps state from run to run, for streams: it has no windows that requests could share; use the one without state.")
            {
                Kind = FailureKind.OptionsDoNotFit,
            };
        }
        int batch = Math.Min(info.MaxBatch, options.Batch > 0 ? options.Batch : info.HasCostlyShapes ? VocoderSchedulerOptions.DefaultBatch : 1);
        bool mustAskBatch = batch > 1 && info.IsForeign;
        bool wantsFewLengths = options.WindowFrames > 0 || batch > 1 || info.HasCostlyShapes;
        bool mustAskField = !plans.IsAsked && (wantsFewLengths || info.MaxFrames < int.MaxValue || info.MinFrames > 1);
        if (mustAskBatch || mustAskField)
        {
            using IDecoder decoder = vocoder.CreateSessionDecoder(null);
            if (mustAskField)
                plans.Ask(decoder);
            if (mustAskBatch && !plans.AskBatch(decoder))
                batch = 1;
        }
        WindowPlan windows = wantsFewLengths
            ? WithFewLengths(info, plans, vocoderOptions, options.WindowFrames, batch) ?? plans.Windows
            : plans.Windows;
        return new SchedulerPlan(info, windows, batch);
    }

    /// <summary>
    /// Items of a run of so many windows: where a new shape is costly the next power of two, or the most, so that few shapes serve all.
    /// </summary>
    public int GetRunItems(int windows) =>
        _info.HasCostlyShapes ? Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)windows), Batch) : windows;

    /// <summary>The shapes of the runs to come, as far as they are known before the mels are.</summary>
    public IEnumerable<(int Items, int Frames)> GetShapes()
    {
        if (!Windows.HasFixedLengths)
        {
            yield return (1, Windows.GetWarmUpFrames(_info));
            yield break;
        }
        foreach (int frames in Windows.Frames)
        {
            if (_info.HasCostlyShapes)
                for (int items = 1; items < Batch; items *= 2)
                    yield return (items, frames);
            yield return (Batch, frames);
        }
    }

    private static WindowPlan? WithFewLengths(DecoderInfo info, WindowPlans plans, VocoderOptions options, int windowFrames, int batch)
    {
        WindowPlan own = plans.Windows;
        ReceptiveField? asked = plans.Questions.Answers.ReceptiveField;
        if (windowFrames == 0 && (options.Windows.IsOff || !own.HasMargins))
            return null;
        int most = windowFrames > 0 ? windowFrames : DefaultWindowFrames;
        int[] lengths = options.Windows.Frames.Count > 0
            ? [.. options.Windows.Frames.Where(length => windowFrames == 0 || length <= windowFrames)]
            : own.HasMargins
                ? StandardWindowLengths.Make(Math.Max(info.MinFrames, 1), Math.Min(most, own.Longest), own.Edges)
                : [];
        if (lengths.Length == 0)
        {
            if (windowFrames == 0)
                return null;
            // Which says what is wrong with it.
            lengths = [windowFrames];
        }
        return WindowPlan.Create(info, options with { Windows = WindowPolicy.Of(lengths) }, asked)
            .WithCosts(WindowCosts.Share(lengths, batch));
    }
}
