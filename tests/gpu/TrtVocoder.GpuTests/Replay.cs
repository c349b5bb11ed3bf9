using System.Diagnostics;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;
using TrtVocoder.Vocoding;

namespace TrtVocoder.GpuTests;

/// <summary>Utterances of varied lengths, one after the other, host mel to samples: what each way of dealing with lengths makes of them. A JSON line a way.</summary>
internal static class Replay
{
    private const int Passes = 3;

    public static int Run(string engine, string lengthsFile)
    {
        int[] lengths = [.. File.ReadLines(lengthsFile).Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0).Select(int.Parse)];
        foreach (string windows in (string[])["auto", "256", "off"])
            foreach (int inFlight in windows == "off" ? (int[])[1] : [1, 2, 3])
                Report(engine, lengths, windows, inFlight);
        return 0;
    }

    private static void Report(string engine, int[] lengths, string windows, int inFlight)
    {
        using Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Parse(windows), RunsInFlight = inFlight });
        DecodeProfiler profiler = new(capacity: Passes * lengths.Length);
        using VocoderSession session = vocoder.CreateSession();
        long start = Stopwatch.GetTimestamp();
        session.WarmUp();
        double warmUpMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        float[] mel = Mels.Random(vocoder.MelCount, lengths.Max());
        float[] audio = new float[vocoder.GetSampleCount(lengths.Max())];
        List<double> times = [], per256 = [], perBlock = [];
        for (int pass = 0; pass < Passes; pass++)
        {
            foreach (int frames in lengths)
            {
                long from = Stopwatch.GetTimestamp();
                session.Decode(mel.AsSpan(0, vocoder.MelCount * frames), frames, audio.AsSpan(0, vocoder.GetSampleCount(frames)));
                double ms = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
                times.Add(ms);
                per256.Add(ms * 256 / frames);
                perBlock.Add(ms / Math.Ceiling(frames / 256.0));
            }
        }

        using VocoderSession profiled = vocoder.CreateSession(profiler);
        profiled.WarmUp();
        foreach (int frames in lengths)
            profiled.Decode(mel.AsSpan(0, vocoder.MelCount * frames), frames, audio.AsSpan(0, vocoder.GetSampleCount(frames)));
        DecoderState state = session.GetState();
        TimingStatistics normalised = TimingStatistics.Of(per256);
        using JsonLine line = new();
        line.Text("windows", windows).Text("lengths", string.Join(',', vocoder.WindowFrames)).Number("in_flight", inFlight).Number("decodes", times.Count)
            .Number("warm_up_ms", warmUpMs).Statistics("end_to_end_ms", TimingStatistics.Of(times)).Statistics("per_256_frames_ms", normalised)
            .Statistics("per_started_256_frames_ms", TimingStatistics.Of(perBlock)).Number("p99_over_p50_per_256", normalised.P99 / normalised.Median)
            .Number("shape_changes", profiler.GetDecodes().Count(decode => decode.ChangedShape))
            .Number("mean_runs", profiler.GetDecodes().Average(decode => decode.Windows))
            .Number("computed_over_frames", profiler.GetDecodes().Sum(decode => (double)decode.ComputedFrames) / profiler.GetDecodes().Sum(decode => (double)decode.Frames))
            .Statistics("profiled_end_to_end_ms", profiler.GetStatistics(DecodePart.EndToEnd)).Statistics("inverse_stft_ms", profiler.GetStatistics(DecodePart.InverseStft))
            .Statistics("compute_ms", profiler.GetStatistics(DecodePart.Compute)).Statistics("after_shape_change_ms", profiler.GetStatistics(DecodePart.EndToEnd, afterShapeChange: true))
            .Number("kept_shapes", state.KeptShapes).Number("captured_shapes", state.CapturedShapes).Number("device_mib", state.DeviceBytes / 1048576.0).Number("host_mib", state.HostBytes / 1048576.0);
    }
}
