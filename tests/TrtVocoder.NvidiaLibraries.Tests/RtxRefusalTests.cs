using TrtVocoder.TensorRt;

namespace TrtVocoder.NvidiaLibraries.Tests;

/// <summary>What TensorRT-RTX refuses is refused with one sentence, and nothing is written.</summary>
public class RtxRefusalTests : WorkFolder
{
    private static readonly TrtBuildOptions Options = new() { Runtime = EngineFlavour.TensorRtRtx };

    private static IEnumerable<TestCaseData> UnknownSettings =>
    [
        new TestCaseData(Options with { Fp16 = true }).SetArgDisplayNames("fp16"),
        new TestCaseData(Options with { StronglyTyped = false }).SetArgDisplayNames("weakly typed"),
    ];

    [SetUp]
    public void RequireRtx() => NvidiaLibraries.RequireRtx();

    [Test]
    public void An_operator_that_the_parser_does_not_know_is_named_with_its_node()
    {
        byte[] model = File.ReadAllBytes(Export());
        // NodeProto.op_type, field 4, of 18 bytes.
        int at = model.AsSpan().IndexOf((byte[])[0x22, 18, .. "LayerNormalization"u8]);
        "LayerNormalizatioX"u8.CopyTo(model.AsSpan(at + 2));
        Assert.That(
            Refused<DataFormatException>(Write("x.onnx", model)),
            Does.Match(@"^\S+x\.onnx: TensorRT's parser refuses the model at node \d+ '[^']+' \(LayerNormalizatioX\): \S.*; export it with"));
    }

    [Test]
    public void An_operator_with_the_wrong_inputs_is_named_with_its_node()
    {
        byte[] model = File.ReadAllBytes(Export());
        // A convolution without weights.
        int at = model.AsSpan().IndexOf((byte[])[0x22, 4, .. "Gelu"u8]);
        "Conv"u8.CopyTo(model.AsSpan(at + 2));
        Assert.That(Refused<DataFormatException>(Write("x.onnx", model)), Does.Match(@"at node \d+ '[^']*Gelu' \(Conv\): \S"));
    }

    [TestCase(0.99)]
    [TestCase(0.5)]
    [TestCase(0.001)]
    public void A_truncated_model_is_refused(double part)
    {
        byte[] model = File.ReadAllBytes(Export());
        Assert.That(Refused<DataFormatException>(Write("x.onnx", model.AsSpan(0, (int)(model.Length * part)))), Does.Contain("x.onnx"));
    }

    [Test]
    public void An_empty_file_is_refused() => Assert.That(Refused<DataFormatException>(Write("x.onnx", [])), Does.Contain("x.onnx"));

    [Test]
    public void A_text_file_is_refused() =>
        Assert.That(Refused<DataFormatException>(Write("x.onnx", "Please find the model in the attachment.\n"u8)), Does.Contain("x.onnx"));

    [Test]
    public void A_model_with_a_spoiled_graph_is_refused()
    {
        byte[] model = File.ReadAllBytes(Export());
        // The metadata follow the graph and stay readable, so that it is NVIDIA's parser that meets the damage.
        model.AsSpan(64, 4096).Fill(0xFF);
        Assert.That(Refused<DataFormatException>(Write("x.onnx", model)), Does.Contain("parser refuses the model"));
    }

    [TestCaseSource(nameof(UnknownSettings))]
    public void A_setting_that_TensorRT_RTX_does_not_have_is_refused(TrtBuildOptions options) =>
        Assert.That(Refused<TensorRtException>(Export(), options), Does.Not.Contain("please report it"));

    private string Refused<TException>(string onnx, TrtBuildOptions? options = null)
        where TException : TrtVocoderException
    {
        string message = NvidiaLibraries.Sentence<TException>(() => TrtBuilder.Build(onnx, Engine, options ?? Options)).Message;
        Assert.That(GetFiles(), Is.EqualTo(new[] { "x.onnx" }));
        return message;
    }
}
