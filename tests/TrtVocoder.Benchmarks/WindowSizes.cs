using System.Globalization;
using TrtVocoder.Decoding;
using TrtVocoder.OnnxRuntime;

namespace TrtVocoder.Benchmarks;

/// <summary>`window-sizes [PLOT.png]`: the network's time for each frame in runs of different lengths on two threads, in turns: which windows suit a CPU's caches?</summary>
internal static class WindowSizes
{
    private const int Samples = 8;
    private const double LimitSeconds = 180;
    private static readonly int[] Lengths = [64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 4096];

    public static int Run(string? plot)
    {
        using FullSizeModel file = new();
        using OnnxDecoderModel model = OnnxDecoderModel.Load(file.Export(), new OnnxDecoderOptions { IntraOpThreads = 2 });
        Interleaved times = new();
        List<IDecoder> decoders = [];
        foreach (int frames in Lengths)
        {
            IDecoder decoder = model.CreateDecoder();
            RandomMel.Fill(decoder.BeginInput(1, frames));
            decoders.Add(decoder);
            times.Add($"{frames} frames", () => decoder.Run());
        }
        times.Run(Samples, LimitSeconds);
        Console.WriteLine("| frames of a run | fastest, µs a frame | typical, µs a frame | quiet samples |");
        Console.WriteLine("|---|---|---|---|");
        for (int i = 0; i < Lengths.Length; i++)
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {Lengths[i]} | {1000 * times.Fastest(i) / Lengths[i]:F1} | {1000 * times.Typical(i) / Lengths[i]:F1} | {times.QuietSamples(i)} |"));
        if (plot is not null)
            Chart.Lines(plot, (
                "the network's time, by frames of a run", "frames of a run", "µs a frame",
                [.. Lengths.Select(frames => (double)frames)], [.. Lengths.Select((frames, i) => 1000 * times.Fastest(i) / frames)], 200));
        decoders.ForEach(decoder => decoder.Dispose());
        return 0;
    }
}
