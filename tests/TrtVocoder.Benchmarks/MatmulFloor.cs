using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using TrtVocoder.Decoding;
using TrtVocoder.OnnxRuntime;
using TrtVocoder.OnnxRuntime.Tests;

namespace TrtVocoder.Benchmarks;

/// <summary>
/// `matmul-floor`: the network against bare FP32 matrix products of its shapes, on the same threads of the same runtime, in turns. The products are
/// nearly all of its arithmetic, so their time is what no form of it can go below.
/// </summary>
internal static class MatmulFloor
{
    private const int Samples = 10;
    private const double LimitSeconds = 60;

    // The full-size model: the embedding's convolution as a product over 7 · 100 inputs, two products in each of 8 blocks, the head.
    private static readonly (int Inputs, int Outputs)[] Products =
        [(700, 512), .. Enumerable.Repeat<(int, int)[]>([(512, 1536), (1536, 512)], 8).SelectMany(block => block), (512, 1026)];

    public static int Run()
    {
        using FullSizeModel file = new();
        string path = file.Export();
        byte[] products = WriteProducts();
        double operations = 2.0 * Products.Sum(product => (long)product.Inputs * product.Outputs);
        Console.WriteLine("| frames | threads | products alone, GFLOP/s | network, GFLOP/s | network's time / products' |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (int threads in new[] { 1, 2 })
            foreach (int frames in new[] { 64, 256, 1024 })
            {
                using SessionOptions options = new() { IntraOpNumThreads = threads };
                using InferenceSession session = new(products, options);
                using OnnxDecoderModel model = OnnxDecoderModel.Load(path, new OnnxDecoderOptions { IntraOpThreads = threads });
                using IDecoder decoder = model.CreateDecoder();
                RandomMel.Fill(decoder.BeginInput(1, frames));
                using OrtIoBinding binding = session.CreateIoBinding();
                using OrtValue input = Tensor(frames, Products[0].Inputs);
                using OrtValue output = Tensor(frames, Products[^1].Outputs);
                using RunOptions run = new();
                binding.BindInput("x", input);
                binding.BindOutput("y", output);
                Interleaved times = new();
                times.Add("products", () => session.RunWithBinding(run, binding));
                times.Add("network", () => decoder.Run());
                times.Run(Samples, LimitSeconds);
                double giga = operations * frames / 1e6;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {frames} | {threads} | {giga / times.Fastest(0):F0} | {giga / times.Fastest(1):F0} | {times.Fastest(1) / times.Fastest(0):F2} (typical {times.Typical(1) / times.Typical(0):F2}) |"));
            }
        return 0;
    }

    private static byte[] WriteProducts()
    {
        TinyOnnx model = new TinyOnnx().Input("x", TinyOnnx.Float, "T", Products[0].Inputs).Output("y", TinyOnnx.Float, "T", Products[^1].Outputs);
        Random random = new(1);
        string last = "x";
        for (int i = 0; i < Products.Length; i++)
        {
            (int inputs, int outputs) = Products[i];
            // Weights that keep the variance.
            float scale = MathF.Sqrt(12f / inputs);
            float[] weights = [.. Enumerable.Range(0, inputs * outputs).Select(_ => scale * (random.NextSingle() - 0.5f))];
            string next = i == Products.Length - 1 ? "y" : $"h{i}";
            model.Weight($"w{i}", weights, inputs, outputs).Node("MatMul", [last, $"w{i}"], [next]);
            last = next;
        }
        return model.ToBytes();
    }

    private static OrtValue Tensor(int frames, int width)
    {
        Random random = new(3);
        float[] values = [.. Enumerable.Range(0, frames * width).Select(_ => random.NextSingle() - 0.5f)];
        return OrtValue.CreateTensorValueFromMemory(values, [frames, width]);
    }
}
