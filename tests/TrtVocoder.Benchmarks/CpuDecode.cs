using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.OnnxRuntime;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// `cpu-decode [FRAMES]`: network and inverse STFT together, in turns: do ONNX Runtime's threads, which spin while they wait for work, and those of
/// the inverse STFT get in each other's way?
/// </summary>
internal static class CpuDecode
{
    private const int Samples = 10;
    private const double LimitSeconds = 120;

    public static int Run(int frames)
    {
        using FullSizeModel file = new();
        string path = file.Export();
        OnnxDecoderOptions spinning = new() { IntraOpThreads = 2 };
        Interleaved times = new();
        Stack<IDisposable> owned = new();
        foreach (int pauseMs in new[] { 0, 20 })
            foreach (int inverseThreads in new[] { 1, 2 })
            {
                Add("spinning", spinning);
                Add("spinning until a run's end", spinning with { SessionConfig = new Dictionary<string, string> { ["session.force_spinning_stop"] = "1" } });
                Add("no spinning", spinning with { Spinning = false });

                void Add(string name, OnnxDecoderOptions options)
                {
                    OnnxDecoderModel model = OnnxDecoderModel.Load(path, options);
                    IDecoder decoder = model.CreateDecoder();
                    InverseStft inverse = new(model.Info.Metadata.Stft, inverseThreads);
                    owned.Push(model);
                    owned.Push(decoder);
                    owned.Push(inverse);
                    float[] audio = new float[model.Info.Metadata.Stft.GetSampleCount(frames)];
                    RandomMel.Fill(decoder.BeginInput(1, frames));
                    times.Add(
                        $"{frames} frames, inverse STFT on {inverseThreads}, {name}" + (pauseMs == 0 ? "" : $", {pauseMs} ms between"),
                        () => inverse.Inverse(decoder.Run().GetSpectrum(0), audio),
                        pauseMs == 0 ? null : () => Thread.Sleep(pauseMs));
                }
            }
        times.Run(Samples, LimitSeconds);
        times.Print(Console.Out);
        while (owned.TryPop(out IDisposable? value))
            value.Dispose();
        return 0;
    }
}
