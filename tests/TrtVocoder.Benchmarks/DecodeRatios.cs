namespace TrtVocoder.Benchmarks;

/// <summary>`decode-ratios [PLOT.png]`: mel to samples with the full-size model on two threads, by this library and by eager PyTorch, in turns.</summary>
internal static class DecodeRatios
{
    private const int Samples = 15;
    private const double LimitSeconds = 60;

    public static int Run(string? plot)
    {
        using FullSizeModel model = new();
        string path = model.Export();
        List<(string Name, double Microseconds)> perFrame = [];
        foreach (int frames in new[] { 64, 256, 1024 })
        {
            using DecodeCase full = new(frames, threads: 2);
            Interleaved times = new();
            times.Add($"{frames} frames, this library", full.PrepareOnnx(path));
            if (Torch.WhyMissing is { } reason)
                Console.WriteLine($"TorchSharp is left out: {reason}");
            else
                times.Add($"{frames} frames, TorchSharp eager", full.PrepareTorch(model.Folder));
            times.Run(Samples, LimitSeconds);
            times.Print(Console.Out);
            for (int way = 0; way < times.Count; way++)
                perFrame.Add((times.Name(way), 1000 * times.Fastest(way) / frames));
        }
        if (plot is not null)
            Chart.Bars(plot, "mel to samples, full-size model, 2 threads", "µs a frame, fastest run", perFrame);
        return 0;
    }
}
