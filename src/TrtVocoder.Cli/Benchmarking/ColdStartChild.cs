using System.Diagnostics;
using System.Text.Json;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Benchmarking;

/// <summary>One start of the program: loads, decodes, and tells how long each step took.</summary>
internal static class ColdStartChild
{
    public static void Run(long started, string path, BenchOptions options, CommandOutput output)
    {
        long parsed = Stopwatch.GetTimestamp();
        using Vocoder vocoder = ModelSource.Load(path, options.Vocoder, output);
        long loaded = Stopwatch.GetTimestamp();
        using VocoderSession session = vocoder.CreateSession();
        long made = Stopwatch.GetTimestamp();
        Workload workload = options.Workloads[0];
        int frames = workload.Lengths[0];
        float[] mel = BenchMel.Make(workload.Batch * vocoder.MelCount * frames), audio = new float[workload.Batch * vocoder.GetSampleCount(frames)];
        long begin = Stopwatch.GetTimestamp();
        session.DecodeBatch(mel, workload.Batch, frames, audio);
        long decoded = Stopwatch.GetTimestamp();
        session.DecodeBatch(mel, workload.Batch, frames, audio);
        long again = Stopwatch.GetTimestamp();

        using Stream stream = Console.OpenStandardOutput();
        using Utf8JsonWriter writer = new(stream);
        writer.WriteStartObject();
        double[] steps = [Ms(started, CommandLine.EntryTimestamp), Ms(CommandLine.EntryTimestamp, parsed), Ms(parsed, loaded), Ms(loaded, made), Ms(begin, decoded)];
        for (int i = 0; i < steps.Length; i++)
            writer.WriteNumber(ColdStart.Steps[i].Name, steps[i]);
        // The making of the mel, which a user has already, is left out.
        writer.WriteNumber(ColdStart.Total, steps.Sum());
        writer.WriteNumber(ColdStart.SecondDecode, Ms(decoded, again));
        writer.WriteEndObject();
    }

    private static double Ms(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;
}
