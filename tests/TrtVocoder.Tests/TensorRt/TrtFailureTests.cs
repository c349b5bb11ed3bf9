using System.Buffers.Binary;
using TrtVocoder.Cuda;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>Whatever fails in loading and decoding is an exception of this library's, with a sentence, and leaves nothing alive.</summary>
public class TrtFailureTests : SimulatedGpu
{
    private static readonly string[] CudaCalls =
    [
        "cuInit", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute", "cuDeviceTotalMem_v2", "cuDevicePrimaryCtxRetain",
        "cuCtxPushCurrent_v2", "cuStreamCreate", "cuMemAlloc_v2", "cuMemHostAlloc", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuStreamSynchronize",
    ];

    private static readonly string[] TensorRtCalls =
    [
        "createInferRuntime_INTERNAL", "IRuntime::deserializeCudaEngine", "ICudaEngine::createExecutionContext",
        "IExecutionContext::setOptimizationProfileAsync", "IExecutionContext::setInputShape", "IExecutionContext::setTensorAddress",
        "IExecutionContext::enqueueV3",
    ];

    private static IEnumerable<TestCaseData> Faults =>
        CudaCalls.Select(function => new TestCaseData(function, "2"))
            .Append(new TestCaseData("kernel", "700"))
            .Concat(TensorRtCalls.SelectMany(function => new[] { new TestCaseData(function, "null"), new TestCaseData(function, "throw") }));

    [TestCaseSource(nameof(Faults))]
    public void A_failure_of_any_call_is_a_sentence_and_leaks_nothing(string function, string action)
    {
        string engine = TestEngines.SmallestEngine();
        Simulator.Reset();
        LoadAndDecode(engine);
        long calls = Simulator.Calls(function);
        Assert.That(calls, Is.Positive, $"{function} is never called");
        string before = Simulator.Live;
        int failures = 0;
        for (long call = 1; call <= calls; call++)
        {
            Simulator.Reset();
            Simulator.Fault($"{function}@{call}={action}");
            try
            {
                LoadAndDecode(engine);
            }
            catch (TrtVocoderException failure)
            {
                failures++;
                Assert.That(failure.Message, Has.Length.GreaterThan(20).And.EndsWith("."), $"call {call}");
            }
            AssertNothingNew(before, $"call {call} of {calls}");
        }
        // Calls during disposal fail silently.
        Assert.That(failures, Is.Positive);
    }

