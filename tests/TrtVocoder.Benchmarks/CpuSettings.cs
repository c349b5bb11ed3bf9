using Microsoft.ML.OnnxRuntime;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Onnx;
using TrtVocoder.OnnxRuntime;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Benchmarks;

/// <summary>`cpu-settings [FRAMES] [PLOT.png]`: one decoder of the full-size model on the CPU under different settings of ONNX Runtime and forms of the model, in turns.</summary>
internal static class CpuSettings
{
    private const int Samples = 10;
    private const double LimitSeconds = 180;
    private const int MaxLonger = 30;

    public static int Run(int frames, string? plot)
    {
        using FullSizeModel file = new();
        string best = file.Export();
        OnnxDecoderOptions defaults = new() { IntraOpThreads = 2 };
        (string, string, OnnxDecoderOptions)[] variants =
        [
            ("defaults, 2 threads", best, defaults),
            ("1 thread", best, defaults with { IntraOpThreads = 1 }),
            ("no spinning", best, defaults with { Spinning = false }),
            ("spinning until a run's end", best, With("session.force_spinning_stop", "1")),
            ("spinning with back-off", best, With("session.intra_op.spin_backoff_max", "8")),
            ("no arena", best, defaults with { MemoryArena = false }),
            ("no memory pattern", best, defaults with { MemoryPattern = false }),
            ("extended optimisation only", best, defaults with { GraphOptimization = GraphOptimizationLevel.ORT_ENABLE_EXTENDED }),
            ("no optimisation", best, defaults with { GraphOptimization = GraphOptimizationLevel.ORT_DISABLE_ALL }),
            ("denormals as zero", best, With("session.set_denormal_as_zero", "1")),
            ("dynamic block base 4", best, With("session.dynamic_block_base", "4")),
            ("no pre-packing", best, With("session.disable_prepacking", "1")),
            ("bins-major", file.Export("bins-major", new OnnxExportOptions { Layout = SpectrumLayout.BinsMajor }), defaults),
            ("shifted depthwise", file.Export("shift", new OnnxExportOptions { Layout = SpectrumLayout.FrameMajor, Depthwise = DepthwiseForm.Shift }), defaults),
            ("waveform", file.Export("wave", new OnnxExportOptions { Signal = OutputKind.Waveform }), defaults),
        ];
        float[] mel = new float[RandomCheckpoint.FullSize.MelCount * (frames + MaxLonger)];
        RandomMel.Fill(mel);
        Interleaved times = new();
        List<IDisposable> owned = [];
        foreach ((string name, string path, OnnxDecoderOptions options) in variants)
        {
            OnnxDecoderModel model = OnnxDecoderModel.Load(path, options);
            IDecoder decoder = model.CreateDecoder();
            times.Add($"{frames} frames, {name}", () => Decode(decoder, frames));
            owned.AddRange([decoder, model]);
            if (name != variants[0].Item1)
                continue;
            int length = 0;
            times.Add($"{frames} frames on average, never the last length", () => Decode(decoder, frames - MaxLonger + (length++ * 7 % ((2 * MaxLonger) + 1))));
        }
        times.Run(Samples, LimitSeconds);
        times.Print(Console.Out);
        if (plot is not null)
            times.Draw(plot, "the network under other settings", relative: true);
        owned.ForEach(value => value.Dispose());
        return 0;

        void Decode(IDecoder decoder, int count)
        {
            Span<float> input = decoder.BeginInput(1, count);
            mel.AsSpan(0, input.Length).CopyTo(input);
            decoder.Run();
        }

        OnnxDecoderOptions With(string key, string value) => defaults with { SessionConfig = new Dictionary<string, string> { [key] = value } };
    }
}
