using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.Win32.SafeHandles;
using TrtVocoder.Decoding;
using TrtVocoder.Vocoding;

namespace TrtVocoder.OnnxRuntime.Tests;

public partial class OnnxDecoderModelTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("trtvocoder-test").FullName;

    [TearDown]
    public void DropFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Vocoder_load_finds_this_backend_by_itself_whatever_the_extension()
    {
        string path = Write("model.bin", TinyModels.Spectrum().Metadata(TinyModels.Metadata.ToProperties()).ToBytes());

        using Vocoder vocoder = Vocoder.Load(path);

        Assert.That(vocoder.Metadata, Is.EqualTo(TinyModels.Metadata));
        Assert.That(vocoder.Info.Backend, Does.StartWith("ONNX Runtime 1."));
    }

    [Test]
    public void Metadata_that_contradict_the_shapes_are_refused()
    {
        Refused(TinyModels.Spectrum().Metadata((TinyModels.Metadata with { MelCount = 7 }).ToProperties()), "its metadata say 7 mel bands, but its input is 'x' [?, 5, ?]");
        Refused(TinyModels.Spectrum().Metadata((TinyModels.Metadata with { FftLength = 32 }).ToProperties()), "its metadata say [batch, 17 bins, frames], but its output is 'real' [?, 9, ?]");
        Refused(TinyModels.Waveform().Metadata(TinyModels.Metadata.ToProperties()), "its metadata say that it puts out a spectrum, but its outputs are 'y' [?, ?]");
        Refused(TinyModels.Spectrum().Metadata(TinyModels.Metadata.ToProperties().Where(entry => !entry.Key.EndsWith("hop_length", StringComparison.Ordinal))), "its metadata lack 'trtvocoder.hop_length'");
    }

    [Test]
    public void Models_that_are_no_vocoders_are_refused()
    {
        Refused(new TinyOnnx().Input("x", TinyOnnx.Int64, "B", 5, "T").Node("Cast", ["x"], ["y"], ("to", [TinyOnnx.Float])).Output("y", TinyOnnx.Float, "B", 5, "T"), "whole numbers are codes or tokens");
        Refused(new TinyOnnx().Input("x", TinyOnnx.Float, "B", 5, "T").Node("Relu", ["x"], ["y"]).Output("y", TinyOnnx.Float, "B", 5, "T"), "is not samples");
    }

    [Test]
    public void Models_that_onnx_runtime_cannot_run_are_refused_in_one_sentence()
    {
        Refused(TinyModels.Spectrum().Node("NoSuchOperator", ["h"], ["z"]), "is not a model that ONNX Runtime can run", "NoSuchOperator");
        Refused(TinyModels.Spectrum().Node("Relu", ["nowhere"], ["z"]), "is not a model that ONNX Runtime can run", "nowhere");
    }

    [Test]
    public void Truncated_and_foreign_files_are_refused_in_one_sentence()
    {
        byte[] file = TinyModels.Spectrum().ToBytes();
        Assert.That(() => Vocoder.Load(Write("cut.onnx", file[..(file.Length / 2)])), Throws.TypeOf<DataFormatException>().With.Message.Contains("cut.onnx is a truncated ONNX model"));
        Assert.That(() => OnnxDecoderModel.Load(file[..(file.Length / 2)], "cut.onnx"), Throws.TypeOf<DataFormatException>().With.Message.StartsWith("cut.onnx: this is not an ONNX model, or it is truncated"));
        Assert.That(() => OnnxDecoderModel.Load(Write("text.onnx", "no model"u8.ToArray())), Throws.TypeOf<DataFormatException>().With.Message.Contains("text.onnx: this is not an ONNX model"));
        Assert.That(() => OnnxDecoderModel.Load(Path.Combine(_folder, "none.onnx")), Throws.TypeOf<FileNotFoundException>().With.Message.Contains("none.onnx"));
        foreach (int at in new[] { 10, 40, file.Length / 3, file.Length - 20 })
        {
            byte[] broken = [.. file];
            broken[at] ^= 0xff;
            try
            {
                using Vocoder vocoder = Vocoder.Load(Write("broken.onnx", broken));
            }
            catch (TrtVocoderException error)
            {
                Assert.That(error.Message, Does.Contain("broken.onnx").And.Not.Contain("\n"));
            }
        }
    }

    [Test]
    public void Onnx_runtime_writes_nothing_to_stderr()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("stderr is redirected by Linux calls");
        string log = Path.Combine(_folder, "stderr.txt");
        using (SafeFileHandle file = File.OpenHandle(log, FileMode.Create, FileAccess.Write, FileShare.ReadWrite))
        {
            int stderr = Duplicate(2);
            Assert.That(Duplicate(file.DangerousGetHandle().ToInt32(), 2), Is.EqualTo(2));
            try
            {
                Assert.That(() => OnnxDecoderModel.Load("garbage"u8.ToArray(), "x.onnx"), Throws.TypeOf<DataFormatException>());
                Assert.That(() => OnnxDecoderModel.Load(TinyModels.Spectrum().Node("Relu", ["nowhere"], ["z"]).ToBytes(), "x.onnx"), Throws.TypeOf<DataFormatException>());
                OnnxDecoderModel.Load(TinyModels.Spectrum(bins: 8).ToBytes(), "declares-other-bins.onnx").Dispose();
                // A model that turns out at run time to put out other shapes than it says is logged as an error by ONNX Runtime.
                VocoderMetadata wrong = TinyModels.Metadata with { Signal = OutputKind.Waveform, HopLength = 8 };
                using Vocoder vocoder = new(OnnxDecoderModel.Load(TinyModels.Waveform().Metadata(wrong.ToProperties()).ToBytes(), "lying.onnx"));
                using VocoderSession session = vocoder.CreateSession();
                Assert.That(() => session.Decode(TinyModels.RandomMel(9), 9, new float[100]),
                    Throws.InstanceOf<TrtVocoderException>().With.Message.StartsWith("lying.onnx: ").And.Message.Not.Contains("\n"));
            }
            finally
            {
                Assert.That(Duplicate(stderr, 2), Is.EqualTo(2));
            }
        }
        Assert.That(File.ReadAllText(log), Is.Empty);
    }

    [Test]
    public void Onnx_runtime_reports_nothing_to_its_makers()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("the environment is read by a Unix call");
        OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "x.onnx").Dispose();

        Assert.That(Marshal.PtrToStringUTF8(GetVariable(OnnxTelemetry.Variable)), Is.EqualTo("1"));
    }

    [Test]
    public void Every_option_reaches_onnx_runtime()
    {
        OnnxDecoderOptions options = new()
        {
            IntraOpThreads = 2,
            InterOpThreads = 2,
            ExecutionMode = ExecutionMode.ORT_PARALLEL,
            GraphOptimization = GraphOptimizationLevel.ORT_DISABLE_ALL,
            MemoryArena = false,
            MemoryPattern = false,
            Spinning = false,
            SessionConfig = new Dictionary<string, string> { ["session.set_denormal_as_zero"] = "1" },
        };
        using (SessionOptions told = OnnxDecoderModel.CreateSessionOptions(options))
        using (SessionOptions usual = OnnxDecoderModel.CreateSessionOptions(new OnnxDecoderOptions()))
        {
            Assert.That(Values(told), Is.EqualTo((2, 2, ExecutionMode.ORT_PARALLEL, GraphOptimizationLevel.ORT_DISABLE_ALL, false, false)));
            Assert.That(Values(usual), Is.EqualTo((0, 1, ExecutionMode.ORT_SEQUENTIAL, GraphOptimizationLevel.ORT_ENABLE_ALL, true, true)));
        }
        Assert.That(OnnxDecoderModel.GetSessionConfig(options), Is.EqualTo(
            new KeyValuePair<string, string>[] { new("session.intra_op.allow_spinning", "0"), new("session.set_denormal_as_zero", "1") }));
        Assert.That(OnnxDecoderModel.GetSessionConfig(new OnnxDecoderOptions()), Is.EqualTo(
            new KeyValuePair<string, string>[] { new("session.intra_op.allow_spinning", "1") }));
        // What is told by name gets there too: ONNX Runtime does not know this kind of model.
        Assert.That(
            () => OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "x.onnx", new OnnxDecoderOptions { SessionConfig = new Dictionary<string, string> { ["session.load_model_format"] = "ORT" } }),
            Throws.TypeOf<DataFormatException>());
        using Vocoder plain = new(OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "x.onnx"));
        using Vocoder other = new(OnnxDecoderModel.Load(TinyModels.Spectrum().ToBytes(), "x.onnx", options));
        float[] mel = TinyModels.RandomMel(9);

        Assert.That(Decode(other), Is.EqualTo(Decode(plain)).Within(1e-5f));

        static (int, int, ExecutionMode, GraphOptimizationLevel, bool, bool) Values(SessionOptions options) =>
            (options.IntraOpNumThreads, options.InterOpNumThreads, options.ExecutionMode, options.GraphOptimizationLevel, options.EnableCpuMemArena, options.EnableMemoryPattern);

        float[] Decode(Vocoder vocoder)
        {
            using VocoderSession session = vocoder.CreateSession();
            float[] audio = new float[32];
            session.Decode(mel, 9, audio);
            return audio;
        }
    }

    private static void Refused(TinyOnnx model, params string[] sentences)
    {
        DataFormatException? error = Assert.Throws<DataFormatException>(() => OnnxDecoderModel.Load(model.ToBytes(), "model.onnx"));
        foreach (string sentence in sentences)
            Assert.That(error?.Message, Does.StartWith("model.onnx").And.Contain(sentence).And.Not.Contain("\n"));
    }

    private string Write(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetVariable(string name);

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int descriptor, int onto);
}
