using System.Diagnostics;
using System.Globalization;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarks;

/// <summary>`length [WINDOW] [PLOT.png]`: time and peak memory of decodes from 10 to 60 s of audio on two threads, each length in processes of its own, in turns.</summary>
internal static class LengthRuns
{
    private const int Rounds = 5;
    private const int LeastRuns = 3;
    private const double LeastSeconds = 4;
    private const double LimitSeconds = 12;
    private static readonly int[] Lengths = [10, 20, 40, 60];

    public static int Run(int? window, string? plot)
    {
        using FullSizeModel model = new();
        string path = model.Export();
        Console.WriteLine("| seconds of audio | frames | fastest ms | µs a frame | against the first | typical ms | peak MB |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        (int Seconds, double Frames, double Fastest, double Typical, double Peak)[] rows = [.. Lengths.Select(seconds => (seconds, 0.0, double.MaxValue, double.MaxValue, 0.0))];
        for (int round = 0; round < Rounds; round++)
            foreach (ref var row in rows.AsSpan())
            {
                if (ChildProcess.Measure("length-of", path, Text(row.Seconds), Text(window ?? 0)) is not [double frames, double fastest, double typical, double peak])
                    return 1;
                row = (row.Seconds, frames, Math.Min(row.Fastest, fastest), Math.Min(row.Typical, double.IsNaN(typical) ? double.MaxValue : typical), Math.Max(row.Peak, peak));
            }
        double[] perFrame = [.. rows.Select(row => 1000 * row.Fastest / row.Frames)];
        for (int i = 0; i < rows.Length; i++)
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {rows[i].Seconds} | {rows[i].Frames} | {rows[i].Fastest:F1} | {perFrame[i]:F1} | {perFrame[i] / perFrame[0]:F3} | {rows[i].Typical:F1} | {rows[i].Peak:F0} |"));
        if (plot is not null)
        {
            double[] seconds = [.. rows.Select(row => (double)row.Seconds)];
            double[] peaks = [.. rows.Select(row => row.Peak)];
            Chart.Lines(
                plot,
                ("time of a decode", "seconds of audio", "µs a frame", seconds, perFrame, 1.3 * perFrame.Max()),
                ("peak memory of the process", "seconds of audio", "MB", seconds, peaks, 1.3 * peaks.Max()));
        }
        return 0;
    }

    /// <summary>One length in this process; a window of 0 is the library's choice.</summary>
    public static int RunOne(string path, int seconds, int window)
    {
        int frames = 1 + (seconds * RandomCheckpoint.FullSize.SampleRate / RandomCheckpoint.FullSize.HopLength);
        using Vocoder vocoder = Vocoder.Load(path, new VocoderOptions { Threads = 2, MaxWindowFrames = window > 0 ? window : null });
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
            if (load.Cores < Interleaved.MaxOthers)
                quiet.Add(all[^1]);
        }
        ChildProcess.Report(frames, all.Min(), Interleaved.Median(quiet), PeakMemory.Kilobytes("VmHWM") / 1024.0);
        return 0;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
