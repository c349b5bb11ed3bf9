using System.Diagnostics;
using System.Globalization;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarks;

/// <summary>`length [WINDOW]`: time and peak memory of decodes from 10 to 60 s of audio on two threads, each length in a process of its own.</summary>
internal static class LengthRuns
{
    private const int LeastRuns = 5;
    private const double LeastSeconds = 6;
    private const double LimitSeconds = 60;

    public static int Run(int? window)
    {
        using FullSizeModel model = new();
        string path = model.Export();
        Console.WriteLine("| seconds of audio | frames | longest window | fastest ms | ms per second of audio | quiet runs, median ms | peak MB |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        int code = 0;
        foreach (int seconds in new[] { 5, 10, 20, 40, 60 })
            code |= ChildProcess.Run("length-of", path, seconds.ToString(CultureInfo.InvariantCulture), (window ?? 0).ToString(CultureInfo.InvariantCulture));
        return code;
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
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {seconds} | {frames} | {(window > 0 ? window : VocoderOptions.DefaultFramesPerChunk)} | {all.Min():F1} | {all.Min() / seconds:F2} | {Interleaved.Median(quiet):F1} ({quiet.Count}) | {PeakMemory.Kilobytes("VmHWM") / 1024} |"));
        return 0;
    }
}
