using TrtVocoder.Profiling;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarking;

/// <summary>What pushes of one size through a stream cost, beside a whole decode and beside another model's pushes, all in turn.</summary>
/// <param name="Run">Times of a push, and of the pushes until the first samples come.</param>
/// <param name="Comparisons">A push against its share of a whole decode; against the other model's, where there is one.</param>
/// <param name="FirstSampleFrames">Frames that must come before the first samples do.</param>
/// <param name="LookaheadFrames">By how many frames samples come after the mel.</param>
internal sealed record StreamBench(
    BenchRun Run, IReadOnlyList<PairedComparison> Comparisons, int FirstSampleFrames, int LookaheadFrames)
{
    public const string Mode = "stream";

    /// <summary>Measures.</summary>
    /// <param name="model">Whose pushes.</param>
    /// <param name="other">Whose pushes and whole decodes they are held against; null: the whole decodes of the model itself.</param>
    /// <param name="chunk">Frames of a push.</param>
    /// <param name="wholeFrames">Frames of a whole decode.</param>
    /// <param name="options">How to measure.</param>
    public static StreamBench Measure(BenchModel model, BenchModel? other, int chunk, int wholeFrames, BenchOptions options)
    {
        Workload pushes = new([chunk], 1, null), whole = new([wholeFrames], 1, null);
        BenchModel reference = other ?? model;
        using PushSession steady = new(model, chunk), start = new(model, chunk);
        using PushSession? otherSteady = other is null ? null : new(other, chunk);
        using BenchSession decode = new(reference, whole, BenchMel.Make(reference.Vocoder.MelCount * wholeFrames), null);
        TimedContender push = new(pushes, _ => steady.Push()), first = new(pushes, _ => start.Begin());
        TimedContender decoded = new(whole, decode.Decode);
        TimedContender? otherPush = otherSteady is null ? null : new(pushes, _ => otherSteady.Push());
        InterleavedRounds.Run(
            otherPush is null ? [push, first, decoded] : [push, otherPush, first, decoded], options.WarmUp, options.Duration,
            Math.Max(options.Iterations, InterleavedRounds.Count), options.Cancellation);

        BenchSeries pushSeries = push.ToSeries();
        double part = (double)chunk / wholeFrames;
        BenchSeries share = new(
            TimingStatistics.Of(decoded.Calls.Select(call => call.Ms * part)), [.. decoded.ToSeries().RoundMedians.Select(ms => ms * part)]);
        List<PairedComparison> comparisons =
            [Compare($"a push of {chunk} frames against its share of a whole decode of {wholeFrames} by {reference.Name}", share)];
        if (otherPush is not null)
            comparisons.Add(Compare($"a push of {chunk} frames against one through {reference.Name}", otherPush.ToSeries()));
        double seconds = (double)chunk * model.Vocoder.Metadata.HopLength / model.Vocoder.SampleRate;
        BenchRun run = new()
        {
            Frames = chunk,
            Mode = Mode,
            Series = [new(SeriesName.Push, pushSeries), new(SeriesName.FirstSamples, first.ToSeries())],
            AudioSeconds = seconds,
            RealTimeFactor = pushSeries.Times.Median / 1000 / seconds,
            Calls = push.Calls,
        };
        return new StreamBench(run, comparisons, steady.Stream.FirstSampleFrames, steady.Stream.LookaheadFrames);

        PairedComparison Compare(string title, BenchSeries against) =>
            new(title, against, pushSeries, TimeRatio.OfRounds(against.RoundMedians, pushSeries.RoundMedians));
    }

    private sealed class PushSession : IDisposable
    {
        private readonly VocoderSession _session;
        private readonly int _chunk;
        private readonly float[] _mel;
        private readonly float[] _audio;

        public PushSession(BenchModel model, int chunk)
        {
            _chunk = chunk;
            _mel = BenchMel.Make(model.Vocoder.MelCount * chunk);
            _session = model.Vocoder.CreateSession();
            try
            {
                Stream = _session.CreateStream();
                Stream.WarmUp(chunk);
                _audio = new float[(chunk + Stream.FirstSampleFrames + model.Vocoder.Info.MinFrames) * model.Vocoder.Metadata.HopLength];
                Begin();
                // The windows of a start are shorter than those between two others.
                while (Stream.PushedFrames < 4 * Stream.LookaheadFrames)
                    Push();
            }
            catch
            {
                _session.Dispose();
                throw;
            }
        }

        public VocoderStream Stream { get; }

        public void Push()
        {
            Stream.Push(_mel, _chunk);
            Stream.Read(_audio);
        }

        /// <summary>An utterance up to its first samples.</summary>
        public void Begin()
        {
            Stream.Reset();
            while (Stream.AvailableSamples == 0)
                Stream.Push(_mel, _chunk);
            Stream.Read(_audio);
        }

        public void Dispose()
        {
            Stream.Dispose();
            _session.Dispose();
        }
    }
}
