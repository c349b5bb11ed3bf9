using System.Diagnostics;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.GpuTests;

/// <summary>
/// Decodes of one length, one at a time: plain C++ and managed code in turns, block by block, host mel to host spectrum, enqueued and as graphs;
/// then host mel to samples with the inverse STFT on 1, 2, 4 and 6 threads, and the parts of that. One JSON line.
/// </summary>
internal static class Timing
{
    private const int BlockLength = 25;
    private const int Untimed = 5;

    public static int Run(string engine, int frames, int rounds)
    {
        PlainDecoder plain = new(engine, frames);
        using TrtDecoderModel plainModel = TrtDecoderModel.Load(engine, new TrtDecoderOptions { CudaGraphs = false });
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder enqueued = plainModel.CreateDecoder();
        using TrtDecoder captured = model.CreateDecoder();
        enqueued.PrepareShape(1, frames);
        captured.PrepareShape(1, frames);
        float[] mel = Mels.Random(model.Info.Metadata.MelCount, frames);

        Series[] series =
        [
            new("plain_sequential_ms", times => plain.Decode(false, times)),
            new("sequential_ms", times => Decode(enqueued, mel, frames, times)),
            new("plain_graph_ms", times => plain.Decode(true, times)),
            new("graph_ms", times => Decode(captured, mel, frames, times)),
        ];
        for (int round = 0; round < rounds; round++)
            foreach (Series one in series)
                one.RunBlock(Untimed, BlockLength);

        List<Series> samples = [];
        foreach (int threads in (int[])[1, 2, 4, 6])
        {
            Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { InverseStftThreads = threads, Model = Mels.Hints, Windows = WindowPolicy.Of(frames) });
            VocoderSession session = vocoder.CreateSession();
            session.WarmUp();
            float[] audio = new float[vocoder.GetSampleCount(frames)];
            samples.Add(new Series($"samples_{threads}_threads_ms", times => Decode(session, mel, frames, audio, times)));
        }
        for (int round = 0; round < rounds; round++)
            foreach (Series one in samples)
                one.RunBlock(Untimed, BlockLength);

        using JsonLine line = new();
        line.Text("tool", $"TrtVocoder, {model.Info.Backend}").Number("frames", frames).Number("rounds", rounds).Number("decodes_a_series", rounds * BlockLength);
        foreach (Series one in (Series[])[.. series, .. samples])
            line.Statistics(one.Name, one.Statistics);
        line.Number("sequential_ratio", series[1].Statistics.Median / series[0].Statistics.Median)
            .Number("graph_ratio", series[3].Statistics.Median / series[2].Statistics.Median)
            .Number("sequential_ratio_paired", Series.PairedRatio(series[1], series[0]))
            .Number("graph_ratio_paired", Series.PairedRatio(series[3], series[2]))
            .Number("graph_overhead_us", 1000 * (series[3].Statistics.Median - series[2].Statistics.Median))
            .Number("sequential_overhead_us", 1000 * (series[1].Statistics.Median - series[0].Statistics.Median));
        Parts(line, engine, mel, frames);
        DecoderState state = captured.State;
        line.Number("captured_shapes", state.CapturedShapes).Text("capture_refusal", state.CaptureRefusal ?? "").Number("device_bytes", state.DeviceBytes).Number("host_bytes", state.HostBytes);
        return 0;
    }

    private static void Parts(JsonLine line, string engine, float[] mel, int frames)
    {
        using Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Of(frames) });
        DecodeProfiler profiler = new();
        using VocoderSession session = vocoder.CreateSession(profiler);
        session.WarmUp();
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        for (int i = 0; i < 1000; i++)
            session.Decode(mel, frames, audio);
        foreach (DecodePart part in Enum.GetValues<DecodePart>())
            line.Statistics($"part_{part}_ms", profiler.GetStatistics(part));
    }

    private static void Decode(TrtDecoder decoder, float[] mel, int frames, Span<double> times)
    {
        foreach (ref double time in times)
        {
            long start = Stopwatch.GetTimestamp();
            mel.CopyTo(decoder.BeginInput(1, frames));
            decoder.Run();
            time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    private static void Decode(VocoderSession session, float[] mel, int frames, float[] audio, Span<double> times)
    {
        foreach (ref double time in times)
        {
            long start = Stopwatch.GetTimestamp();
            session.Decode(mel, frames, audio);
            time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }
}
