using System.Diagnostics;
using System.Globalization;
using TrtVocoder.Dsp;
using TrtVocoder.Inference;

namespace TrtVocoder.GpuTests;

/// <summary>Times managed decodes of one length, sequentially: host mel to host spectrum as plain_decode.cpp does, then to samples, part by part.</summary>
internal static class Timing
{
    private const int WarmUp = 200;

    public static int Run(string engine, int frames, int iterations)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder decoder = model.CreateDecoder();
        StftParameters stft = model.Info.Metadata.Stft;
        using InverseStft inverse = new(stft);
        float[] audio = new float[stft.GetSampleCount(frames)];
        Random random = new(1);
        float[] mel = new float[model.Info.Metadata.MelCount * frames];
        for (int i = 0; i < mel.Length; i++)
            mel[i] = (random.NextSingle() * 3) - 4;

        double[] spectrum = new double[iterations];
        for (int i = -WarmUp; i < iterations; i++)
        {
            long start = Stopwatch.GetTimestamp();
            mel.CopyTo(decoder.Prepare(1, frames));
            decoder.Run();
            if (i >= 0)
                spectrum[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        double[] input = new double[iterations], run = new double[iterations], istft = new double[iterations], total = new double[iterations];
        for (int i = -WarmUp; i < iterations; i++)
        {
            long start = Stopwatch.GetTimestamp();
            mel.CopyTo(decoder.Prepare(1, frames));
            long prepared = Stopwatch.GetTimestamp();
            DecoderOutput output = decoder.Run();
            long ran = Stopwatch.GetTimestamp();
            inverse.Inverse(output.GetSpectrum(0), audio);
            long done = Stopwatch.GetTimestamp();
            if (i < 0)
                continue;
            input[i] = Stopwatch.GetElapsedTime(start, prepared).TotalMilliseconds;
            run[i] = Stopwatch.GetElapsedTime(prepared, ran).TotalMilliseconds;
            istft[i] = Stopwatch.GetElapsedTime(ran, done).TotalMilliseconds;
            total[i] = Stopwatch.GetElapsedTime(start, done).TotalMilliseconds;
        }
        Console.WriteLine($$"""
            {"tool": "TrtVocoder, {{model.Info.Backend}}", "frames": {{frames}}, "iterations": {{iterations}},
             "sequential_ms": {{Summary(spectrum)}},
             "prepare_ms": {{Summary(input)}},
             "run_ms": {{Summary(run)}},
             "istft_ms": {{Summary(istft)}},
             "samples_ms": {{Summary(total)}}}
            """);
        return 0;
    }

    private static string Summary(double[] ms)
    {
        Array.Sort(ms);
        return string.Create(CultureInfo.InvariantCulture,
            $"{{\"min\": {ms[0]:F5}, \"mean\": {ms.Average():F5}, \"median\": {Percentile(50):F5}, \"p90\": {Percentile(90):F5}, \"p95\": {Percentile(95):F5}, \"p99\": {Percentile(99):F5}}}");

        // trtexec's definition (samples/common/sampleReporting.cpp).
        double Percentile(double percent) => ms[Math.Max(ms.Length - 1 - (int)((1 - (percent / 100)) * ms.Length), 0)];
    }
}
