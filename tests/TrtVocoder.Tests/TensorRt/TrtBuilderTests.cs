using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.TensorRt;

public class TrtBuilderTests : SimulatedGpu
{
    private string _folder = "";
    private string _engine = "";

    [SetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory().FullName;
        _engine = Path.Combine(_folder, "x.engine");
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void A_build_writes_engine_sidecar_and_timing_cache()
    {
        string timings = Path.Combine(_folder, "timings.cache");
        List<TrtBuildProgress> heard = [];
        TrtBuildResult result = TrtBuilder.Build(
            TestEngines.Onnx("tiny-center"), _engine, new TrtBuildOptions { Profile = TestEngines.Profile, TimingCachePath = timings, WorkspaceBytes = 1 << 20 }, new Listener(heard));
        EngineSidecar? sidecar = EngineSidecar.TryRead(_engine);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Directory.GetFiles(_folder).Select(Path.GetFileName), Is.EquivalentTo(new[] { "x.engine", "x.engine.json", "timings.cache" }));
            Assert.That(new FileInfo(_engine).Length, Is.EqualTo(result.EngineBytes));
            Assert.That(EnginePlanHeader.Read(_engine).Maker, Is.EqualTo("TensorRT 10.3.0.26"));
            Assert.That((sidecar?.Runtime, sidecar?.RuntimeVersion, sidecar?.Gpu, sidecar?.ComputeCapability), Is.EqualTo(("TensorRT", "10.3.0.26", "Simulated GPU", "8.9")));
            Assert.That(sidecar?.GetMetadata(_engine)?.ModelHash, Has.Length.EqualTo(64));
            Assert.That(sidecar?.Profiles, Is.EqualTo(new[] { TestEngines.Profile }));
            Assert.That(sidecar?.Settings["workspace_bytes"], Is.EqualTo("1048576"));
            Assert.That(heard, Is.Not.Empty);
        }
        TrtBuilder.Build(TestEngines.Onnx("tiny-center"), _engine, new TrtBuildOptions { Profile = TestEngines.Profile, TimingCachePath = timings });
    }

    [Test]
    public void A_cancelled_build_writes_nothing()
    {
        Simulator.Set("build_layer_ms", "50");
        using CancellationTokenSource cancel = new();
        Assert.That(
            () => TrtBuilder.Build(TestEngines.Onnx("tiny-center"), _engine, new TrtBuildOptions { Profile = TestEngines.Profile }, new Listener([], _ => cancel.Cancel()), cancel.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [Test]
    public void What_a_progress_handler_throws_ends_the_build_and_reaches_the_caller()
    {
        Assert.That(
            () => TrtBuilder.Build(TestEngines.Onnx("tiny-center"), _engine, new TrtBuildOptions { Profile = TestEngines.Profile }, new Listener([], _ => throw new InvalidOperationException("mine"))),
            Throws.InvalidOperationException.With.Message.EqualTo("mine"));
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [Test]
    public void A_folder_that_is_not_there_is_said_before_the_build() =>
        Assert.That(
            () => TrtBuilder.Build(TestEngines.Onnx("tiny-center"), Path.Combine(_folder, "no", "x.engine")),
            Throws.InstanceOf<IOException>().With.Message.Contains("does not exist"));

    [Test]
    public void A_model_that_the_parser_refuses_names_the_reason()
    {
        string onnx = Path.Combine(_folder, "x.onnx");
        byte[] model = File.ReadAllBytes(TestEngines.Onnx("tiny-center"));
        // NodeProto.op_type, field 4, of 18 bytes.
        int at = model.AsSpan().IndexOf((byte[])[0x22, 18, .. "LayerNormalization"u8]);
        "LayerNormalizatioX"u8.CopyTo(model.AsSpan(at + 2));
        File.WriteAllBytes(onnx, model);
        Assert.That(
            () => TrtBuilder.Build(onnx, _engine),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("parser refuses the model at node").And.Message.Contains("LayerNormalizatioX"));
    }

    [TestCase(0)]
    [TestCase(100)]
    public void A_truncated_or_foreign_model_is_refused(int bytes)
    {
        string onnx = Path.Combine(_folder, "x.onnx");
        File.WriteAllBytes(onnx, Enumerable.Repeat((byte)0xFF, bytes).ToArray());
        Assert.That(() => TrtBuilder.Build(onnx, _engine), Throws.TypeOf<DataFormatException>().With.Message.StartsWith(onnx));
        Assert.That(File.Exists(_engine), Is.False);
    }

    [TestCase("createInferBuilder_INTERNAL", "null")]
    [TestCase("createInferBuilder_INTERNAL", "throw")]
    [TestCase("IBuilder::buildSerializedNetwork", "null")]
    [TestCase("IBuilder::buildSerializedNetwork", "throw")]
    [TestCase("cuDevicePrimaryCtxRetain", "2")]
    public void A_failure_of_the_builder_is_a_sentence_and_writes_nothing(string function, string action)
    {
        string onnx = TestEngines.Onnx("tiny-center");
        string before = Simulator.Live;
        Simulator.Fault($"{function}={action}");
        Assert.That(() => TrtBuilder.Build(onnx, _engine, new TrtBuildOptions { Profile = TestEngines.Profile }), Throws.InstanceOf<TrtVocoderException>().With.Message.EndsWith("."));
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
        AssertNothingNew(before, "after the failure");
    }

    [TestCase(-1, 1L, "level is -1")]
    [TestCase(6, 1L, "level is 6")]
    [TestCase(3, 0L, "workspace is 0")]
    public void Options_out_of_range_are_refused(int level, long workspace, string words) =>
        Assert.That(
            () => TrtBuilder.Build(TestEngines.Onnx("tiny-center"), _engine, new TrtBuildOptions { OptimizationLevel = level, WorkspaceBytes = workspace }),
            Throws.ArgumentException.With.Message.Contains(words));

    [Test]
    public void A_profile_out_of_order_is_refused() =>
        Assert.That(
            () => TrtBuilder.Build(TestEngines.Onnx("tiny-center"), _engine, new TrtBuildOptions { Profile = new(1, 1, 1, 10, 5, 20) }),
            Throws.ArgumentException.With.Message.Contains("frames are 10, 5, 20"));

    private sealed class Listener(List<TrtBuildProgress> heard, Action<TrtBuildProgress>? then = null) : IProgress<TrtBuildProgress>
    {
        public void Report(TrtBuildProgress value)
        {
            lock (heard)
                heard.Add(value);
            then?.Invoke(value);
        }
    }
}
