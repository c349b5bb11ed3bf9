using System.Diagnostics;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;
using TrtVocoder.Vocoding;
using static TrtVocoder.GpuTests.CheckRun;

namespace TrtVocoder.GpuTests;

/// <summary>Streams through engines: with state on the GPU, and through a whole network by windows decoded again.</summary>
internal static class StreamChecks
{
    private const int Chunk = 10;

    public static void Run(CheckRun run, EngineFolder engines)
    {
        run.Check("half-width-shift", "a stream of pushes of 10 through a whole network is its whole decode, at least 45 dB", () =>
            Streams(engines.FrameMajor, engines.FrameMajor));
        run.Check("streaming", "a stream through a network with state is the whole network's decode, at least 45 dB", () =>
            Streams(engines.Streaming, engines.StreamingWhole));
        run.Check("streaming", "a warm stream launches captured runs only and allocates nothing", () => IsWarm(engines.Streaming));
    }

    /// <summary>One JSON line: what a push costs with state, and by decoding again, in turns.</summary>
    public static int Time(string engine, string wholeEngine, int chunk, int rounds)
    {
        using PushSession stream = new(engine, chunk), again = new(wholeEngine, chunk);
        Series[] series = [new("push_ms", stream.Time), new("push_by_windows_ms", again.Time)];
        for (int round = 0; round < rounds; round++)
            foreach (Series one in round % 2 == 0 ? series : series.Reverse())
                one.RunBlock(untimed: 2, timed: 10);
        using JsonLine line = new();
        line.Text("tool", $"TrtVocoder, {stream.Backend}").Text("engine", engine).Text("whole_engine", wholeEngine).Number("chunk", chunk)
            .Number("rounds", rounds);
        foreach (Series one in series)
            line.Statistics(one.Name, one.Statistics);
        line.Number("push_ratio_paired", Series.PairedRatio(series[0], series[1]));
        return 0;
    }

    private static string Streams(string engine, string wholeEngine)
    {
        using Vocoder vocoder = Load(engine), whole = Load(wholeEngine);
        using VocoderSession session = vocoder.CreateSession(), wholeSession = whole.CreateSession();
        using VocoderStream stream = session.CreateStream();
        stream.WarmUp(Chunk);
        double least = double.PositiveInfinity;
        foreach (int frames in (int[])[1, 37, 200])
        {
            float[] mel = Mels.Random(vocoder.MelCount, frames);
            float[] expected = new float[whole.GetSampleCount(frames)];
            wholeSession.Decode(mel, frames, expected);
            float[] audio = new float[expected.Length];
            for (int first = 0; first < frames; first += Chunk)
                stream.Push(Slice(mel, frames, first, Math.Min(Chunk, frames - first)), Math.Min(Chunk, frames - first));
            stream.Complete();
            Require(stream.AvailableSamples == expected.Length, $"{stream.AvailableSamples} samples of {frames} frames, not {expected.Length}");
            stream.Read(audio);
            if (expected.Length > 0)
                least = Math.Min(least, Vectors.Snr(audio, expected));
            stream.Reset();
        }
        RequireSnr(least, 45, "stream");
        return FormattableString.Invariant($"{least:F1} dB, first samples after {stream.FirstSampleFrames} frames");
    }

    private static string IsWarm(string engine)
    {
        using PushSession session = new(engine, Chunk);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Span<double> times = stackalloc double[20];
        session.Time(times);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Require(allocated == 0, $"{allocated} bytes were allocated");
        DecoderState state = session.State;
        Require(state.CapturedShapes == 1 && state.CaptureRefusal is null, $"{state.CapturedShapes} shapes were captured: {state.CaptureRefusal}");
        return FormattableString.Invariant($"{TimingStatistics.Of(times.ToArray()).Median:F4} ms a push of {Chunk}");
    }

    private static Vocoder Load(string engine) => Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Off });

    private static float[] Slice(float[] mel, int frames, int first, int count)
    {
        int bands = mel.Length / frames;
        float[] piece = new float[bands * count];
        for (int band = 0; band < bands; band++)
            mel.AsSpan((band * frames) + first, count).CopyTo(piece.AsSpan(band * count));
        return piece;
    }

    private sealed class PushSession : IDisposable
    {
        private readonly Vocoder _vocoder;
        private readonly VocoderSession _session;
        private readonly VocoderStream _stream;
        private readonly int _chunk;
        private readonly float[] _mel;
        private readonly float[] _audio = new float[1 << 20];

        public PushSession(string engine, int chunk)
        {
            _chunk = chunk;
            _vocoder = Load(engine);
            _session = _vocoder.CreateSession();
            _stream = _session.CreateStream();
            _stream.WarmUp(chunk);
            _mel = Mels.Random(_vocoder.MelCount, chunk);
            while (_stream.PushedFrames < 4 * _stream.LookaheadFrames)
                Push();
            Push();
        }

        public string Backend => _vocoder.Info.Backend;

        public DecoderState State => _session.GetState();

        public void Time(Span<double> timesMs)
        {
            foreach (ref double time in timesMs)
            {
                long start = Stopwatch.GetTimestamp();
                Push();
                time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        }

        public void Dispose()
        {
            _stream.Dispose();
            _session.Dispose();
            _vocoder.Dispose();
        }

        private void Push()
        {
            _stream.Push(_mel, _chunk);
            _stream.Read(_audio);
        }
    }
}
