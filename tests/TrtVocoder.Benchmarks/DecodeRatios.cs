namespace TrtVocoder.Benchmarks;

/// <summary>`decode-ratios`: mel to samples with the full-size model on two threads, by this library and by eager PyTorch, in turns.</summary>
internal static class DecodeRatios
{
    private const int Samples = 15;
    private const double LimitSeconds = 60;

    public static int Run()
    {
        using FullSizeModel model = new();
        string path = model.Export();
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
        }
        return 0;
    }
}
