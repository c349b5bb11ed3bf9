using System.Diagnostics;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.GpuTests;

/// <summary>
/// Decodes of one shape, one at a time: plain C++ and managed code in turns, block by block, host mel to what the engine puts out on the host, enqueued
/// and as graphs; then, in turns too, the graph again, and host mel to samples: into the decoder's own pinned memory, into the caller's, asleep while it
/// waits, and of spectra with the inverse STFT on the host; and the parts of that. One JSON line.
/// </summary>
internal static class Timing
{
    private const int BlockLength = 25;
    private const int Untimed = 5;

    // Nothing may be left to finalizers, which would be at work in TensorRT while the process ends.
    private static readonly List<IDisposable> Made = [];

    public static int Run(string engine, int frames, int rounds, int batch)
    {
        using TrtDecoderModel plainModel = TrtDecoderModel.Load(engine, new TrtDecoderOptions { CudaGraphs = false });
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder enqueued = plainModel.CreateDecoder();
        using TrtDecoder captured = model.CreateDecoder();
        enqueued.PrepareShape(batch, frames);
        captured.PrepareShape(batch, frames);
        float[] mel = Mels.Random(model.Info.Metadata.MelCount * batch, frames);
        PlainDecoder plain = new(engine, batch, frames, mel);

        Series[] series =
        [
            new("plain_sequential_ms", times => plain.Decode(false, times)),
            new("sequential_ms", times => Decode(enqueued, mel, batch, frames, times)),
            new("plain_graph_ms", times => plain.Decode(true, times)),
            new("graph_ms", times => Decode(captured, mel, batch, frames, times)),
        ];
        RunInTurns(series, rounds);
        RequireSameOutputs(plain, captured, mel, batch, frames);

        bool isSpectrum = model.Info.Metadata.Signal == OutputKind.Spectrum;
        using TrtDecoder pinned = isSpectrum ? MakeSampleDecoder(model) : model.CreateDecoder();
        pinned.PrepareShape(batch, frames);
        List<Series> samples =
        [
            new("graph_again_ms", times => Decode(captured, mel, batch, frames, times)),
            new("samples_pinned_ms", times => Decode(pinned, mel, batch, frames, times)),
            Samples("samples_ms", engine, mel, batch, frames, new VocoderOptions()),
            InPlace("samples_in_place_ms", engine, mel, batch, frames),
            Pcm16("samples_pcm16_ms", engine, mel, batch, frames),
            Samples("samples_asleep_ms", engine, mel, batch, frames, new VocoderOptions { Engine = new TrtDecoderOptions { SleepsWhileWaiting = true } }),
        ];
        samples.Add(Samples("samples_mapped_ms", engine, mel, batch, frames, new VocoderOptions { Engine = new TrtDecoderOptions { Buffers = BufferMode.Mapped } }));
        if (isSpectrum)
            foreach (int threads in (int[])[1, 6])
                samples.Add(Samples($"samples_{threads}_threads_ms", engine, mel, batch, frames, new VocoderOptions { InverseStft = InverseStftPlace.Host, InverseStftThreads = threads }));
        RunInTurns(samples, rounds);
        foreach (IDisposable one in Made)
            one.Dispose();

        using JsonLine line = new();
        line.Text("tool", $"TrtVocoder, {model.Info.Backend}").Text("engine", EngineName(engine)).Number("batch", batch).Number("frames", frames)
            .Number("rounds", rounds).Number("decodes_a_series", rounds * BlockLength);
        foreach (Series one in (Series[])[.. series, .. samples])
            line.Statistics(one.Name, one.Statistics);
        line.Number("sequential_ratio", series[1].Statistics.Median / series[0].Statistics.Median)
            .Number("graph_ratio", series[3].Statistics.Median / series[2].Statistics.Median)
            .Number("sequential_ratio_paired", Series.PairedRatio(series[1], series[0]))
            .Number("graph_ratio_paired", Series.PairedRatio(series[3], series[2]))
            .Number("samples_to_graph_paired", Series.PairedRatio(samples[2], samples[0]))
            .Number("pinned_to_graph_paired", Series.PairedRatio(samples[1], samples[0]))
            .Number("graph_overhead_us", 1000 * (series[3].Statistics.Median - series[2].Statistics.Median))
            .Number("sequential_overhead_us", 1000 * (series[1].Statistics.Median - series[0].Statistics.Median));
        Parts(line, engine, mel, batch, frames);
        DecoderState state = captured.State;
        line.Number("captured_shapes", state.CapturedShapes).Text("capture_refusal", state.CaptureRefusal ?? "").Number("device_bytes", state.DeviceBytes).Number("host_bytes", state.HostBytes);
        return 0;
    }

