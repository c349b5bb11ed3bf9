using System.Security.Cryptography;
using System.Text;
using TrtVocoder.Decoding;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Tests.Onnx;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;

namespace TrtVocoder.NvidiaLibraries.Tests;

/// <summary>NVIDIA's own parser and builder, TensorRT-RTX on the CPU, take whatever the exporter writes.</summary>
public class RtxBuildTests : WorkFolder
{
    private static readonly TrtBuildOptions Options = new() { Runtime = EngineFlavour.TensorRtRtx, Profile = new(1, 2, 4, 1, 256, 512) };

    // The padding shows in the inverse STFT alone, so only in waveform models.
    private static IEnumerable<TestCaseData> Models =>
        from model in new[] { "tiny-center", "tiny-same" }
        from options in OnnxVariants.All.Concat(OnnxVariants.Streaming)
        where model == "tiny-center" || options.Signal == OutputKind.Waveform
        select new TestCaseData(model, options).SetArgDisplayNames($"{model}.{OnnxVariants.Name(options)}");

    /// <summary>
    /// Quarter, half and full size, with mels that fill a multiple of 8 and mels that do not. Every size and number of mels in every form takes long
    /// ('./build.sh forms', TRTV_ALL_FORMS=1); by itself each form, each size and each number of mels comes up, in turn.
    /// </summary>
    private static IEnumerable<TestCaseData> Sizes
    {
        get
        {
            bool all = Environment.GetEnvironmentVariable("TRTV_ALL_FORMS") == "1";
            (int Dim, int Inner, int Layers)[] sizes = [(64, 192, 2), (256, 768, 8), (512, 1536, 8)];
            int[] mels = [80, 100, 128];
            OnnxExportOptions[] forms = [.. OnnxVariants.All, .. OnnxVariants.Streaming];
            return
                from form in Enumerable.Range(0, forms.Length)
                from size in Enumerable.Range(0, sizes.Length)
                from mel in Enumerable.Range(0, mels.Length)
                where all || (size == form % 3 && mel == (form + (form / 3)) % 3)
                let config = RandomCheckpoint.FullSize with { Dim = sizes[size].Dim, IntermediateDim = sizes[size].Inner, LayerCount = sizes[size].Layers, MelCount = mels[mel] }
                select new TestCaseData(config, forms[form]).SetArgDisplayNames($"{config.Dim}/{config.IntermediateDim}/{config.LayerCount}", $"{config.MelCount} mels", OnnxVariants.Name(forms[form]));
        }
    }

    [SetUp]
    public void RequireRtx() => NvidiaLibraries.RequireRtx();

    [TestCaseSource(nameof(Models))]
    public void Every_form_of_a_model_is_parsed_and_built(string model, OnnxExportOptions options) => Build(OnnxVariants.Tiny(model), options);

    [TestCaseSource(nameof(Sizes))]
    public void Forms_of_every_size_are_built(VocosConfig config, OnnxExportOptions options) => Build(RandomCheckpoint.Create(config), options);

    [Test]
    public void The_demo_model_is_built() => Build(VocosCheckpoint.Load(TestPaths.Models("vocos-demo")), new OnnxExportOptions());

    [Test]
    public void A_model_without_our_metadata_is_built_and_its_sidecar_has_none()
    {
        byte[] model = File.ReadAllBytes(Export());
        // Our keys start with "trtvocoder."; the field stays a well-formed one.
        Replace(model, "trtvocoder."u8, "somebodys.."u8);
        Assert.That(TrtBuilder.Build(Write("x.onnx", model), Engine, Options).Sidecar.Metadata, Is.Empty);
    }

