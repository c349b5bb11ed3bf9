using TrtVocoder.Decoding;
using TrtVocoder.Tests.Vocoding;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.Decoding;

public class ModelFileTests
{
    /// <summary>ir_version 8, producer "t", a graph of three bytes, one opset.</summary>
    private static readonly byte[] Onnx = [0x08, 8, 0x12, 1, (byte)'t', 0x3a, 3, 1, 2, 3, 0x42, 2, 0x10, 17];

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("trtvocoder-test").FullName;

    [TearDown]
    public void DropFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Files_are_told_apart_by_content_not_by_name()
    {
        Assert.That(ModelFile.Detect(Write("model.engine", Onnx)), Is.EqualTo(ModelFileKind.Onnx));
        Assert.That(ModelFile.Detect(Write("a.onnx", [.. "ftrt"u8, 0, 0])), Is.EqualTo(ModelFileKind.Engine));
        Assert.That(ModelFile.Detect(Write("b", [.. "vtrt"u8])), Is.EqualTo(ModelFileKind.Engine));
    }

    [Test]
    public void A_truncated_onnx_model_is_named_so()
    {
        foreach (int length in new[] { 5, 8, 12 })
            Assert.That(() => ModelFile.Detect(Write("cut.onnx", Onnx[..length])),
                Throws.TypeOf<DataFormatException>().With.Message.Contains("cut.onnx is a truncated ONNX model"), $"{length} bytes");
    }

    [TestCase("PK\u0003\u0004 a zip", "504B0304")]
    [TestCase("RIFF", "52494646")]
    [TestCase("x", "78")]
    public void Other_files_are_refused_in_one_sentence(string content, string beginning) =>
        Assert.That(() => ModelFile.Detect(Write("model.onnx", System.Text.Encoding.Latin1.GetBytes(content))),
            Throws.TypeOf<DataFormatException>().With.Message.Contains($"neither an ONNX model nor a TensorRT engine (it begins with {beginning})"));

    [Test]
    public void Missing_empty_and_folder_are_refused()
    {
        Assert.That(() => Vocoder.Load(Path.Combine(_folder, "none.onnx")), Throws.TypeOf<FileNotFoundException>().With.Message.Contains("none.onnx"));
        Assert.That(() => Vocoder.Load(Write("empty.onnx", [])), Throws.TypeOf<DataFormatException>().With.Message.Contains("is empty"));
        Assert.That(() => Vocoder.Load(_folder), Throws.TypeOf<DataFormatException>().With.Message.Contains("is a folder"));
    }

    [Test]
    public void Random_bytes_never_crash_the_detection()
    {
        Random random = new(1);
        for (int round = 0; round < 300; round++)
        {
            byte[] bytes = new byte[random.Next(1, 40)];
            random.NextBytes(bytes);
            bytes[0] = round % 2 == 0 ? (byte)0x08 : bytes[0];
            string path = Write("random.onnx", bytes);
            try
            {
                ModelFile.Detect(path);
            }
            catch (DataFormatException error)
            {
                Assert.That(error.Message, Does.Contain("random.onnx"));
            }
        }
    }

    [Test]
    public void Without_the_onnx_assembly_the_sentence_says_what_to_reference() =>
        Assert.That(() => Vocoder.Load(Write("model.onnx", Onnx)),
            Throws.TypeOf<TrtVocoderException>().With.Message.Contains("add a reference to TrtVocoder.OnnxRuntime"));

    [Test]
    public void A_registered_backend_is_asked_first()
    {
        FakeBackend backend = new();
        DecoderBackends.Register(backend);
        string path = Write("model.fake-onnx", Onnx);

        backend.Enabled = true;
        using (Vocoder vocoder = Vocoder.Load(path))
            Assert.That(vocoder.Info.Backend, Is.EqualTo("fake"));
        Assert.That(() => Vocoder.Load(path, new VocoderOptions { MaxWindowFrames = 1 }), Throws.ArgumentException);
        backend.Enabled = false;

        Assert.That(backend.Made, Has.All.Property(nameof(FakeDecoderModel.Disposed)).True, "a model that the options do not fit must be disposed");
    }

    private string Write(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private sealed class FakeBackend : IDecoderBackend
    {
        public bool Enabled { get; set; }

        public List<FakeDecoderModel> Made { get; } = [];

        public bool CanLoad(ModelFileKind kind) => Enabled && kind == ModelFileKind.Onnx;

        public IDecoderModel Load(string path, DecoderOptions options)
        {
            FakeDecoderModel model = new();
            Made.Add(model);
            return model;
        }
    }
}
