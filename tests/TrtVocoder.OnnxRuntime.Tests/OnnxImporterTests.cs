using Google.Protobuf;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Onnx.Protos;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>Networks as torch.onnx writes them (tests/data/forms/make_networks.py), read back to weights, written again and compared by ONNX Runtime.</summary>
public sealed class OnnxImporterTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("trtvocoder-test").FullName;

    [TearDown]
    public void DropFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("polar17", 100)]
    [TestCase("cartesian11", 100)]
    [TestCase("fixed14", 100)]
    [TestCase("parts-conv13", 100)]
    [TestCase("rows-frames15", 100)]
    [TestCase("left16", 100)]
    [TestCase("conditioned16", 100)]
    [TestCase("waveform17", 100)]
    [TestCase("swapped17", 100)]
    [TestCase("external17", 100)]
    [TestCase("half17", 45)]
    public void What_torch_onnx_writes_is_read_back_and_equals_its_file(string name, double least)
    {
        string path = TestPaths.Data("forms", name + ".onnx");
        VocosCheckpoint checkpoint = OnnxImporter.Read(path);
        Assert.That(checkpoint.Config, Is.EqualTo(new VocosConfig
        {
            SampleRate = 24000,
            FftLength = 64,
            HopLength = 16,
            MelCount = 8,
            Padding = name == "waveform17" ? StftPadding.Same : StftPadding.Center,
            Dim = 16,
            IntermediateDim = 24,
            LayerCount = 2,
            HasLayerScale = false,
        }));
        Assert.That(checkpoint.Warnings, Has.One.Contains("its weights were read back: 8 mel bands, n_fft 64, 16/24 channels, 2 layers; it does not say all of its audio parameters, assumed: 24000 Hz"));
        AssertEqual(path, checkpoint, least);
    }

    [TestCase("not-tanh17", "Tanh '/convnext.0/Tanh' does not belong to a Vocos")]
    [TestCase("not-relu17", "Relu '/convnext.0/Relu' does not belong to a Vocos")]
    [TestCase("not-epsilon17", "Conv '/convnext.0/dwconv/Conv' is applied to a LayerNorm of another epsilon than 1E-06")]
    [TestCase("not-clipped17", "MatMul '/out/MatMul' is the head, and min(exp, 100), cos and sin of its halves do not follow")]
    [TestCase("not-scaled17", "Conv '/embed/Conv' is applied to a mel that was changed before it")]
    [TestCase("not-wavenext17", "MatMul '/last/MatMul' follows the head, where min(exp, 100), cos and sin of its halves should")]
    public void A_network_of_another_kind_is_refused_by_its_first_node_that_does_not_fit(string name, string node) =>
        Assert.That(() => OnnxImporter.Read(TestPaths.Data("forms", name + ".onnx")), Throws.TypeOf<DataFormatException>().With.Message.Contains(node));

    [Test]
    public void Names_do_not_matter()
    {
        ModelProto model = Read("polar17");
        Dictionary<string, string> names = new(StringComparer.Ordinal) { [""] = "" };
        string Other(string name) => names.TryGetValue(name, out string? other) ? other : names[name] = $"v{names.Count}";
        foreach (NodeProto node in model.Graph.Node)
        {
            node.Name = "";
            Replace(node.Input);
            Replace(node.Output);
        }
        foreach (TensorProto tensor in model.Graph.Initializer)
            tensor.Name = Other(tensor.Name);
        foreach (ValueInfoProto value in model.Graph.Input.Concat(model.Graph.Output))
            value.Name = Other(value.Name);
        string path = Write("renamed", model);
        AssertEqual(path, OnnxImporter.Read(path), 100);

        void Replace(Google.Protobuf.Collections.RepeatedField<string> values)
        {
            for (int i = 0; i < values.Count; i++)
                values[i] = Other(values[i]);
        }
    }

    [Test]
    public void Our_own_exports_by_plain_convolutions_are_read_back_with_their_metadata()
    {
        VocosCheckpoint original = RandomCheckpoint.Create(RandomCheckpoint.Smallest with { LayerCount = 2, Padding = StftPadding.Same });
        string path = Path.Combine(_folder, "own.onnx");
        OnnxExporter.Export(original, path, new OnnxExportOptions { Form = NetworkForm.Conv });
        VocosCheckpoint checkpoint = OnnxImporter.Read(path);
        Assert.That(checkpoint.Config, Is.EqualTo(original.Config with { HasLayerScale = false }));
        AssertEqual(path, checkpoint, 100);
    }

    [Test]
    public void Metadata_of_sherpa_onnx_and_hints_tell_what_the_network_does_not()
    {
        ModelProto model = Read("cartesian11");
        foreach ((string key, string value) in (IEnumerable<(string, string)>)[("model_type", "vocos"), ("sample_rate", "22050"), ("n_fft", "64"), ("hop_length", "32"), ("center", "1")])
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        VocosCheckpoint checkpoint = OnnxImporter.Read(Write("sherpa", model), new ModelHints { SampleRate = 8000 });
        Assert.That((checkpoint.Config.SampleRate, checkpoint.Config.HopLength), Is.EqualTo((22050, 32)));
        Assert.That(checkpoint.Warnings, Has.None.Contains("assumed"));
        Assert.That(OnnxImporter.Read(TestPaths.Data("forms", "polar17.onnx"), new ModelHints { SampleRate = 8000, HopLength = 8 }).Config.HopLength, Is.EqualTo(8));
    }

    /// <summary>Damage that the structure check must see: each changes one weight's place or one operator.</summary>
    [TestCase("the residual comes from the wrong block")]
    [TestCase("an Add became a Sub")]
    [TestCase("a convolution is padded by 2 and 4")]
    [TestCase("weights are missing")]
    [TestCase("a weight is not a number")]
    [TestCase("the graph has no mel input")]
    public void A_damaged_network_is_refused(string damage)
    {
        ModelProto model = Read("polar17");
        NodeProto residual = model.Graph.Node.Last(node => node.OpType == "Add" && node.Name.StartsWith("/convnext.1/Add", StringComparison.Ordinal));
        NodeProto convolution = model.Graph.Node.First(node => node.Name == "/convnext.0/dwconv/Conv");
        TensorProto weights = model.Graph.Initializer.First(tensor => tensor.Dims.Count == 2);
        switch (damage)
        {
            case "the residual comes from the wrong block":
                string first = convolution.Input[0];
                for (int i = 0; i < 2; i++)
                    if (residual.Input[i].StartsWith("/convnext.0/Add", StringComparison.Ordinal))
                        residual.Input[i] = first;
                break;
            case "an Add became a Sub":
                residual.OpType = "Sub";
                break;
            case "a convolution is padded by 2 and 4":
                AttributeProto pads = convolution.Attribute.First(attribute => attribute.Name == "pads");
                (pads.Ints[0], pads.Ints[1]) = (2, 4);
                break;
            case "weights are missing":
                weights.RawData = weights.RawData.Length == 0 ? weights.RawData : ByteString.CopyFrom(weights.RawData.Span[4..]);
                break;
            case "a weight is not a number":
                weights.RawData = ByteString.CopyFrom([.. BitConverter.GetBytes(float.NaN), .. weights.RawData.Span[4..]]);
                break;
            default:
                model.Graph.Input.Clear();
                break;
        }
        Assert.That(() => OnnxImporter.Read(Write("damaged", model)), Throws.TypeOf<DataFormatException>().With.Message.Contains("damaged.onnx"));
    }

    [Test]
    public void External_weights_that_lack_or_are_cut_off_are_named()
    {
        File.Copy(TestPaths.Data("forms", "external17.onnx"), Path.Combine(_folder, "external17.onnx"));
        string path = Path.Combine(_folder, "external17.onnx");
        Assert.That(() => OnnxImporter.Read(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("external17.data does not exist"));
        File.WriteAllBytes(Path.Combine(_folder, "external17.data"), File.ReadAllBytes(TestPaths.Data("forms", "external17.data"))[..100]);
        Assert.That(() => OnnxImporter.Read(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("external17.data is truncated"));
    }

    [Test]
    public void A_comparison_hears_one_changed_weight()
    {
        string path = TestPaths.Data("forms", "polar17.onnx");
        VocosCheckpoint checkpoint = OnnxImporter.Read(path);
        Dictionary<string, FloatTensor> changed = new(checkpoint.Tensors);
        float[] values = changed["backbone.convnext.1.pwconv1.weight"].Values.ToArray();
        values[3] += 0.01f;
        changed["backbone.convnext.1.pwconv1.weight"] = new FloatTensor([24, 16], values);
        OnnxExportOptions options = new();
        VocosCheckpoint other = new(checkpoint.Config, changed);
        Assert.That(OnnxComparison.Compare(path, OnnxExporter.Export(other, options), OnnxExporter.GetMetadata(other, options)), Is.InRange(10, 80));
    }

    private static ModelProto Read(string name) => ModelProto.Parser.ParseFrom(File.ReadAllBytes(TestPaths.Data("forms", name + ".onnx")));

    private static void AssertEqual(string path, VocosCheckpoint checkpoint, double least)
    {
        foreach (NetworkForm form in Enum.GetValues<NetworkForm>())
        {
            OnnxExportOptions options = new() { Form = form };
            double decibels = OnnxComparison.Compare(path, OnnxExporter.Export(checkpoint, options), OnnxExporter.GetMetadata(checkpoint, options));
            TestContext.Out.WriteLine($"{Path.GetFileName(path)} {form}: {decibels:F1} dB");
            Assert.That(decibels, Is.GreaterThanOrEqualTo(least), form.ToString());
        }
    }

    private string Write(string name, ModelProto model)
    {
        string path = Path.Combine(_folder, name + ".onnx");
        File.WriteAllBytes(path, model.ToByteArray());
        return path;
    }
}
