using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary>
/// The base of tests that run the program on the simulated GPU and TensorRT (tests/simulator), and an engine built once for all. What the
/// double computes takes a hundred times what a GPU takes: so the model is a small one, with the demo's mel and samples.
/// </summary>
public abstract class EngineFixture : CliFixture
{
    private static readonly Lazy<string> SmallModel = new(() => ExportModel(Checkpoint));
    private static readonly Lazy<string> SmallEngine = new(() => Build("tiny-center", "256"));

    /// <summary>The native build's folder: build/native, or what TRTV_TEST_NATIVE_DIR names.</summary>
    private static string NativeFolder { get; } = Environment.GetEnvironmentVariable("TRTV_TEST_NATIVE_DIR") ?? Path.Combine(TestPaths.Root, "build", "native");

    protected static string SimulatorFolder { get; } = Path.Combine(NativeFolder, "simulator");

    /// <summary>The small checkpoint, in the demo's place.</summary>
    protected static new string Checkpoint => TestPaths.Data("golden", "tiny-center");

    /// <summary>It as an .onnx file.</summary>
    protected static new string Model => SmallModel.Value;

    /// <summary>It as an engine of the simulated TensorRT 10.3, with its sidecar.</summary>
    protected static string Engine => SmallEngine.Value;

    [OneTimeSetUp]
    public void RequireSimulator()
    {
        string[] needed = [Path.Combine(NativeFolder, "libtrtvocoder10.so"), Path.Combine(SimulatorFolder, "libcuda.so.1"), Path.Combine(SimulatorFolder, "libnvinfer.so.10")];
        if (Array.Find(needed, file => !File.Exists(file)) is { } missing)
            Needed.Missing($"{missing} is missing: run './build.sh native'.", Assert.Ignore);
    }

    /// <summary>Runs the program on the simulated GPU.</summary>
    internal CliRun RunSimulated(params string[] arguments) => RunSimulated([], arguments);

    /// <summary>Runs the program on the simulated GPU with more, or other, environment variables.</summary>
    internal CliRun RunSimulated((string Name, string Value)[] environment, params string[] arguments) =>
        CliRun.Run(Folder, null, [.. Simulated, .. environment], arguments);

    /// <summary>What points the program to the simulator, and to nothing else of NVIDIA's.</summary>
    internal static (string Name, string Value)[] Simulated =>
        [("TRTV_SHIM_DIR", NativeFolder), ("TRTV_CUDA_DIR", SimulatorFolder), ("TRTV_TENSORRT_DIR", SimulatorFolder), ("TRTV_TENSORRT_RTX_DIR", "/nonexistent")];

    /// <summary>A copy of the engine in this test's folder.</summary>
    protected string CopyEngine(string name, bool withSidecar = true, Action<byte[]>? change = null)
    {
        byte[] plan = File.ReadAllBytes(Engine);
        change?.Invoke(plan);
        File.WriteAllBytes(At(name), plan);
        if (withSidecar)
            File.Copy(Engine + ".json", At(name + ".json"));
        return name;
    }

    /// <summary>Builds an engine of the model beside the tests.</summary>
    protected static string Build(string name, string maxFrames)
    {
        string path = Path.Combine(AppContext.BaseDirectory, name + ".engine");
        CliRun.Run(
            AppContext.BaseDirectory, null, Simulated, "build", Model, "--output", path, "--max", maxFrames, "--profiling-verbosity", "detailed", "--force").Succeeds();
        return path;
    }
}
