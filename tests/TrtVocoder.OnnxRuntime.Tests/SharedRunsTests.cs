using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>Requests that share the runs of ONNX Runtime.</summary>
public class SharedRunsTests
{
    private const double LeastDecibels = 110;

    private static IEnumerable<VocoderSchedulerOptions> AllOptions =>
    [
        new(),
        new() { Batch = 7, Lanes = 1 },
        new() { Batch = 3, WindowFrames = 64, Lanes = 3 },
    ];

    [Test]
    public async Task Requests_of_any_lengths_get_what_a_session_gives([ValueSource(nameof(AllOptions))] VocoderSchedulerOptions options, [Values] bool isWaveform)
    {
        const int Requests = 120, MostFrames = 2000;
        VocoderMetadata waveform = TinyModels.Metadata with { Signal = OutputKind.Waveform, Padding = StftPadding.Same };
        byte[] model = isWaveform
            ? TinyModels.Waveform().Metadata(waveform.ToProperties()).ToBytes()
            : TinyModels.Spectrum().Metadata(TinyModels.Metadata.ToProperties()).ToBytes();
        using Vocoder vocoder = new(OnnxDecoderModel.Load(model, "tiny.onnx"));
        using VocoderSession session = vocoder.CreateSession();
        await using VocoderScheduler scheduler = new(vocoder, options);
        scheduler.WarmUp();

        await Task.WhenAll(Enumerable.Range(0, Requests).Select(seed => Task.Run(async () =>
        {
            Random random = new(seed);
            int frames = random.Next(random.Next(2) == 0 ? 40 : MostFrames + 1);
            float[] mel = TinyModels.RandomMel(frames, seed: seed);
            using CancellationTokenSource source = new();
            if (random.Next(4) == 0)
                source.CancelAfter(random.Next(3));
            float[] audio;
            try
            {
                audio = await scheduler.DecodeAsync(mel, frames, source.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            float[] expected = new float[vocoder.GetSampleCount(frames)];
            lock (session)
                session.Decode(mel, frames, expected);
            if (expected.Length > 0)
                Assert.That(Differences.SignalToNoise(expected, audio), Is.GreaterThanOrEqualTo(LeastDecibels), $"{frames} frames");
        }))).WaitAsync(TimeSpan.FromSeconds(60));

        SchedulerStatistics end = scheduler.Statistics;
        Assert.That((end.QueuedWindows, end.RunningWindows, end.OpenRequests, end.RequestsFailed), Is.EqualTo((0, 0, 0, 0)));
        Assert.That(end.RequestsCompleted + end.RequestsCancelled, Is.EqualTo(end.RequestsSubmitted));
        Assert.That(end.RequestsCompleted, Is.GreaterThan(Requests / 2));
        // Of its own choice a scheduler on the CPU computes nothing twice but what windows of long mels overlap.
        if (options.WindowFrames == 0 && options.Batch == 0)
            Assert.That(end.FramesRun, Is.LessThan(1.05 * end.FramesAsked));
    }
}
