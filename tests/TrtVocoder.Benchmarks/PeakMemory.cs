using System.Diagnostics;
using System.Globalization;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// Peak resident memory and decode time of one decoder in a process of its own: `peak-memory onnx|torch`. Native memory is
/// invisible to BenchmarkDotNet, so the kernel's high-water mark (VmHWM) is read instead.
/// </summary>
internal static class PeakMemory
{
    private const int Iterations = 30;

    public static int Run(string decoder)
    {
        using DecodeCase full = new(RandomCheckpoint.FullSize, frames: 256, threads: 2);
        if (decoder == "torch" && Torch.WhyMissing is { } reason)
        {
            Console.WriteLine($"TorchSharp is left out: {reason}");
            return 0;
        }
        Action decode = decoder == "torch" ? full.PrepareTorch() : full.PrepareOnnx();
        decode();
        List<double> times = [];
        for (int i = 0; i < Iterations; i++)
        {
            long start = Stopwatch.GetTimestamp();
            decode();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        times.Sort();
        string peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{decoder}: median {times[Iterations / 2]:F1} ms, peak {peak["VmHWM:".Length..].Trim()}"));
        return 0;
    }
}
