using System.Diagnostics;
using System.Text.Json;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarking;

/// <summary>One start of the program: loads, decodes, and tells how long each step took.</summary>
internal static class ColdStartChild
{
    /// <param name="started">Just before the process was made, in ticks of <see cref="Stopwatch"/>.</param>
    /// <param name="entered">When its own code began.</param>
    /// <param name="load">Loads the model.</param>
    /// <param name="options">What to decode.</param>
    public static void Run(long started, long entered, Func<Vocoder> load, BenchOptions options)
    {
        long parsed = Stopwatch.GetTimestamp();
        using Vocoder vocoder = load();
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
        double[] steps = [Ms(started, entered), Ms(entered, parsed), Ms(parsed, loaded), Ms(loaded, made), Ms(begin, decoded)];
        for (int i = 0; i < steps.Length; i++)
            writer.WriteNumber(ColdStart.Steps[i].Name, steps[i]);
        // The making of the mel, which a user has already, is left out.
        writer.WriteNumber(ColdStart.Total, steps.Sum());
        writer.WriteNumber(ColdStart.SecondDecode, Ms(decoded, again));
        writer.WriteEndObject();
    }

    private static double Ms(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;
}
