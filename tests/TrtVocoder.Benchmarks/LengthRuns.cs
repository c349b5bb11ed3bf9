using System.Diagnostics;
using System.Globalization;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarks;

/// <summary>`length [WINDOW] [PLOT.png]`: time and peak memory of decodes from 10 to 60 s of audio on two threads, each length in a process of its own.</summary>
internal static class LengthRuns
{
    private const int LeastRuns = 5;
    private const double LeastSeconds = 6;
    private const double LimitSeconds = 60;

    public static int Run(int? window, string? plot)
    {
        using FullSizeModel model = new();
        string path = model.Export();
        Console.WriteLine("| seconds of audio | frames | fastest ms | µs a frame | against the first | typical ms | peak MB |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        List<(double Seconds, double PerFrame, double Peak)> rows = [];
        foreach (int seconds in new[] { 10, 20, 40, 60 })
        {
            double[] measured = ChildProcess.Measure("length-of", path, seconds.ToString(CultureInfo.InvariantCulture), (window ?? 0).ToString(CultureInfo.InvariantCulture));
            if (measured is not [double frames, double fastest, double typical, double peak])
                return 1;
            rows.Add((seconds, 1000 * fastest / frames, peak));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {seconds} | {frames} | {fastest:F1} | {1000 * fastest / frames:F1} | {rows[^1].PerFrame / rows[0].PerFrame:F3} | {typical:F1} | {peak:F0} |"));
        }
        if (plot is not null)
            Chart.Lines(
                plot,
                ("time of a decode", "seconds of audio", "µs a frame", [.. rows.Select(row => row.Seconds)], [.. rows.Select(row => row.PerFrame)], 1.3 * rows.Max(row => row.PerFrame)),
                ("peak memory of the process", "seconds of audio", "MB", [.. rows.Select(row => row.Seconds)], [.. rows.Select(row => row.Peak)], 1.3 * rows.Max(row => row.Peak)));
        return 0;
    }

    /// <summary>One length in this process; a window of 0 is the library's choice.</summary>
    public static int RunOne(string path, int seconds, int window)
    {
        int frames = 1 + (seconds * RandomCheckpoint.FullSize.SampleRate / RandomCheckpoint.FullSize.HopLength);
        using Vocoder vocoder = Vocoder.Load(path, new VocoderOptions { Threads = 2, MaxFramesPerChunk = window > 0 ? window : null });
        using VocoderSession session = vocoder.CreateSession();
        float[] mel = new float[vocoder.MelCount * frames];
        RandomMel.Fill(mel);
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(mel, frames, audio);
        List<double> all = [];
        List<double> quiet = [];
        long begin = Stopwatch.GetTimestamp();
        double Elapsed() => Stopwatch.GetElapsedTime(begin).TotalSeconds;
        while (Elapsed() < LeastSeconds || (quiet.Count < LeastRuns && Elapsed() < LimitSeconds))
        {
            OtherLoad load = OtherLoad.Start();
            long start = Stopwatch.GetTimestamp();
            session.Decode(mel, frames, audio);
            all.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (load.Cores < Interleaved.MostOthers)
                quiet.Add(all[^1]);
        }
        ChildProcess.Report(frames, all.Min(), Interleaved.Median(quiet), PeakMemory.Kilobytes("VmHWM") / 1024.0);
        return 0;
    }
}
