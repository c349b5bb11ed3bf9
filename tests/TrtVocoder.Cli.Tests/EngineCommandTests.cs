using System.Security.Cryptography;
using System.Text.Json;
using TrtVocoder.Dsp;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary>The engine path of the command line, on the simulated TensorRT, and on TensorRT-RTX where it is at hand.</summary>
public class EngineCommandTests : EngineFixture
{
    private JsonElement Sidecar(string engine) => JsonDocument.Parse(File.ReadAllBytes(At(engine + ".json"))).RootElement;

    [Test]
    public void Build_writes_the_engine_its_sidecar_and_the_layer_timings()
    {
        JsonElement json = RunSimulated("build", Model, "--output", "x.engine", "--opt", "32", "--max", "4x64", "--json").Succeeds().Json;
        Assert.That(Files, Is.EqualTo((string[])["x.engine", "x.engine.json", "x.engine.timing"]));
        Assert.That(json.GetProperty("builder").GetString(), Is.EqualTo("TensorRT 10.3.0.26"));
        Assert.That(json.GetProperty("bytes").GetInt64(), Is.EqualTo(new FileInfo(At("x.engine")).Length));
        JsonElement sidecar = Sidecar("x.engine");
        Assert.That(sidecar.GetProperty("runtime_version").GetString(), Is.EqualTo("10.3.0.26"));
        Assert.That(sidecar.GetProperty("gpu").GetString(), Is.EqualTo("Simulated GPU"));
        Assert.That(sidecar.GetProperty("onnx_sha256").GetString(), Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Model)))));
        JsonElement profile = sidecar.GetProperty("profiles")[0];
        Assert.That(((string[])["min_batch", "max_batch", "min_frames", "opt_frames", "max_frames"]).Select(name => profile.GetProperty(name).GetInt32()), Is.EqualTo((int[])[1, 4, 1, 32, 64]));
    }

    [Test]
    public void Build_understands_trtexec()
    {
        RunSimulated(
            "build", Model, "--saveEngine=x.engine", "--minShapes=mel:1x100x2", "--optShapes=mel:1x100x32", "--maxShapes=mel:2x100x64", "--fp16", "--noTF32",
            "--memPoolSize=workspace:256M", "--builderOptimizationLevel=2", "--hardwareCompatibilityLevel=ampere+", "--profilingVerbosity=detailed", "--noBuilderCache").Succeeds();
        Assert.That(Files, Is.EqualTo((string[])["x.engine", "x.engine.json"]));
        JsonElement settings = Sidecar("x.engine").GetProperty("settings");
        (string, string)[] expected =
        [
            ("strongly_typed", "false"), ("fp16", "true"), ("tf32", "false"), ("hardware_compatible", "true"), ("workspace_bytes", "268435456"), ("optimization_level", "2"),
        ];
        foreach ((string name, string value) in expected)
            Assert.That(settings.GetProperty(name).GetString(), Is.EqualTo(value), name);
        Assert.That(Sidecar("x.engine").GetProperty("profiles")[0].GetProperty("min_frames").GetInt32(), Is.EqualTo(2));
    }

    [Test]
    public void Build_exports_a_checkpoint_first()
    {
        RunSimulated("build", Checkpoint, "--output", "x.engine", "--precision", "fp16", "--max", "64").Succeeds();
        JsonElement info = RunSimulated("info", "x.engine", "--json").Succeeds().Json;
        Assert.That(info.GetProperty("precision").GetString(), Is.EqualTo("fp16"));
        Assert.That(info.GetProperty("onnx").GetString(), Is.EqualTo("tiny-center.onnx"));
        Assert.That(info.GetProperty("profiles")[0].GetString(), Is.EqualTo("batch 1/1/1, frames 1/64/64"));
    }

    [Test]
    public void Info_tells_what_is_inside_where_TensorRT_is()
    {
        JsonElement info = RunSimulated("info", Engine, "--layers", "--json").Succeeds().Json;
        Assert.That(info.GetProperty("builtBy").GetString(), Is.EqualTo("TensorRT 10.3.0.26"));
        Assert.That(info.GetProperty("loadsHere").GetBoolean(), Is.True);
        Assert.That(info.GetProperty("tensors").EnumerateArray().Select(tensor => tensor.GetProperty("name").GetString()), Is.EqualTo((string[])["mel", "real", "imag"]));
        Assert.That(info.GetProperty("profileShapes")[0].GetProperty("max").EnumerateArray().Select(size => size.GetInt32()), Is.EqualTo((int[])[1, 100, 256]));
        Assert.That(info.GetProperty("layerList").GetArrayLength(), Is.EqualTo(info.GetProperty("layers").GetInt32()));
        Assert.That(info.GetProperty("melBands").GetInt32(), Is.EqualTo(100));
    }

    [Test]
    public void Info_reads_header_and_sidecar_where_TensorRT_is_not()
    {
        string engine = CopyEngine("x.engine");
        CliRun run = RunSimulated([("TRTV_TENSORRT_DIR", Folder)], "info", engine).Succeeds();
        Assert.That(run.Text, Does.Contain("TensorRT 10.3.0.26").And.Contain("Simulated GPU").And.Contain("1/256/256"));
        Assert.That(run.StandardError, Does.Contain("header and the sidecar").And.Contain(At("libnvinfer.so.10")));
    }

    [Test]
    public void An_engine_speaks_as_its_ONNX_model_does()
    {
        // Speech: a made-up mel drives the network to phases so large that their cosine loses digits. The test makes the mel, because its last
        // bits, which differ between the managed and the native program (vectors of 8 and of 4), move the result by several dB.
        WavAudio speech = WavFile.Read(TestPaths.Models("vocos-demo", "speech.wav"));
        using MelSpectrogram spectrogram = new(new StftParameters(1024, 256, StftPadding.Center), speech.SampleRate, 100, 1e-7f);
        int frames = spectrogram.GetFrameCount(speech.Samples.Length);
        float[] mel = new float[100 * frames];
        spectrogram.Compute(speech.Samples, mel);
        NpyFile.Write(At("speech.npy"), new FloatTensor([100, frames], mel), overwrite: true);
        JsonElement json = RunSimulated("compare", Model, Engine, "--input", "speech.npy", "--json").Succeeds().Json;
        Assert.That(json.GetProperty("snrDb").ValueKind == JsonValueKind.Null ? 200 : json.GetProperty("snrDb").GetDouble(), Is.GreaterThan(100));
    }

    [Test]
    public void Both_buffer_modes_and_named_outputs_give_the_same_file()
    {
        WriteMel("a.npy");
        RunSimulated("synth", "a.npy", "--model", Engine, "--output", "pinned.wav", "--buffers", "pinned", "--device", "0").Succeeds();
        RunSimulated("synth", "a.npy", "--model", Engine, "--output", "mapped.wav", "--buffers", "mapped", "--real", "real", "--imag", "imag").Succeeds();
        Assert.That(File.ReadAllBytes(At("mapped.wav")), Is.EqualTo(File.ReadAllBytes(At("pinned.wav"))));
    }

    [Test]
    public void An_engine_needs_no_ONNX_Runtime()
    {
        WriteMel("a.npy");
        string cli = CopyProgram(without: "OnnxRuntime");
        CliRun.Run(cli, Folder, null, Simulated, null, "synth", "a.npy", "--model", Engine, "--output", "x.wav").Succeeds();
        Assert.That(CliRun.Run(cli, Folder, null, Simulated, null, "synth", "a.npy", "--model", Model, "--output", "y.wav").ExitCode, Is.Not.Zero, "the ONNX model needs it");
    }

    [Test]
    public void Inputs_longer_than_the_profile_are_decoded_in_chunks()
    {
        RunSimulated("build", Model, "--output", "short.engine", "--max", "96").Succeeds();
        WriteMel("a.npy", frames: 200);
        JsonElement json = RunSimulated("compare", Engine, "short.engine", "--input", "a.npy", "--json").Succeeds().Json;
        Assert.That(json.GetProperty("snrDb").ValueKind == JsonValueKind.Null ? 200 : json.GetProperty("snrDb").GetDouble(), Is.GreaterThan(80));
    }

    [Test]
    public void Doctor_finds_driver_GPU_shims_and_TensorRT()
    {
        JsonElement json = RunSimulated("doctor", "--json").Succeeds().Json;
        Assert.That(json.GetProperty("enginesWork").GetBoolean(), Is.True);
        Dictionary<string, JsonElement> checks = json.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!);
        (string, string)[] found =
        [
            ("NVIDIA driver", Path.Combine(SimulatorFolder, "libcuda.so.1")), ("GPU 0", "Simulated GPU (compute capability 8.9"), ("shim 10", "libtrtvocoder10.so"),
            ("TensorRT 10", "10.3.0.26"), ("TensorRT 10 ONNX parser", Path.Combine(SimulatorFolder, "libnvonnxparser.so.10")),
        ];
        foreach ((string name, string words) in found)
        {
            Assert.That(checks[name].GetProperty("found").GetBoolean(), Is.True, name);
            Assert.That(checks[name].GetProperty("text").GetString(), Does.Contain(words));
        }
        Assert.That(checks["TensorRT-RTX"].GetProperty("found").GetBoolean(), Is.False);
        Assert.That(checks["TensorRT-RTX"].GetProperty("text").GetString(), Does.Contain("/nonexistent/libtensorrt_rtx.so.1"));
    }

    [Test]
    public void Doctor_is_content_without_any_GPU()
    {
        CliRun run = RunSimulated([("TRTV_CUDA_DIR", Folder), ("TRTV_TENSORRT_DIR", Folder)], "doctor").Succeeds();
        Assert.That(run.Text, Does.Contain(At("libcuda.so.1")).And.Contain(At("libnvinfer.so.10")).And.Contain("Engines cannot be run here"));
    }

    [Test]
    public void The_shims_lie_beside_the_program()
    {
        if (!File.Exists(Path.Combine(CliRun.ProgramFolder, "libtrtvocoder10.so")))
            Needed.Missing("The native library was not built before the program: run './build.sh build'.", Assert.Ignore);
        JsonElement json = RunSimulated([("TRTV_SHIM_DIR", "")], "doctor", "--json").Succeeds().Json;
        foreach (JsonElement check in json.GetProperty("checks").EnumerateArray().Where(check => check.GetProperty("name").GetString()!.StartsWith("shim ")))
            Assert.That(check.GetProperty("text").GetString(), Does.StartWith(CliRun.ProgramFolder));
    }

    [Test]
    public void TensorRT_RTX_builds_a_checkpoint_without_driver_and_GPU()
    {
        if (Environment.GetEnvironmentVariable("TRTV_TENSORRT_RTX_DIR") is not { Length: > 0 } rtx)
        {
            Needed.Missing("TRTV_TENSORRT_RTX_DIR does not name the folder of TensorRT-RTX.", Assert.Ignore, Needed.Nvidia);
            return;
        }
        (string, string)[] environment = [("TRTV_TENSORRT_RTX_DIR", rtx), ("TRTV_CUDA_DIR", Folder)];
        CliRun build = RunSimulated(environment, "build", Checkpoint, "--runtime", "rtx", "--output", "x.engine", "--json").Succeeds();
        Assert.That(build.Json.TryGetProperty("gpu", out _), Is.False, "it is built for no GPU in particular");
        Assert.That(Files, Is.EqualTo((string[])["x.engine", "x.engine.json"]));
        CliRun info = RunSimulated(environment, "info", "x.engine", "--json").Succeeds();
        Assert.That(info.Json.GetProperty("kind").GetString(), Is.EqualTo("TensorRT-RTX engine"));
        Assert.That(info.Json.GetProperty("loadsHere").GetBoolean(), Is.False);
    }
}
