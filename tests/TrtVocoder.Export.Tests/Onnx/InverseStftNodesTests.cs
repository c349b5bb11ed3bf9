using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Export.Tests.Onnx;

/// <summary>The inverse STFT inside the graph, by itself.</summary>
public sealed class InverseStftNodesTests
{
    [TestCase(1024, 256, "T002", StftPadding.Center)]
    [TestCase(1024, 256, "T064", StftPadding.Center)]
    [TestCase(1024, 256, "T002", StftPadding.Same)]
    [TestCase(1024, 256, "T064", StftPadding.Same)]
    [TestCase(512, 128, "T005", StftPadding.Center)]
    [TestCase(400, 100, "T064", StftPadding.Same)]
    [TestCase(1200, 300, "T005", StftPadding.Center)]
    public void Agrees_with_upstream(int fftLength, int hopLength, string frames, StftPadding padding)
    {
        string name = $"n{fftLength}h{hopLength}{frames}";
        (int[] shape, float[] real) = NpyVectors.Read(TestPaths.Data("golden", "istft", $"{name}.re.npy"));
        float[] imag = NpyVectors.ReadValues(TestPaths.Data("golden", "istft", $"{name}.im.npy"));
        float[] expected = NpyVectors.ReadValues(TestPaths.Data("golden", "istft", $"{name}.{(padding == StftPadding.Center ? "center" : "same")}.npy"));
        int[] frameMajor = [1, shape[^1], shape[^2]];
        float[] actual = Run(new StftParameters(fftLength, hopLength, padding), frameMajor,
            OnnxRun.Transposed(real, 1, shape[^2], shape[^1]), OnnxRun.Transposed(imag, 1, shape[^2], shape[^1])).Values;

        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        Assert.That(actual.Zip(expected, (a, e) => Math.Abs(a - e)).Max() / expected.Max(Math.Abs), Is.LessThan(2e-6));
    }

    /// <summary>Any hop, also one that does not divide n_fft, any number of frames and items, against the definition in double precision.</summary>
    [Test]
    public void Agrees_with_the_definition_for_any_sizes()
    {
        Gen<(StftParameters, int, int, int)> sizes =
            from half in Gen.Choose(4, 24)
            from padding in Gen.Elements(StftPadding.Center, StftPadding.Same)
            from hop in Gen.Choose(1, (2 * half * 3) / 4)
            let evenHop = padding == StftPadding.Same ? Math.Max(2, hop & ~1) : hop
            from batch in Gen.Choose(1, 3)
            from frames in Gen.Choose(1, 12)
            from seed in Gen.Choose(0, int.MaxValue)
            select (new StftParameters(2 * half, evenHop, padding), batch, frames, seed);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(sizes.ToArbitrary(), Holds));

        static bool Holds((StftParameters Stft, int Batch, int Frames, int Seed) sizes)
        {
            (StftParameters stft, int batch, int frames, int seed) = sizes;
            Random random = new(seed);
            int[] shape = [batch, frames, stft.BinCount];
            float[] real = [.. Enumerable.Range(0, batch * frames * stft.BinCount).Select(_ => random.NextSingle() - 0.5f)];
            float[] imag = [.. real.Select(_ => random.NextSingle() - 0.5f)];
            (int[] audioShape, float[] audio) = Run(stft, shape, real, imag);
            Assert.That(audioShape, Is.EqualTo(new[] { batch, stft.GetSampleCount(frames) }), $"{sizes}");
            int itemSize = frames * stft.BinCount;
            double[] expected = [.. Enumerable.Range(0, batch).SelectMany(item =>
                Define(stft, frames, real.AsSpan(item * itemSize, itemSize), imag.AsSpan(item * itemSize, itemSize)))];
            double scale = expected.Select(Math.Abs).DefaultIfEmpty(1).Max();
            Assert.That(audio.Zip(expected, (a, e) => Math.Abs(a - e)).DefaultIfEmpty(0).Max() / scale, Is.LessThan(1e-5), $"{sizes}");
            return true;
        }
    }

    private static double[] Define(StftParameters stft, int frames, ReadOnlySpan<float> real, ReadOnlySpan<float> imag)
    {
        int length = stft.FftLength;
        double[] sum = new double[((frames - 1) * stft.HopLength) + length];
        double[] envelope = new double[sum.Length];
        for (int frame = 0; frame < frames; frame++)
        {
            for (int n = 0; n < length; n++)
            {
                double value = 0;
                for (int bin = 0; bin < stft.BinCount; bin++)
                {
                    double angle = 2 * Math.PI * bin * n / length;
                    double factor = bin == 0 || bin == length / 2 ? 1 : 2;
                    int index = (frame * stft.BinCount) + bin;
                    value += factor * ((real[index] * Math.Cos(angle)) - (factor == 1 ? 0 : imag[index] * Math.Sin(angle))) / length;
                }

                double window = 0.5 - (0.5 * Math.Cos(2 * Math.PI * n / length));
                sum[(frame * stft.HopLength) + n] += value * window;
                envelope[(frame * stft.HopLength) + n] += window * window;
            }
        }

        return [.. sum.Zip(envelope, (value, weight) => value / weight).Skip(stft.TrimLength).Take(stft.GetSampleCount(frames))];
    }

    private static (int[] Shape, float[] Values) Run(StftParameters stft, int[] shape, float[] real, float[] imag)
    {
        OnnxGraphBuilder graph = new("istft");
        string[] inputs = [graph.AddInput("mel", "batch", 1, "frames"), graph.AddInput("real", "batch", "frames", stft.BinCount), graph.AddInput("imag", "batch", "frames", stft.BinCount)];
        new InverseStftNodes(graph, stft).Emit(inputs[0], inputs[1], inputs[2]);
        graph.AddOutput("audio", "batch", "samples");
        ModelProto model = new() { IrVersion = 9, Graph = graph.Graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 20 });
        return OnnxRun.Run(model.ToByteArray(), ("mel", [shape[0], 1, shape[1]], new float[shape[0] * shape[1]]), ("real", shape, real), ("imag", shape, imag))["audio"];
    }
}