    [Test]
    public void Settings_that_TensorRT_RTX_has_are_taken()
    {
        TrtBuilder.Build(Export(), Engine, Options);
        byte[] plain = File.ReadAllBytes(Engine);
        TrtBuildResult result = TrtBuilder.Build(
            Export(), Engine, Options with { WorkspaceBytes = 64 << 20, Tf32 = false, OptimizationLevel = 1, DetailedLayers = true, HardwareCompatible = true });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Sidecar.Settings["workspace_bytes"], Is.EqualTo("67108864"));
            Assert.That(File.ReadAllBytes(Engine), Is.Not.EqualTo(plain), "the settings change nothing");
        }
    }

    [Test]
    public void The_outermost_phases_are_reported_from_first_step_to_last()
    {
        List<TrtBuildProgress> heard = [];
        TrtBuilder.Build(Export(), Engine, Options, new Listener(heard));
        TestContext.Out.WriteLine($"{heard.Count} reports, of {string.Join(", ", heard.Select(report => report.Phase).Distinct().Take(9))}");
        List<TrtBuildProgress> outermost = [.. heard.Where(report => report.Parent is null)];
        Assert.That(outermost, Is.Not.Empty);
        HashSet<string> phases = [.. outermost.Select(report => report.Phase)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(heard.Where(report => report.Parent is { } parent && !phases.Contains(parent)), Is.Empty, "phases further in");
            Assert.That(heard.Where(report => report.Step < 0 || report.Step > report.StepCount), Is.Empty, "steps out of range");
            foreach (string phase in phases)
            {
                Assert.That(outermost.First(report => report.Phase == phase).Step, Is.Zero, phase);
                Assert.That(outermost.Where(report => report.Phase == phase).Select(report => report.Step), Is.Ordered, phase);
                Assert.That(outermost.Last(report => report.Phase == phase), Has.Property("Step").EqualTo(outermost.Last(report => report.Phase == phase).StepCount), phase);
            }
        }
    }

    [TestCase(1)]
    [TestCase(20)]
    public void A_cancelled_build_leaves_nothing_and_the_next_one_runs(int reports)
    {
        string onnx = Export();
        using CancellationTokenSource cancel = new();
        List<TrtBuildProgress> heard = [];
        Listener listener = new(heard, () =>
        {
            if (heard.Count >= reports)
                cancel.Cancel();
        });
        string timings = PathOf("timings.cache");
        Assert.That(
            () => TrtBuilder.Build(onnx, Engine, Options with { TimingCachePath = timings }, listener, cancel.Token),
            CancelledByTheBuilder);
        Assert.That(GetFiles(), Is.EqualTo(new[] { "x.onnx" }));
        TrtBuilder.Build(onnx, Engine, Options);
        Assert.That(EnginePlanHeader.Read(Engine).Flavour, Is.EqualTo(EngineFlavour.TensorRtRtx));
    }

    [Test]
    public void Cancelling_from_another_thread_ends_a_build()
    {
        string onnx = Export(RandomCheckpoint.Create(RandomCheckpoint.FullSize));
        using CancellationTokenSource cancel = new();
        List<TrtBuildProgress> heard = [];
        Listener listener = new(heard, () =>
        {
            if (heard.Count == 1)
                cancel.CancelAfter(1);
        });
        Assert.That(() => TrtBuilder.Build(onnx, Engine, Options, listener, cancel.Token), CancelledByTheBuilder);
        Assert.That(GetFiles(), Is.EqualTo(new[] { "x.onnx" }));
    }

    [Test]
    public void What_a_progress_handler_throws_ends_the_build_and_reaches_the_caller()
    {
        Assert.That(
            () => TrtBuilder.Build(Export(), Engine, Options, new Listener([], () => throw new InvalidOperationException("mine"))),
            Throws.InvalidOperationException.With.Message.EqualTo("mine"));
        Assert.That(GetFiles(), Is.EqualTo(new[] { "x.onnx" }));
    }

    [Test]
    public void A_timing_cache_is_written_and_begins_the_next_build()
    {
        string timings = PathOf("timings.cache");
        string onnx = Export();
        TrtBuilder.Build(onnx, Engine, Options with { TimingCachePath = timings });
        byte[] first = File.ReadAllBytes(timings);
        Assert.That(first, Is.Not.Empty);
        TrtBuilder.Build(onnx, PathOf("y.engine"), Options with { TimingCachePath = timings });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(File.ReadAllBytes(timings), Has.Length.GreaterThanOrEqualTo(first.Length));
            Assert.That(GetFiles(), Is.EqualTo(new[] { "timings.cache", "x.engine", "x.engine.json", "x.onnx", "y.engine", "y.engine.json" }));
        }
    }

    [Test]
    public void A_spoiled_timing_cache_does_not_stop_a_build()
    {
        string timings = Write("timings.cache", "not a timing cache"u8);
        TrtBuilder.Build(Export(), Engine, Options with { TimingCachePath = timings });
        Assert.That(File.ReadAllBytes(timings).AsSpan().IndexOf("not a timing cache"u8), Is.Negative);
    }

    // Not by a look at the token after a build that ran to its end, which speaks the framework's own words.
    private static NUnit.Framework.Constraints.IResolveConstraint CancelledByTheBuilder =>
        Throws.InstanceOf<OperationCanceledException>().With.Message.EqualTo("The build was cancelled.");

    // Builds, and compares everything that can be read back without a GPU.
    private void Build(VocosCheckpoint checkpoint, OnnxExportOptions options)
    {
        string onnx = Export(checkpoint, options);
        TrtBuildResult result = TrtBuilder.Build(onnx, Engine, Options);
        byte[] plan = File.ReadAllBytes(Engine);
        EnginePlanHeader header = EnginePlanHeader.Read(Engine);
        using TensorRtLibrary library = TensorRtLibrary.Load(EngineFlavour.TensorRtRtx);
        TestContext.Out.WriteLine($"{header.Maker}: {new FileInfo(onnx).Length} bytes of ONNX, {plan.Length} bytes of engine, {result.Duration.TotalSeconds:F2} s");
        EngineSidecar sidecar = EngineSidecar.TryRead(Engine)!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(header, Is.EqualTo(new EnginePlanHeader { Flavour = EngineFlavour.TensorRtRtx, Version = library.Version, PlanBytes = plan.Length }));
            Assert.That(result.EngineBytes, Is.EqualTo(plan.Length));
            Assert.That(result.Builder, Is.EqualTo($"TensorRT-RTX {library.Version}").And.EqualTo(library.DisplayName));
            foreach (string tensor in options.Signal == OutputKind.Waveform ? new[] { "mel", "audio" } : ["mel", "real", "imag"])
                Assert.That(plan.AsSpan().IndexOf(Named(tensor)), Is.Positive, $"the engine names no tensor '{tensor}'");
            // State is of one item.
            TrtOptimizationProfile profile = options.Streaming ? Options.Profile with { OptBatch = 1, MaxBatch = 1 } : Options.Profile;
            foreach ((int batch, int frames) in new[] { (profile.MinBatch, profile.MinFrames), (profile.OptBatch, profile.OptFrames), (profile.MaxBatch, profile.MaxFrames) })
                Assert.That(plan.AsSpan().IndexOf(Shape(batch, checkpoint.Config.MelCount, frames)), Is.Positive, $"the engine holds no profile with {batch} x {frames}");

            Assert.That((sidecar.Runtime, sidecar.RuntimeVersion, sidecar.Gpu, sidecar.EngineBytes), Is.EqualTo(("TensorRT-RTX", library.Version.ToString(), "", (long)plan.Length)));
            Assert.That(sidecar.Profiles, Is.EqualTo(new[] { profile }));
            Assert.That(sidecar.Settings["strongly_typed"], Is.EqualTo("true"));
            Assert.That(sidecar.GetMetadata(Engine), Is.EqualTo(OnnxExporter.GetMetadata(checkpoint, options)));
            Assert.That((sidecar.Onnx, sidecar.OnnxSha256), Is.EqualTo(("x.onnx", Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(onnx))))));
            Assert.That(GetFiles(), Is.EqualTo(new[] { "x.engine", "x.engine.json", "x.onnx" }));
        }
    }

    // How the plans of TensorRT-RTX 1.7 hold names and shapes; as with the header, NVIDIA documents neither.
    private static byte[] Named(string tensor) => [.. BitConverter.GetBytes((long)tensor.Length), .. Encoding.ASCII.GetBytes(tensor)];

    private static byte[] Shape(params long[] sizes) => [.. sizes.SelectMany(BitConverter.GetBytes)];

    private static void Replace(Span<byte> text, ReadOnlySpan<byte> old, ReadOnlySpan<byte> with)
    {
        for (int at = text.IndexOf(old); at >= 0; at = text.IndexOf(old))
            with.CopyTo(text[at..]);
    }

    private sealed class Listener(List<TrtBuildProgress> heard, Action? then = null) : IProgress<TrtBuildProgress>
    {
        public void Report(TrtBuildProgress value)
        {
            lock (heard)
            {
                heard.Add(value);
                then?.Invoke();
            }
        }
    }
}
