using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.TestSupport;
using DataType = TrtVocoder.Export.Onnx.Protos.TensorProto.Types.DataType;

namespace TrtVocoder.Export.Tests.Onnx;

/// <summary>
/// The recipe of the form that TensorRT takes and runs fastest (docs/benchmarks.md), stated on the graph, because no test on a CPU can see it undone;
/// and that both forms compute the same.
/// </summary>
public sealed class NetworkFormTests
{
    // Neither the mels nor the bins are multiples of 8.
    private const int Mels = 100, PaddedMels = 104, PaddedBins = 136, Dim = 24, Layers = 2;
    private static readonly VocosConfig Config = RandomCheckpoint.FullSize with
    {
        MelCount = Mels,
        FftLength = 256,
        HopLength = 64,
        Dim = Dim,
        IntermediateDim = 40,
        LayerCount = Layers,
    };

    private static IEnumerable<TestCaseData> ShiftForms => OnnxVariants.Cases.Where(data => ((OnnxExportOptions)data.Arguments[0]!).Form == NetworkForm.Shift);

    // n_fft of any even number, one layer and sixteen, without layer scale, fewer mels than 8, mels that fill up and mels that do not.
    private static IEnumerable<VocosConfig> Sizes =>
    [
        RandomCheckpoint.Smallest,
        Config with { MelCount = 80 },
        Config with { MelCount = 128, FftLength = 30, HopLength = 10, HasLayerScale = false },
        Config with { MelCount = 13, Dim = 10, IntermediateDim = 21, FftLength = 22, HopLength = 7, LayerCount = 16 },
        Config with { LayerCount = 1, FftLength = 14, HopLength = 4, Padding = StftPadding.Same },
    ];

    private static IEnumerable<TestCaseData> Comparisons =>
        from config in Sizes
        from layout in new SpectrumLayout?[] { SpectrumLayout.BinsMajor, SpectrumLayout.FrameMajor, null }
        select new TestCaseData(config, layout).SetArgDisplayNames($"{config.MelCount} mels, {config.Dim}/{config.IntermediateDim}/{config.LayerCount}, n_fft {config.FftLength}", layout?.ToString() ?? "waveform");

    [TestCaseSource(nameof(ShiftForms))]
    public void The_embedding_is_one_product_of_padded_mels_whose_slices_are_summed(OnnxExportOptions options)
    {
        GraphProto graph = Export(options);
        NodeProto[] nodes = [.. graph.Node.Where(node => node.Name.StartsWith("/embed/", StringComparison.Ordinal))];
        string[] expected = ["Transpose", "Pad", "MatMul", .. Enumerable.Repeat<string[]>(["Slice", "Add"], VocosConfig.KernelSize).SelectMany(pair => pair)];
        Assert.That(nodes.Select(node => node.OpType), Is.EqualTo(expected));
        Assert.That(Constant(graph, nodes[2].Input[1]).Dims, Is.EqualTo(new long[] { PaddedMels, VocosConfig.KernelSize * Dim }));
    }

    [TestCaseSource(nameof(ShiftForms))]
    public void The_trunk_holds_no_convolution_and_transposes_nothing(OnnxExportOptions options)
    {
        NodeProto[] trunk = [.. Export(options).Node.Where(node => node.Name.StartsWith("/convnext.", StringComparison.Ordinal))];
        Assert.That(
            trunk.GroupBy(node => node.OpType).ToDictionary(group => group.Key, group => group.Count() / Layers),
            Is.EquivalentTo(new Dictionary<string, int>
            {
                ["Pad"] = 1,
                ["Slice"] = 7,
                ["Mul"] = 7,
                ["Add"] = 7 + 2 + 1,
                ["LayerNormalization"] = 1,
                ["MatMul"] = 2,
                ["Gelu"] = 1,
            }));
    }

    // How types are laid out is for exactness: docs/verification.md has the figures.
    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void Embedding_and_head_are_fp32_and_the_blocks_between_two_casts_of_the_trunks_type(OnnxExportOptions options)
    {
        GraphProto graph = Export(options);
        DataType trunk = options.Precision == OnnxPrecision.Fp16 ? DataType.Float16 : DataType.Float;
        foreach (TensorProto constant in graph.Initializer.Where(constant => constant.DataType != (int)DataType.Int64))
            Assert.That((DataType)constant.DataType, Is.EqualTo(constant.Name.StartsWith("convnext.", StringComparison.Ordinal) ? trunk : DataType.Float), constant.Name);
        string[] casts = trunk == DataType.Float ? [] : ["/norm/Cast", "/final_layer_norm/Cast"];
        Assert.That(graph.Node.Where(node => node.OpType == "Cast").Select(node => node.Name), Is.EqualTo(casts));
    }

