using System.Globalization;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// `peak-memory [FRAMES]`: resident memory of this library's CPU decoder and of eager PyTorch with the same full-size model, each in a process of
/// its own that loads the model from a file and decodes. Native memory is invisible to BenchmarkDotNet, so the kernel's high-water mark (VmHWM) is
/// read: over the process's life, and over the decodes alone (the mark is set back once the model is loaded).
/// </summary>
internal static class PeakMemory
{
    private const int Iterations = 10;

    /// <summary>Writes the model and measures both in processes of their own.</summary>
    public static int Run(int frames)
    {
        using FullSizeModel model = new();
        string path = model.Export();
        Console.WriteLine("| decoder | frames | loaded, MB | peak of decoding, MB | peak of the process, MB |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach ((string decoder, string file) in new[] { ("onnx", path), ("torch", model.Folder) })
        {
            double[] megabytes = ChildProcess.Measure("peak-memory-of", decoder, file, frames.ToString(CultureInfo.InvariantCulture));
            if (megabytes is [double loaded, double decoding, double all])
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {decoder} | {frames} | {loaded:F0} | {decoding:F0} | {all:F0} |"));
        }
        return 0;
    }

    /// <summary>One decoder in this process.</summary>
    public static int RunOne(string decoder, string model, int frames)
    {
        if (decoder == "torch" && Torch.WhyMissing is { } reason)
        {
            Console.Error.WriteLine($"TorchSharp is left out: {reason}");
            return 0;
        }
        using DecodeCase full = new(frames, threads: 2);
        Action decode = decoder == "torch" ? full.PrepareTorch(model) : full.PrepareOnnx(model);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        long loaded = Kilobytes("VmRSS");
        long peakOfLoading = Kilobytes("VmHWM");
        File.WriteAllText("/proc/self/clear_refs", "5");
        for (int i = 0; i < Iterations; i++)
            decode();
        long peak = Kilobytes("VmHWM");
        ChildProcess.Report(loaded / 1024.0, peak / 1024.0, Math.Max(peak, peakOfLoading) / 1024.0);
        return 0;
    }

    /// <summary>A line of /proc/self/status in kB.</summary>
    public static long Kilobytes(string name)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
