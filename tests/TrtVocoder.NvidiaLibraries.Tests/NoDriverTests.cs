using System.Buffers.Binary;
using TrtVocoder.Bindings;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.NvidiaLibraries.Tests;

/// <summary>
/// What users without an NVIDIA driver meet, on NVIDIA's own libraries: TensorRT 10's factories crash or throw there, so every way in
/// says first that there is no driver.
/// </summary>
public class NoDriverTests : WorkFolder
{
    [SetUp]
    public void RequireNoDriver() => NvidiaLibraries.RequireNoDriver();

    [Test]
    public void TensorRT_itself_is_found_with_its_parser_and_version()
    {
        NvidiaLibraries.RequireTensorRt();
        using TensorRtLibrary library = TensorRtLibrary.Load(EngineFlavour.TensorRt, 10);
        library.LoadParser();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(library.Version.Major, Is.EqualTo(10));
            Assert.That(library.DisplayName, Does.StartWith("TensorRT 10."));
            Assert.That(Path.GetFileName(library.Path), Does.StartWith("libnvinfer.so.10"));
            Assert.That(Path.GetFileName(library.ParserPath), Does.StartWith("libnvonnxparser.so.10"));
        }
    }

    [Test]
    public void TensorRT_starts_no_runtime()
    {
        NvidiaLibraries.RequireTensorRt();
        using TensorRtLibrary library = TensorRtLibrary.Load(EngineFlavour.TensorRt, 10);
        SaysNoDriver(() => TrtRuntime.Create(library));
    }

    [TestCase(null)]
    [TestCase(EngineFlavour.TensorRt)]
    public void TensorRT_builds_nothing_and_nothing_else_is_taken_instead(EngineFlavour? runtime)
    {
        NvidiaLibraries.RequireTensorRt();
        string onnx = Export();
        SaysNoDriver(() => TrtBuilder.Build(onnx, Engine, new TrtBuildOptions { Runtime = runtime, TimingCachePath = PathOf("timings.cache") }));
        Assert.That(GetFiles(), Is.EqualTo(new[] { "x.onnx" }));
    }

    [Test]
    public void An_engine_of_TensorRT_is_not_loaded()
    {
        NvidiaLibraries.RequireTensorRt();
        using TensorRtLibrary library = TensorRtLibrary.Load(EngineFlavour.TensorRt, 10);
        Write("x.engine", Plan("ftrt"u8, library.Version));
        NotLoaded();
    }

    [Test]
    public void Many_threads_at_once_meet_the_same_sentence()
    {
        NvidiaLibraries.RequireTensorRt();
        using TensorRtLibrary library = TensorRtLibrary.Load(EngineFlavour.TensorRt, 10);
        Write("x.engine", Plan("ftrt"u8, library.Version));
        string[] messages = new string[8];
        Parallel.For(0, messages.Length, i => messages[i] = Assert.Throws<NativeLibraryException>(() => Vocoder.Load(Engine))!.Message);
        Assert.That(messages.Distinct().ToArray(), Has.Length.EqualTo(1));
    }

    [Test]
    public void TensorRT_RTX_starts_no_runtime()
    {
        NvidiaLibraries.RequireRtx();
        using TensorRtLibrary library = TensorRtLibrary.Load(EngineFlavour.TensorRtRtx);
        SaysNoDriver(() => TrtRuntime.Create(library));
    }

    [Test]
    public void An_engine_of_TensorRT_RTX_is_not_loaded_with_or_without_its_sidecar()
    {
        NvidiaLibraries.RequireRtx();
        TrtBuilder.Build(Export(), Engine, new TrtBuildOptions { Runtime = EngineFlavour.TensorRtRtx });
        NotLoaded();
        File.Delete(EngineSidecar.PathFor(Engine));
        NotLoaded();
    }

    [Test]
    public void A_truncated_engine_is_said_to_be_truncated_first()
    {
        NvidiaLibraries.RequireRtx();
        TrtBuilder.Build(Export(), Engine, new TrtBuildOptions { Runtime = EngineFlavour.TensorRtRtx });
        byte[] plan = File.ReadAllBytes(Engine);
        File.Delete(EngineSidecar.PathFor(Engine));
        Write("x.engine", plan.AsSpan(0, plan.Length / 2));
        Assert.That(
            NvidiaLibraries.Sentence<DataFormatException>(() => Vocoder.Load(Engine)).Message,
            Does.StartWith(Engine).And.Contain($"truncated, {plan.Length / 2} of {plan.Length} bytes"));
    }

    private void NotLoaded()
    {
        SaysNoDriver(() => Vocoder.Load(Engine));
        SaysNoDriver(() => TrtDecoderModel.Load(Engine));
    }

    private static void SaysNoDriver(Action action)
    {
        NativeLibraryException failure = NvidiaLibraries.Sentence<NativeLibraryException>(action);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Library, Is.EqualTo(LibraryLoader.Cuda.DisplayName));
            Assert.That(failure.Message, Does.Contain("driver").And.Contain(LibraryLoader.Cuda.InstallHint));
            Assert.That(failure.PathsTried.Select(Path.GetFileName), Does.Contain("libcuda.so.1"));
        }
    }

    // A file that passes for an engine as far as its header goes.
    private static byte[] Plan(ReadOnlySpan<byte> magic, Version version)
    {
        byte[] plan = new byte[256];
        magic.CopyTo(plan);
        BinaryPrimitives.WriteInt32LittleEndian(plan.AsSpan(8), 2);
        BinaryPrimitives.WriteInt64LittleEndian(plan.AsSpan(16), plan.Length);
        ReadOnlySpan<byte> numbers = [(byte)version.Major, (byte)version.Minor, (byte)version.Build, (byte)version.Revision];
        numbers.CopyTo(plan.AsSpan(24));
        return plan;
    }
}
