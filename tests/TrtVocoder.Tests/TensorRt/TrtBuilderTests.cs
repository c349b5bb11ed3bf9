using System.Text;
using TrtVocoder.Decoding;
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
    public void The_sidecar_tells_the_profile_that_the_engine_has_where_the_model_fixes_sizes()
    {
        string path = Path.Combine(_folder, "static.onnx");
        byte[] model = File.ReadAllBytes(TestEngines.Onnx("tiny-center"));
        File.WriteAllBytes(path, FixSizes(model, ("batch", 1), ("frames", 27)));
        TrtBuilder.Build(path, _engine, new TrtBuildOptions { Profile = new TrtOptimizationProfile(1, 1, 4, 1, 256, 1024) });
        Assert.That(EngineSidecar.TryRead(_engine)?.Profiles, Is.EqualTo(new[] { new TrtOptimizationProfile(1, 1, 1, 27, 27, 27) }));
    }

    // The model with its dynamic sizes fixed: each dim_param is replaced by a dim_value of as many bytes, so that no length around it changes.
    private static byte[] FixSizes(byte[] model, params (string Name, byte Size)[] sizes)
    {
        byte[] result = [.. model];
        foreach ((string name, byte size) in sizes)
        {
            byte[] dynamic = [0x12, (byte)name.Length, .. Encoding.UTF8.GetBytes(name)];
            byte[] known = [0x08, (byte)(size | 0x80), .. Enumerable.Repeat((byte)0x80, name.Length - 1), 0];
            for (int at; (at = result.AsSpan().IndexOf(dynamic)) >= 0;)
                known.CopyTo(result, at);
        }
        return result;
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

    [Test]
    public void Where_TensorRT_refuses_a_form_the_next_one_is_built_with_the_timings_so_far()
    {
        string timings = Path.Combine(_folder, "timings.cache");
        List<TrtBuildProgress> heard = [];
        Simulator.Fault("IBuilder::buildSerializedNetwork@1=null Error Code 10: Internal Error (Could not find any implementation for node x.)");
        TrtBuildResult result = TrtBuilder.Build(Forms("shift", "conv"), _engine, new TrtBuildOptions { Profile = TestEngines.Profile, TimingCachePath = timings }, new Listener(heard));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Sidecar.Form, Is.EqualTo("conv"));
            Assert.That(result.Sidecar.Refusals.Select(refusal => refusal.Form), Is.EqualTo(new[] { "shift" }));
            Assert.That(result.Sidecar.Refusals[0].Words, Does.Contain("Could not find any implementation for node x").And.Not.Contain("TensorRT says"));
            Assert.That(EngineSidecar.TryRead(_engine)?.Refusals, Is.EqualTo(result.Sidecar.Refusals));
            Assert.That(heard.Select(report => report.FormIndex).Distinct(), Is.EqualTo(new[] { 0, 1 }));
            Assert.That(File.Exists(timings));
        }
    }

    [Test]
    public void A_build_that_is_cancelled_in_its_second_form_writes_nothing()
    {
        Simulator.Fault("IBuilder::buildSerializedNetwork@1=null");
        using CancellationTokenSource cancel = new();
        Listener listener = new([], report =>
        {
            if (report.FormIndex == 1)
                cancel.Cancel();
        });
        Assert.That(
            () => TrtBuilder.Build(Forms("shift", "conv"), _engine, new TrtBuildOptions { Profile = TestEngines.Profile, TimingCachePath = Path.Combine(_folder, "t") }, listener, cancel.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [Test]
    public void A_network_refused_in_every_form_is_told_by_its_kind_and_in_all_words()
    {
        Simulator.Fault("IBuilder::buildSerializedNetwork@1=null first words");
        Simulator.Fault("IBuilder::buildSerializedNetwork@2=null second words");
        TensorRtException refusal = Assert.Throws<TensorRtException>(() => TrtBuilder.Build(Forms("shift", "conv"), _engine, new TrtBuildOptions { Profile = TestEngines.Profile }))!;
        Assert.That(refusal.Kind, Is.EqualTo(FailureKind.NetworkRefused));
        Assert.That(refusal.Message, Does.Match(@"shift \(.*first words\), conv \(.*second words\)").And.EndsWith("."));
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [TestCase("right", TrtVerification.MaxDb)]
    [TestCase("noisy", 9.5)]
    public void An_engine_is_held_against_its_reference(string outputs, double decibels)
    {
        string reference = TestEngines.Engine();
        TrtBuildOptions options = new() { Profile = TestEngines.Profile, OpenReference = () => new Distorted(reference, outputs) };
        if (decibels >= TrtVerification.MinDb)
        {
            TrtVerification? verification = TrtBuilder.Build(TestEngines.Onnx("tiny-center"), _engine, options).Sidecar.Verification;
            Assert.That((verification?.SignalToNoiseDb, verification?.Batch, verification?.Frames), Is.EqualTo(((double?)decibels, 1, 27)));
            return;
        }
        Assert.That(
            () => TrtBuilder.Build(TestEngines.Onnx("tiny-center"), _engine, options),
            Throws.TypeOf<TensorRtException>().With.Property("Kind").EqualTo(FailureKind.WrongOutput).And.Message.Contains("dB (signal to noise)"));
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [Test]
    public void An_engine_without_a_reference_that_opens_is_written_with_the_reason()
    {
        TrtBuildOptions options = new() { Profile = TestEngines.Profile, OpenReference = () => throw new DataFormatException("An operator is not known.") };
        TrtVerification? verification = TrtBuilder.Build(TestEngines.Onnx("tiny-center"), _engine, options).Sidecar.Verification;
        Assert.That(verification?.SignalToNoiseDb, Is.Null);
        Assert.That(verification?.Note, Does.Contain("An operator is not known"));
    }

    private static OnnxSource[] Forms(params string[] names) => [.. names.Select(name => OnnxSource.FromFile(TestEngines.Onnx("tiny-center")) with { Form = name })];

    // An engine whose decoders put out what the simulator is told to, while the one that is being built is right.
    private sealed class Distorted : IDecoderModel
    {
        private readonly TrtDecoderModel _model;
        private readonly string _outputs;

        public Distorted(string engine, string outputs)
        {
            _outputs = outputs;
            _model = TrtDecoderModel.Load(engine);
        }

        public DecoderInfo Info => _model.Info;

        public IDecoder CreateDecoder(TrtVocoder.Profiling.DecodeProfiler? profiler = null)
        {
            Simulator.Set("outputs", _outputs);
            return _model.CreateDecoder(profiler);
        }

        public void Dispose() => _model.Dispose();
    }

    [TestCase(-1, 1L, "OptimizationLevel is -1")]
    [TestCase(6, 1L, "OptimizationLevel is 6")]
    [TestCase(3, 0L, "workspace is 0")]
    public void Options_out_of_range_are_refused(int level, long workspace, string words) =>
        Assert.That(
            () => TrtBuilder.Build(TestEngines.Onnx("tiny-center"), _engine, new TrtBuildOptions { OptimizationLevel = level, WorkspaceBytes = workspace }),
            Throws.InstanceOf<ArgumentException>().With.Message.Contains(words));

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