    // Both sides must have done the same work, or their times compare nothing.
    private static void RequireSameOutputs(PlainDecoder plain, TrtDecoder decoder, float[] mel, int batch, int frames)
    {
        CheckRun.Require(decoder.State.CapturedShapes == 1, $"The engine was not captured: {decoder.State.CaptureRefusal}");
        mel.CopyTo(decoder.BeginInput(batch, frames));
        DecoderOutput output = decoder.Run();
        List<float> first = [], second = [];
        for (int item = 0; item < batch; item++)
        {
            if (output.Signal == OutputKind.Spectrum)
            {
                first.AddRange(output.GetSpectrum(item).Real);
                second.AddRange(output.GetSpectrum(item).Imag);
            }
            else
            {
                first.AddRange(output.GetAudio(item));
            }
        }
        double snr = Vectors.Snr([.. first, .. second], plain.GetOutputs());
        CheckRun.RequireSnr(snr, 100, "the managed decode against the plain C++ on the same mel");
    }

    private static void RunInTurns(IReadOnlyList<Series> series, int rounds)
    {
        for (int round = 0; round < rounds; round++)
            foreach (Series one in series)
                one.RunBlock(Untimed, BlockLength);
    }

    private static TrtDecoder MakeSampleDecoder(TrtDecoderModel model)
    {
        CheckRun.Require(model.PrepareInverseStft() is null, $"the inverse STFT does not run here: {model.PrepareInverseStft()}");
        return model.CreateSampleDecoder();
    }

    private static Series Samples(string name, string engine, float[] mel, int batch, int frames, VocoderOptions options)
    {
        float[] audio = [];
        return Sessions(name, engine, batch, frames, options, (session, samples) =>
        {
            if (audio.Length == 0)
                audio = new float[samples];
            session.DecodeBatch(mel, batch, frames, audio);
        });
    }

    private static Series InPlace(string name, string engine, float[] mel, int batch, int frames) =>
        Sessions(name, engine, batch, frames, new VocoderOptions(), (session, _) => session.DecodeBatch(mel, batch, frames));

    private static Series Pcm16(string name, string engine, float[] mel, int batch, int frames)
    {
        short[] audio = [];
        return Sessions(name, engine, batch, frames, new VocoderOptions(), (session, samples) =>
        {
            if (audio.Length == 0)
                audio = new short[samples];
            session.DecodeBatchPcm16(mel, batch, frames, audio);
        });
    }

    // One decode of a warm session; it is told how many samples that makes.
    private static Series Sessions(
        string name, string engine, int batch, int frames, VocoderOptions options, Action<VocoderSession, int> decode)
    {
        Vocoder vocoder = Load(engine, options);
        VocoderSession session = vocoder.CreateSession();
        session.WarmUp(frames, batch);
        Made.AddRange([session, vocoder]);
        int samples = batch * vocoder.GetSampleCount(frames);
        return new Series(name, times =>
        {
            foreach (ref double time in times)
            {
                long start = Stopwatch.GetTimestamp();
                decode(session, samples);
                time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        });
    }

    private static void Parts(JsonLine line, string engine, float[] mel, int batch, int frames)
    {
        using Vocoder vocoder = Load(engine, new VocoderOptions());
        DecodeProfiler profiler = new();
        using VocoderSession session = vocoder.CreateSession(profiler);
        session.WarmUp(frames, batch);
        float[] audio = new float[batch * vocoder.GetSampleCount(frames)];
        for (int i = 0; i < 1000; i++)
            session.DecodeBatch(mel, batch, frames, audio);
        foreach (DecodePart part in Enum.GetValues<DecodePart>())
            line.Statistics($"part_{part}_ms", profiler.GetStatistics(part));
    }

    // One run in its own length.
    private static Vocoder Load(string engine, VocoderOptions options) =>
        Vocoder.Load(engine, options with { Model = Mels.Hints, Windows = WindowPolicy.Off });

    private static string EngineName(string engine) => $"{Path.GetFileName(Path.GetDirectoryName(engine))}/{Path.GetFileNameWithoutExtension(engine)}";

    private static void Decode(TrtDecoder decoder, float[] mel, int batch, int frames, Span<double> times)
    {
        foreach (ref double time in times)
        {
            long start = Stopwatch.GetTimestamp();
            mel.CopyTo(decoder.BeginInput(batch, frames));
            decoder.Run();
            time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }
}
