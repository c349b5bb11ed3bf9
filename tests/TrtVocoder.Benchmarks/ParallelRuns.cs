using TrtVocoder.Decoding;
using TrtVocoder.OnnxRuntime;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// `parallel-runs`: two windows of the full-size model by one decoder with two threads one after the other, and by two decoders at the same time; a
/// batch, and its items one after the other.
/// </summary>
internal static class ParallelRuns
{
    private const int Samples = 8;
    private const double LimitSeconds = 60;

    public static int Run()
    {
        using FullSizeModel file = new();
        string path = file.Export();
        using OnnxDecoderModel two = OnnxDecoderModel.Load(path, new OnnxDecoderOptions { IntraOpThreads = 2 });
        using OnnxDecoderModel one = OnnxDecoderModel.Load(path, new OnnxDecoderOptions { IntraOpThreads = 1 });
        using OnnxDecoderModel calm = OnnxDecoderModel.Load(path, new OnnxDecoderOptions { IntraOpThreads = 2, Spinning = false });
        foreach (int frames in new[] { 128, 256, 512, 1024 })
        {
            Interleaved times = new();
            Sequential(times, two, frames, "one decoder, 2 threads");
            Parallel(times, one, frames, "two decoders, 1 thread each");
            Parallel(times, two, frames, "two decoders on one session of 2 threads");
            Parallel(times, calm, frames, "the same without spinning");
            times.Run(Samples, LimitSeconds);
            times.Print(Console.Out);
        }
        Interleaved batches = new();
        Batches(batches, two, items: 8, frames: 64);
        batches.Run(Samples, LimitSeconds);
        batches.Print(Console.Out);
        return 0;
    }

    private static void Sequential(Interleaved times, OnnxDecoderModel model, int frames, string name)
    {
        IDecoder decoder = Prepare(model, frames);
        times.Add($"2 x {frames}: {name}", () =>
        {
            decoder.Run();
            decoder.Run();
        });
    }

    private static void Batches(Interleaved times, OnnxDecoderModel model, int items, int frames)
    {
        IDecoder single = Prepare(model, frames);
        IDecoder batch = model.CreateDecoder();
        RandomMel.Fill(batch.BeginInput(items, frames));
        times.Add($"{items} items of {frames}, one after the other", () =>
        {
            for (int item = 0; item < items; item++)
                single.Run();
        });
        times.Add($"{items} items of {frames} in one batch", () => batch.Run());
    }

    private static void Parallel(Interleaved times, OnnxDecoderModel model, int frames, string name)
    {
        (IDecoder first, IDecoder second) = (Prepare(model, frames), Prepare(model, frames));
        SemaphoreSlim start = new(0);
        SemaphoreSlim end = new(0);
        new Thread(() =>
        {
            while (true)
            {
                start.Wait();
                second.Run();
                end.Release();
            }
        })
        { IsBackground = true }.Start();
        times.Add($"2 x {frames}: {name}", () =>
        {
            start.Release();
            first.Run();
            end.Wait();
        });
    }

    private static IDecoder Prepare(OnnxDecoderModel model, int frames)
    {
        IDecoder decoder = model.CreateDecoder();
        RandomMel.Fill(decoder.BeginInput(1, frames));
        return decoder;
    }
}