    // In either form: TensorRT 10.6 refuses two products of the same transposed features.
    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void The_head_is_one_product_whose_halves_are_padded(OnnxExportOptions options)
    {
        GraphProto graph = Export(options);
        NodeProto product = graph.Node.Single(node => node.OpType == "MatMul" && node.Name.StartsWith("/head/", StringComparison.Ordinal));
        bool isBinsMajor = options.Layout == SpectrumLayout.BinsMajor;
        Assert.That(Constant(graph, product.Input[isBinsMajor ? 0 : 1]).Dims, Is.EqualTo(isBinsMajor ? new long[] { 2 * PaddedBins, Dim } : [Dim, 2 * PaddedBins]));
        Assert.That(graph.Node.Count(node => node.OpType == "Transpose" && node.Name.StartsWith("/head/", StringComparison.Ordinal)), Is.EqualTo(isBinsMajor ? 1 : 0));
    }

    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void Padded_bins_are_cut_off_last_of_all(OnnxExportOptions options)
    {
        GraphProto graph = Export(options);
        NodeProto MakerOf(string value) => graph.Node.Single(node => node.Output.Contains(value));
        if (options.Signal == OutputKind.Waveform)
        {
            NodeProto frames = graph.Node.Single(node => node.Name == "/istft/frames/MatMul");
            Assert.That(Constant(graph, frames.Input[1]).Dims, Is.EqualTo(new long[] { 2 * PaddedBins, Config.FftLength }));
            Assert.That(MakerOf(frames.Input[0]).Input.Select(part => MakerOf(part).OpType), Has.All.EqualTo("Mul"));
        }
        else
        {
            foreach (string part in new[] { "real", "imag" })
            {
                NodeProto cut = MakerOf(part);
                Assert.That((cut.OpType, MakerOf(cut.Input[0]).OpType), Is.EqualTo(("Slice", "Mul")));
            }
        }
    }

    /// <summary>Both compute in FP32 and round sums in other orders: 100 dB is what the golden vectors allow, too.</summary>
    [TestCaseSource(nameof(Comparisons))]
    public void Both_forms_compute_the_same_for_any_sizes(VocosConfig config, SpectrumLayout? layout)
    {
        VocosCheckpoint checkpoint = RandomCheckpoint.Create(config);
        OnnxExportOptions options = new() { Layout = layout, Signal = layout is null ? OutputKind.Waveform : OutputKind.Spectrum };
        byte[] shift = OnnxExporter.Build(checkpoint, options).ToByteArray();
        byte[] conv = OnnxExporter.Build(checkpoint, options with { Form = NetworkForm.Conv }).ToByteArray();
        Random random = new(7);
        foreach ((int batch, int frames) in new[] { (1, 1), (1, 2), (2, 5), (3, 33) })
        {
            float[] mel = [.. Enumerable.Range(0, batch * config.MelCount * frames).Select(_ => (random.NextSingle() * 8) - 6)];
            Dictionary<string, (int[] Shape, float[] Values)> actual = OnnxRun.Run(shift, ("mel", [batch, config.MelCount, frames], mel));
            Dictionary<string, (int[] Shape, float[] Values)> expected = OnnxRun.Run(conv, ("mel", [batch, config.MelCount, frames], mel));
            Assert.That(actual.Keys, Is.EquivalentTo(expected.Keys));
            foreach (string output in actual.Keys)
            {
                Assert.That(actual[output].Shape, Is.EqualTo(expected[output].Shape), output);
                if (actual[output].Values.Length > 0)
                    Assert.That(OnnxRun.RelativeError(actual[output].Values, expected[output].Values), Is.LessThan(1e-10), $"{output} of {batch} x {frames}");
            }
        }
    }

    private static GraphProto Export(OnnxExportOptions options) => OnnxExporter.Build(RandomCheckpoint.Create(Config), options).Graph;

    private static TensorProto Constant(GraphProto graph, string name) => graph.Initializer.Single(constant => constant.Name == name);
}