    private static IEnumerable<TestCaseData> WindowFaults =>
        // Samples are written to the host by the kernel, not copied.
        CudaCalls.Except(["cuInit", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute", "cuDeviceTotalMem_v2", "cuMemcpyDtoHAsync_v2"])
            .Concat(["cuMemHostGetDevicePointer_v2", "cuEventCreate", "cuEventRecord", "cuEventElapsedTime", "cuGraphLaunch", "cuModuleLoadData", "cuModuleGetFunction", "cuFuncSetAttribute", "cuLaunchKernel"])
            .Select(function => new TestCaseData(function, "2"))
            .Append(new TestCaseData("kernel", "700"))
            .Concat(TensorRtCalls.Except(["createInferRuntime_INTERNAL", "IRuntime::deserializeCudaEngine"])
                .Concat(["IExecutionContext::setDeviceMemoryV2", "IExecutionContext::reportToProfiler"])
                .SelectMany(function => new[] { new TestCaseData(function, "null"), new TestCaseData(function, "throw") }));

    [TestCaseSource(nameof(WindowFaults))]
    public void A_failure_of_any_call_of_profiled_captured_windows_is_a_sentence_and_leaks_nothing(string function, string action)
    {
        string engine = TestEngines.SmallestEngine();
        Simulator.Reset();
        Speak(engine);
        long calls = Simulator.Calls(function);
        Assert.That(calls, Is.Positive, $"{function} is never called");
        string before = Simulator.Live;
        int failures = 0;
        for (long call = 1; call <= calls; call += 1 + (calls / 40))
        {
            Simulator.Reset();
            Simulator.Fault($"{function}@{call}={action}");
            try
            {
                Speak(engine);
            }
            catch (TrtVocoderException failure)
            {
                failures++;
                Assert.That(failure.Message, Has.Length.GreaterThan(20).And.EndsWith("."), $"call {call}");
            }
            AssertNothingNew(before, $"call {call} of {calls}");
        }
        Assert.That(failures, Is.Positive);
    }

    private static void Speak(string engine)
    {
        using Vocoder vocoder = new(TrtDecoderModel.Load(engine), new VocoderOptions { Windows = WindowPolicy.Of(24, 40), InverseStftThreads = 1 });
        using VocoderSession session = vocoder.CreateSession(new DecodeProfiler(collectsLayers: true));
        float[] audio = new float[vocoder.GetSampleCount(90)];
        session.WarmUp();
        foreach (int frames in (int[])[90, 30, 10, 10])
            session.Decode(new float[TestEngines.SmallestConfig.MelCount * frames], frames, audio);
    }

    [Test]
    public void An_enqueue_that_TensorRT_refuses_in_a_lost_context_tells_of_the_loss()
    {
        using TrtRuntime runtime = TrtRuntime.Create(TensorRtLibrary.Load());
        using TrtEngine engine = runtime.Load(TestEngines.Engine());
        using CudaStream stream = CudaStream.Create(runtime.Context);
        using TrtExecutionContext context = engine.CreateContext(0, stream);
        using DeviceBuffer<byte> memory = new(runtime.Context, 1 << 20);
        foreach (TrtTensor tensor in engine.Tensors)
        {
            if (tensor.IsInput)
                context.SetInputShape(tensor, 1, 100, 3);
            context.SetAddress(tensor, memory.Address);
        }
        Simulator.Fault("kernel@1=700");
        context.Enqueue(stream);
        stream.Drain();

        Assert.That(
            () => context.Enqueue(stream),
            Throws.TypeOf<CudaException>().With.Property(nameof(CudaException.Kind)).EqualTo(FailureKind.ContextLost)
                .And.Message.Contains("running it").And.Message.Contains("the CUDA context of this process is lost"));
        Simulator.Reset();
    }

    [Test]
    public void A_decoder_works_again_after_a_failed_run()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(TestEngines.Engine());
        using TrtDecoder decoder = model.CreateDecoder();
        foreach (string fault in (string[])["IExecutionContext::enqueueV3@1=null", "cuMemcpyHtoDAsync_v2@1=1", "cuMemcpyDtoHAsync_v2@2=1", "IExecutionContext::setInputShape@1=null", "IExecutionContext::setTensorAddress@1=null", "cuMemAlloc_v2@1=2"])
        {
            Simulator.Reset();
            Simulator.Fault(fault);
            int frames = 3;
            try
            {
                // A new shape, so that the calls of Prepare are made too.
                decoder.BeginInput(1, 40).Clear();
                decoder.Run();
                decoder.BeginInput(2, 64).Clear();
                decoder.Run();
            }
            catch (TrtVocoderException)
            {
            }
            decoder.BeginInput(1, frames).Clear();
            Assert.That(decoder.Run().GetSpectrum(0).FrameCount, Is.EqualTo(frames), fault);
        }
    }

    [Test]
    public void Driver_without_a_GPU_says_so()
    {
        string engine = TestEngines.Engine();
        Simulator.Set("devices", "0");
        Assert.That(() => TrtDecoderModel.Load(engine), Throws.TypeOf<CudaException>().With.Message.Contains("no GPU"));
    }

    [Test]
    public void Another_TensorRT_version_is_named_with_how_to_rebuild()
    {
        string engine = TestEngines.Engine();
        Simulator.Set("version", "10.6.0.26");
        Assert.That(
            () => TrtDecoderModel.Load(engine),
            Throws.TypeOf<TensorRtException>().With.Message.Contains("built by TensorRT 10.3.0.26, and this machine has TensorRT 10.6.0.26").And.Message.Contains("build it again here")
                .And.Property(nameof(TrtVocoderException.Kind)).EqualTo(FailureKind.EngineOfOtherLibrary));
    }

    [Test]
    public void Another_GPU_is_named_with_how_to_rebuild()
    {
        string engine = TestEngines.Engine();
        Simulator.Set("compute_capability", "8.7");
        Assert.That(
            () => TrtDecoderModel.Load(engine),
            Throws.TypeOf<TensorRtException>().With.Message.Contains("another GPU, of compute capability 8.9; this machine has Simulated GPU (compute capability 8.7").And.Message.Contains("build it again here")
                .And.Property(nameof(TrtVocoderException.Kind)).EqualTo(FailureKind.EngineOfOtherGpu));
    }

    [Test]
    public void A_truncated_engine_says_how_much_is_missing()
    {
        string engine = TestEngines.Copy(TestEngines.Engine(), withSidecar: false);
        byte[] plan = File.ReadAllBytes(engine);
        File.WriteAllBytes(engine, plan[..(plan.Length / 2)]);
        Assert.That(() => TrtDecoderModel.Load(engine), Throws.TypeOf<DataFormatException>().With.Message.Contains($"truncated, {plan.Length / 2} of {plan.Length} bytes"));
    }

    [Test]
    public void A_damaged_engine_is_refused()
    {
        string engine = TestEngines.Copy(TestEngines.Engine(), withSidecar: false);
        byte[] plan = File.ReadAllBytes(engine);
        plan.AsSpan(EnginePlanHeader.Length, 200).Fill(0xFF);
        File.WriteAllBytes(engine, plan);
        Assert.That(() => TrtDecoderModel.Load(engine), Throws.TypeOf<TensorRtException>().With.Message.Contains("refuses this engine"));
    }

    [Test]
    public void An_RTX_engine_without_TensorRT_RTX_names_what_is_needed_and_every_path()
    {
        string engine = RtxEngine();
        NativeLibraryException? failure = Assert.Throws<NativeLibraryException>(() => TrtDecoderModel.Load(engine, new TrtDecoderOptions { LibraryFolder = "/nowhere" }));
        Assert.That(failure!.Message, Does.Contain("built by TensorRT-RTX 1.7.1.116").And.Contain("/nowhere/libtensorrt_rtx.so.1").And.Contain("TRTV_TENSORRT_RTX_DIR"));
        Assert.That(failure.PathsTried, Is.EqualTo(new[] { "/nowhere/libtensorrt_rtx.so.1" }));
    }

    [Test]
    public void An_RTX_engine_on_TensorRT_says_which_is_which()
    {
        string engine = RtxEngine();
        Assert.That(
            () => TrtDecoderModel.Load(engine, new TrtDecoderOptions { Runtime = EngineFlavour.TensorRt }),
            Throws.TypeOf<TensorRtException>().With.Message.Contains("built by TensorRT-RTX 1.7.1.116 and cannot be loaded by TensorRT 10.3.0.26").And.Property(nameof(TrtVocoderException.Kind)).EqualTo(FailureKind.EngineOfOtherLibrary));
    }

    [TestCase(EngineFlavour.TensorRtRtx, "vtrt", "got compute 8.6", "another GPU, of compute capability 8.6")]
    [TestCase(EngineFlavour.TensorRtRtx, "ftrt", "", "built by TensorRT 1.2.3.4 and cannot be loaded by LIB")]
    [TestCase(EngineFlavour.TensorRtRtx, "vtrt", "The engine cannot run on this GPU, which has compute capability 9.0", "cannot run on this machine's GPU, GPU (")]
    [TestCase(EngineFlavour.TensorRtRtx, "vtrt", "The engine cannot run on this GPU, which has compute capability 9.0. TensorRT-RTX does not support this compute capability.", "LIB runs no engines on this machine's GPU, GPU (")]
    [TestCase(EngineFlavour.TensorRtRtx, "vtrt", "strange", "the file is damaged (strange)")]
    public void Refusals_are_told_apart(EngineFlavour flavour, string magic, string words, string expected)
    {
        EnginePlanHeader header = EnginePlanHeader.TryParse(Header(magic, 1, 2, 3, 4))!;
        Assert.That(EngineRefusal.Describe(flavour, new Version(1, 2, 3, 4), "LIB", "GPU", header, "x.engine", words).Message, Does.StartWith("x.engine: ").And.Contain(expected));
    }

    [TestCase("8.6", true)]
    [TestCase("8.7", false)]
    [TestCase("9.0", false)]
    [TestCase("10.0", false)]
    [TestCase("12.0", true)]
    public void TensorRT_RTX_runs_on_no_GPU_of_a_data_centre_or_a_Jetson(string computeCapability, bool runs)
    {
        Assert.That(TensorRtFamily.Rtx.RunsOn(Version.Parse(computeCapability)), Is.EqualTo(runs));
        Assert.That(TensorRtFamily.TensorRt10.RunsOn(Version.Parse(computeCapability)), Is.True);
    }

    [Test]
    public void A_missing_TensorRT_lists_every_path()
    {
        NativeLibraryException? failure = Assert.Throws<NativeLibraryException>(() => TensorRtLibrary.Load(folder: "/nowhere"));
        Assert.That(failure!.PathsTried, Is.EqualTo(new[] { "/nowhere/libnvinfer.so.10", "/nowhere/libnvinfer.so.11", "/nowhere/libtensorrt_rtx.so.1" }));
        Assert.That(failure.Message, Does.Contain("/nowhere/libnvinfer.so.10").And.Contain("TRTV_TENSORRT_DIR"));
    }

    [Test]
    public void A_profile_that_is_not_there_says_how_many_there_are() =>
        Assert.That(
            () => TrtDecoderModel.Load(TestEngines.Engine(), new TrtDecoderOptions { Profile = 1 }),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("no profile 1; it has 1"));

    [Test]
    public void A_sidecar_that_contradicts_the_engine_is_refused()
    {
        string engine = TestEngines.Copy(TestEngines.Engine(), withSidecar: true);
        string sidecar = EngineSidecar.PathFor(engine);
        string json = File.ReadAllText(sidecar);
        string fft = json.Split('\n').First(line => line.Contains("n_fft", StringComparison.Ordinal));
        File.WriteAllText(sidecar, json.Replace(fft, "    \"trtvocoder.n_fft\": \"2048\",", StringComparison.Ordinal));
        Assert.That(() => TrtDecoderModel.Load(engine), Throws.TypeOf<DataFormatException>().With.Message.Contains("metadata say"));
    }

    private static void LoadAndDecode(string engine)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder first = model.CreateDecoder();
        using TrtDecoder second = model.CreateDecoder();
        foreach (int frames in (int[])[3, 3, 30])
        {
            second.BeginInput(1, frames).Clear();
            second.Run();
        }
    }

    private static string RtxEngine()
    {
        string engine = TestEngines.Copy(TestEngines.Engine(), withSidecar: false);
        byte[] plan = File.ReadAllBytes(engine);
        Header("vtrt", 1, 7, 1, 116).AsSpan(0, 4).CopyTo(plan);
        ((byte[])[1, 7, 1, 116]).CopyTo(plan, 24);
        File.WriteAllBytes(engine, plan);
        return engine;
    }

    private static byte[] Header(string magic, params byte[] version)
    {
        byte[] header = new byte[EnginePlanHeader.Length];
        System.Text.Encoding.ASCII.GetBytes(magic, header);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), 28);
        version.CopyTo(header, 24);
        return header;
    }
}
