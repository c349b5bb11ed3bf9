using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// `shared-runs [CLIENTS]`: mels of 100 to 1000 frames from so many clients at a time, through the demo model on the CPU, in turns: one session that
/// serves them one after the other, a pool, a scheduler.
/// </summary>
internal static class SharedRuns
{
    private const int Requests = 32;
    private const int Samples = 5;
    private const double LimitSeconds = 100;

    public static int Run(int clients)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("trtvocoder-bench").FullName, "demo.onnx");
        OnnxExporter.Export(
            VocosCheckpoint.Load(TestPaths.Models("vocos-demo")), path, new OnnxExportOptions { Form = NetworkForm.Conv, Layout = SpectrumLayout.FrameMajor });
        Random random = new(1);
        (float[] Mel, int Frames)[] requests = [.. Enumerable.Range(0, Requests).Select(_ => random.Next(100, 1001)).Select(frames => (Mel(frames), frames))];
        Interleaved times = new();
        Stack<IDisposable> owned = new();

        Vocoder all = Load(0);
        VocoderSession session = Own(all.CreateSession());
        float[] audio = new float[all.GetSampleCount(1000)];
        times.Add($"{clients} clients: one session, one after the other", () =>
        {
            foreach ((float[] mel, int frames) in requests)
                session.Decode(mel, frames, audio);
        });
        Add("pool of 2, threads shared", Own(new VocoderPool(all)).DecodeAsync);
        Add("scheduler of 2 lanes, threads shared", Own(new VocoderScheduler(all)).DecodeAsync);
        Vocoder single = Load(1);
        int cores = Environment.ProcessorCount;
        Add($"pool of {cores}, a thread each", Own(new VocoderPool(single, new VocoderPoolOptions { Sessions = cores })).DecodeAsync);
        Add($"scheduler of {cores} lanes, a thread each", Own(new VocoderScheduler(single, new VocoderSchedulerOptions { Lanes = cores })).DecodeAsync);
        Add("the same, batches of 8 windows of 256", Own(new VocoderScheduler(
            single, new VocoderSchedulerOptions { Lanes = cores, Batch = 8, WindowFrames = 256 })).DecodeAsync);

        times.Run(Samples, LimitSeconds);
        times.Print(Console.Out);
        while (owned.TryPop(out IDisposable? value))
            value.Dispose();
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        return 0;

        Vocoder Load(int threads) => Own(Vocoder.Load(path, new VocoderOptions { Threads = threads }));

        T Own<T>(T value)
            where T : IDisposable
        {
            owned.Push(value);
            return value;
        }

        void Add(string name, Func<ReadOnlyMemory<float>, int, CancellationToken, Task<float[]>> decode) => times.Add(name, () =>
        {
            int next = -1;
            Task[] callers = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
            {
                for (int i = Interlocked.Increment(ref next); i < requests.Length; i = Interlocked.Increment(ref next))
                    await decode(requests[i].Mel, requests[i].Frames, CancellationToken.None);
            }))];
            Task.WaitAll(callers);
        });
    }

    private static float[] Mel(int frames)
    {
        float[] mel = new float[100 * frames];
        RandomMel.Fill(mel);
        return mel;
    }
}
