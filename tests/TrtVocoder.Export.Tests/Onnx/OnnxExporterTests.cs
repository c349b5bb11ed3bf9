using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;

namespace TrtVocoder.Export.Tests.Onnx;

public sealed class OnnxExporterTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trtvocoder-export-").FullName;

    [OneTimeTearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void The_checker_finds_no_fault_in_the_file(OnnxExportOptions options)
    {
        string path = PathOf(OnnxVariants.Name(options) + ".onnx");
        OnnxExporter.Export(OnnxVariants.Tiny("tiny-same"), path, options);
        Assert.That(OnnxModelChecker.Check(Read(path)), Is.Empty);
    }

    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void The_same_input_gives_the_same_bytes(OnnxExportOptions options)
    {
        byte[] first = OnnxExporter.Build(OnnxVariants.Tiny("tiny-80mel"), options).ToByteArray();
        byte[] second = OnnxExporter.Build(OnnxVariants.Tiny("tiny-80mel"), options).ToByteArray();
        Assert.That(second, Is.EqualTo(first));
    }

    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void The_metadata_carry_what_a_decoder_needs(OnnxExportOptions options)
    {
        VocosCheckpoint checkpoint = OnnxVariants.Tiny("tiny-80mel");
        ModelProto model = OnnxExporter.Build(checkpoint, options);
        VocoderMetadata? metadata = VocoderMetadata.TryFromProperties(model.MetadataProps.ToDictionary(entry => entry.Key, entry => entry.Value), "tiny.onnx");
        Assert.That(metadata, Is.EqualTo(new VocoderMetadata
        {
            SampleRate = 16000,
            FftLength = 512,
            HopLength = 128,
            MelCount = 80,
            Padding = StftPadding.Center,
            Layout = options.Layout ?? SpectrumLayout.BinsMajor,
            Signal = options.Signal,
            MelFloor = 1e-7f,
            ReceptiveFieldFrames = 9,
            Precision = options.Precision == OnnxPrecision.Fp16 ? "fp16" : "fp32",
            ModelHash = checkpoint.ModelHash,
        }));
    }

    [TestCaseSource(typeof(OnnxVariants), nameof(OnnxVariants.Cases))]
    public void No_shape_depends_on_data(OnnxExportOptions options) =>
        Assert.That(Operators(options), Has.None.AnyOf("NonZero", "Unique", "If", "Loop", "ScatterND", "ConvTranspose"));

    [Test]
    public void The_shift_form_holds_no_convolution_and_one_transpose()
    {
        string[] operators = Operators(new OnnxExportOptions { Depthwise = DepthwiseForm.Shift, Layout = SpectrumLayout.FrameMajor });
        Assert.That(operators, Has.None.EqualTo("Conv"));
        Assert.That(operators.Count(name => name == "Transpose"), Is.EqualTo(1));
    }

    [Test]
    public void The_fp32_form_holds_no_cast_and_the_fp16_form_two()
    {
        Assert.That(Operators(new OnnxExportOptions()).Count(name => name == "Cast"), Is.Zero);
        Assert.That(Operators(new OnnxExportOptions { Precision = OnnxPrecision.Fp16 }).Count(name => name == "Cast"), Is.EqualTo(2));
    }

    [Test]
    public void Node_names_follow_the_state_dict()
    {
        string[] names = [.. OnnxExporter.Build(OnnxVariants.Tiny("tiny-same"), new OnnxExportOptions()).Graph.Node.Select(node => node.Name)];
        Assert.That(names, Is.SupersetOf(new[] { "/embed/Conv", "/convnext.2/dwconv/Conv", "/convnext.2/norm/LayerNormalization", "/convnext.2/pwconv1/MatMul", "/convnext.2/act/Gelu", "/head/real/Mul" }));
    }

    [Test]
    public void A_layout_for_a_waveform_is_refused() =>
        Assert.That(
            () => OnnxExporter.Build(OnnxVariants.Tiny("tiny-80mel"), new OnnxExportOptions { Signal = OutputKind.Waveform, Layout = SpectrumLayout.FrameMajor }),
            Throws.TypeOf<TrtVocoderException>().With.Message.Contains("leave the layout out"));

    [TestCase(0f)]
    [TestCase(-1f)]
    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    public void A_mel_floor_that_has_no_logarithm_is_refused(float floor) =>
        Assert.That(
            () => OnnxExporter.Build(OnnxVariants.Tiny("tiny-80mel"), new OnnxExportOptions { MelFloor = floor }),
            Throws.TypeOf<TrtVocoderException>().With.Message.Contains("mel floor"));

    [Test]
    public void A_weight_beyond_fp16_is_refused_by_name()
    {
        OnnxGraphBuilder graph = new("test");
        Assert.That(
            () => graph.AddConstant("convnext.0.pwconv1.weight", TensorProto.Types.DataType.Float16, [1f, -70000f], 2),
            Throws.TypeOf<TrtVocoderException>().With.Message.Contains("'convnext.0.pwconv1.weight' hold -70000").And.Message.Contains("fp32"));
    }

    [Test]
    public void A_full_disk_is_one_sentence() =>
        Assert.That(
            () => OnnxExporter.Export(OnnxVariants.Tiny("tiny-80mel"), "/dev/full"),
            Throws.InstanceOf<IOException>().With.Message.Contains("/dev/full cannot be written"));

    [Test]
    public void An_existing_file_is_replaced_only_when_asked_for()
    {
        string path = PathOf("existing.onnx");
        File.WriteAllText(path, "precious");
        Assert.That(() => OnnxExporter.Export(OnnxVariants.Tiny("tiny-80mel"), path), Throws.InstanceOf<IOException>());
        Assert.That(File.ReadAllText(path), Is.EqualTo("precious"));
        OnnxExporter.Export(OnnxVariants.Tiny("tiny-80mel"), path, overwrite: true);
        Assert.That(Read(path).ProducerName, Is.EqualTo("trtvocoder"));
    }

    private static string[] Operators(OnnxExportOptions options) =>
        [.. OnnxExporter.Build(OnnxVariants.Tiny("tiny-80mel"), options).Graph.Node.Select(node => node.OpType)];

    private static ModelProto Read(string path) => ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));

    private string PathOf(string name) => Path.Combine(_folder, name);
}
