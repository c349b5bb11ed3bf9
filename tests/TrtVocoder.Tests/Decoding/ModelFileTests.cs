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
    public void A_backend_that_the_options_name_loads_any_file()
    {
        FakeBackend backend = new();
        string path = Write("model.of-another-kind", [1, 2, 3]);
        VocoderOptions options = new() { Backend = backend, Threads = 3 };

        using (Vocoder vocoder = Vocoder.Load(path, options))
            Assert.That(vocoder.Info.Backend, Is.EqualTo("fake"));
        using (Vocoder vocoder = Vocoder.Load(new MemoryStream([1, 2, 3]), options, "a stream"))
            Assert.That(vocoder.Model, Is.SameAs(backend.Made[1]));

        Assert.That(backend.Asked, Is.EqualTo(new[] { $"{path} by 3 threads", "a stream of 3 bytes by 3 threads" }));
        Assert.That(backend.Made, Has.All.Property(nameof(FakeDecoderModel.Disposed)).True);
    }

    [Test]
    public void A_model_that_the_options_do_not_fit_is_disposed()
    {
        FakeBackend backend = new();

        Assert.That(() => Vocoder.Load(Write("a", [1]), new VocoderOptions { Backend = backend, MaxWindowFrames = 1 }),
            Throws.TypeOf<TrtVocoderException>().With.Property(nameof(TrtVocoderException.Kind)).EqualTo(FailureKind.OptionsDoNotFit));

        Assert.That(backend.Made.Single().Disposed, Is.True);
    }

    [Test]
    public void A_stream_is_told_apart_by_its_content_and_named_in_messages()
    {
        Assert.That(() => Vocoder.Load(new MemoryStream(Onnx)),
            Throws.TypeOf<TrtVocoderException>().With.Property(nameof(TrtVocoderException.Kind)).EqualTo(FailureKind.BackendMissing));
        Assert.That(() => Vocoder.Load(new MemoryStream("nothing of the kind"u8.ToArray()), name: "upload"),
            Throws.TypeOf<DataFormatException>().With.Message.StartsWith("upload is neither an ONNX model nor a TensorRT engine"));
        Assert.That(() => Vocoder.Load(new MemoryStream(), name: "upload"), Throws.TypeOf<DataFormatException>().With.Message.StartsWith("upload is empty"));
    }

    private string Write(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private sealed class FakeBackend : IDecoderBackend
    {
        public List<FakeDecoderModel> Made { get; } = [];

        public List<string> Asked { get; } = [];

        public IDecoderModel Load(string path, DecoderOptions options) => Make($"{path} by {options.Threads} threads");

        public IDecoderModel Load(byte[] model, string source, DecoderOptions options) => Make($"{source} of {model.Length} bytes by {options.Threads} threads");

        private FakeDecoderModel Make(string asked)
        {
            Asked.Add(asked);
            Made.Add(new FakeDecoderModel());
            return Made[^1];
        }
    }
}
