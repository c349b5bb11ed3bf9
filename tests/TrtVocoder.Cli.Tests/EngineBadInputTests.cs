using System.Diagnostics;
using System.Text;
using TrtVocoder.Files;
using TrtVocoder.OnnxRuntime.Tests;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary>Whatever can be wrong with an engine, or with the machine it shall run on, is one sentence and its exit code; nothing is left behind.</summary>
public class EngineBadInputTests : EngineFixture
{
    private const string Rebuild = "trtvocoder build";

    private CliRun Synth(string engine, params (string, string)[] environment)
    {
        WriteMel("a.npy");
        return RunSimulated(environment, "synth", "a.npy", "--model", engine, "--output", "out.wav");
    }

    private void NothingIsWritten(params string[] but) => Assert.That(Files, Is.EqualTo(but.Order(StringComparer.Ordinal)));

    [Test]
    public void No_driver()
    {
        Synth(Engine, ("TRTV_CUDA_DIR", Folder)).FailsWith(5, "NVIDIA driver", At("libcuda.so.1"));
        RunSimulated([("TRTV_CUDA_DIR", Folder)], "build", Model, "--output", "x.engine").FailsWith(5, "NVIDIA driver", At("libcuda.so.1"));
        NothingIsWritten("a.npy");
    }

    [Test]
    public void A_driver_without_GPU()
    {
        Synth(Engine, ("TRTV_SIM_DEVICES", "0")).FailsWith(5, "no GPU", "nvidia-smi");
        RunSimulated([("TRTV_SIM_DEVICES", "0")], "build", Model, "--output", "x.engine").FailsWith(5, "no GPU", "nvidia-smi");
        NothingIsWritten("a.npy");
    }

    [Test]
    public void A_GPU_that_is_not_there()
    {
        RunSimulated("build", Model, "--output", "x.engine", "--device", "3").FailsWith(2, "1 GPU", "numbered from 0");
        NothingIsWritten();
    }

    [Test]
    public void No_libnvinfer()
    {
        Synth(Engine, ("TRTV_TENSORRT_DIR", Folder)).FailsWith(5, "TensorRT 10", At("libnvinfer.so.10"), "TRTV_TENSORRT_DIR");
        RunSimulated([("TRTV_TENSORRT_DIR", Folder)], "build", Model, "--output", "x.engine")
            .FailsWith(5, At("libnvinfer.so.10"), At("libnvinfer.so.11"), "/nonexistent/libtensorrt_rtx.so.1");
        NothingIsWritten("a.npy");
    }

    [Test]
    public void A_libnvinfer_of_another_major()
    {
        Synth(Engine, ("TRTV_SIM_VERSION", "9.2.0.5")).FailsWith(5, "libnvinfer.so.10", "9.2");
        NothingIsWritten("a.npy");
    }

    [Test]
    public void A_truncated_engine()
    {
        File.WriteAllBytes(At("x.engine"), File.ReadAllBytes(Engine)[..5000]);
        Synth("x.engine").FailsWith(3, "x.engine", "truncated", "5000");
        RunSimulated("info", "x.engine").FailsWith(3, "truncated");
        NothingIsWritten("a.npy", "x.engine");
    }

    [Test]
    public void A_damaged_engine()
    {
        // Behind the header, which still tells size and version.
        string engine = CopyEngine("x.engine", change: plan => plan.AsSpan(40, 400).Fill(0xff));
        Synth(engine).FailsWith(6, "x.engine", Rebuild);
        NothingIsWritten("a.npy", "x.engine", "x.engine.json");
    }

    [Test]
    public void A_foreign_file()
    {
        File.WriteAllText(At("x.engine"), "Call me Ishmael. Some years ago - never mind how long precisely");
        Synth("x.engine").FailsWith(3, "x.engine", "engine");
        RunSimulated("info", "x.engine").FailsWith(3, "not a TensorRT engine", "ftrt");
        RunSimulated("build", "x.engine", "--output", "y.engine").FailsWith(3, "x.engine");
        RunSimulated("build", Engine, "--output", "y.engine").FailsWith(3, "is an engine already");
        NothingIsWritten("a.npy", "x.engine");
    }

    [TestCase("10.9.0.34")]
    [TestCase("10.1.0.27")]
    public void An_engine_of_another_version(string version)
    {
        Synth(Engine, ("TRTV_SIM_VERSION", version)).FailsWith(6, "built by TensorRT 10.3.0.26", $"has TensorRT {version}", Rebuild);
        NothingIsWritten("a.npy");
    }

    [Test]
    public void A_TensorRT_that_is_too_old()
    {
        Synth(Engine, ("TRTV_SIM_VERSION", "10.0.1.6")).FailsWith(5, "version 10.0.1, expected TensorRT 10 from 10.1 on");
        NothingIsWritten("a.npy");
    }

    [Test]
    public void An_engine_of_another_GPU()
    {
        Synth(Engine, ("TRTV_SIM_COMPUTE_CAPABILITY", "8.6"), ("TRTV_SIM_NAME", "Small GPU")).FailsWith(6, "another GPU", "8.9", "Small GPU (compute capability 8.6", Rebuild);
        NothingIsWritten("a.npy");
    }

    [Test]
    public void A_version_compatible_engine_runs_only_when_its_code_is_allowed()
    {
        RunSimulated("build", Model, "--output", "x.engine", "--version-compatible", "--max", "64", "--no-timing-cache").Succeeds();
        Synth("x.engine").FailsWith(6, "x.engine", "executable code", "--allow-host-code");
        RunSimulated("synth", "a.npy", "--model", "x.engine", "--output", "out.wav", "--allow-host-code").Succeeds();
    }

    [Test]
    public void An_engine_of_TensorRT_RTX_where_only_TensorRT_is()
    {
        string engine = CopyEngine("x.engine", change: plan =>
        {
            "vtrt"u8.CopyTo(plan);
            ((ReadOnlySpan<byte>)[1, 7, 1, 116]).CopyTo(plan.AsSpan(24));
        });
        Synth(engine).FailsWith(5, "built by TensorRT-RTX 1.7.1.116", "/nonexistent/libtensorrt_rtx.so.1");
    }

    [Test]
    public void An_engine_of_TensorRT_where_only_TensorRT_RTX_is()
    {
        if (Environment.GetEnvironmentVariable("TRTV_TENSORRT_RTX_DIR") is not { Length: > 0 } rtx)
        {
            Needed.Missing("TRTV_TENSORRT_RTX_DIR does not name the folder of TensorRT-RTX.", Assert.Ignore, Needed.Nvidia);
            return;
        }
        Synth(Engine, ("TRTV_TENSORRT_DIR", Folder), ("TRTV_TENSORRT_RTX_DIR", rtx)).FailsWith(5, "built by TensorRT 10.3.0.26", At("libnvinfer.so.10"));
    }

    [Test]
    public void A_sidecar_of_another_engine()
    {
        string engine = CopyEngine("x.engine");
        File.AppendAllText(At(engine), "longer");
        Synth(engine).FailsWith(3, "x.engine.json", "another engine");
    }

    [Test]
    public void A_mel_longer_than_the_profile_is_decoded_though_the_engine_does_not_tell_its_receptive_field()
    {
        string engine = CopyEngine("x.engine", withSidecar: false);
        WriteMel("long.npy", frames: 300);
        RunSimulated("synth", "long.npy", "--model", engine, "--output", "asked.wav").Succeeds();
        RunSimulated("synth", "long.npy", "--model", engine, "--output", "told.wav", "--receptive-field", "40").Succeeds();
        float[] asked = WavFile.Read(At("asked.wav")).Samples, told = WavFile.Read(At("told.wav")).Samples;
        Assert.That(asked, Has.Length.EqualTo(299 * 256));
        Assert.That(Differences.Largest(asked, told), Is.LessThan(1e-4), "two steps of 16 bits");
    }

    [Test]
    public void An_output_that_is_not_there()
    {
        WriteMel("a.npy");
        RunSimulated("synth", "a.npy", "--model", Engine, "--output", "out.wav", "--real", "re", "--imag", "im").FailsWith(3, "no output 're'", "'real'");
        RunSimulated("synth", "a.npy", "--model", Engine, "--output", "out.wav", "--real", "real").FailsWith(2, "--real and --imag go together");
        RunSimulated("synth", "a.npy", "--model", Engine, "--output", "out.wav", "--profile", "7").FailsWith(3, "no profile 7");
        NothingIsWritten("a.npy");
    }

    [Test]
    public void An_engine_whose_output_depends_on_the_data()
    {
        TinyOnnx onnx = new TinyOnnx().Input("mel", TinyOnnx.Float, "b", 100, "t").Output("audio", TinyOnnx.Float, 3, "n")
            .Node("NonZero", ["mel"], ["places"]).Node("Cast", ["places"], ["audio"], ("to", [TinyOnnx.Float]));
        File.WriteAllBytes(At("nonzero.onnx"), onnx.ToBytes());
        RunSimulated("build", "nonzero.onnx", "--output", "x.engine").FailsWith(3, "x.engine", "'audio'", "depends on the data");
        NothingIsWritten("nonzero.onnx");
        RunSimulated("build", "nonzero.onnx", "--output", "x.engine", "--no-timing-cache", "--no-verify").Succeeds();
        Synth("x.engine").FailsWith(3, "x.engine", "'audio'", "depends on the data");
        Assert.That(Files, Does.Not.Contain("out.wav"));
    }

    [Test]
    public void A_model_that_the_parser_refuses_is_told_with_node_and_reason()
    {
        byte[] model = File.ReadAllBytes(Model);
        for (int at; (at = model.AsSpan().IndexOf("LayerNormalization"u8)) >= 0;)
            "LayerAlienization_"u8.CopyTo(model.AsSpan(at));
        File.WriteAllBytes(At("alien.onnx"), model);
        RunSimulated("build", "alien.onnx", "--output", "x.engine").FailsWith(3, "alien.onnx", "at node", "LayerAlienization_");
        File.WriteAllBytes(At("half.onnx"), model[..(model.Length / 2)]);
        RunSimulated("build", "half.onnx", "--output", "x.engine").FailsWith(3, "half.onnx", "truncated");
        NothingIsWritten("alien.onnx", "half.onnx");
    }

    [Test]
    [Platform("Linux")]
    public void A_device_in_place_of_a_file_is_refused_before_the_build()
    {
        RunSimulated("build", Model, "--output", "/dev/full", "--max", "32").FailsWith(2, "--output /dev/full", "an engine needs a file");
        NothingIsWritten();
    }

    [Test]
    [Platform("Linux")]
    public void A_disk_that_fills_up_while_the_engine_is_written()
    {
        // A limit on the size of files stands in for the disk: larger than the sidecar, smaller than the engine. Its signal must be
        // ignored, so that the write fails instead; and the runtime's own code pages are files to the kernel, unless told otherwise.
        ProcessStartInfo start = new("bash", ["-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "bash", .. CliRun.Command(CliRun.Program), "build", Model, "--output", "x.engine"])
        {
            WorkingDirectory = Folder,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in Simulated)
            start.Environment[name] = value;
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.EqualTo(4), error);
        Assert.That(error, Does.StartWith("trtvocoder: x.engine cannot be written: "));
        NothingIsWritten();
    }

    [Test]
    public void An_existing_engine_is_kept_without_force()
    {
        File.WriteAllText(At("x.engine"), "old");
        RunSimulated("build", Model, "--output", "x.engine").FailsWith(4, "x.engine exists already", "--force");
        RunSimulated("build", Model, "--output", "none/x.engine").FailsWith(4, "none", "does not exist");
        RunSimulated("build", "none.onnx", "--output", "y.engine").FailsWith(4, "none.onnx");
        Assert.That(File.ReadAllText(At("x.engine")), Is.EqualTo("old"));
    }

    [TestCase("--min", "0", "at least 1")]
    [TestCase("--max", "10x", "--max 10x")]
    [TestCase("--opt", "2048", "max", "--max", "512")]
    [TestCase("--mem-pool-size", "dlaSRAM:1M", "workspace:")]
    [TestCase("--builder-optimization-level", "6", "0 to 5")]
    [TestCase("--precision", "fp16", "is for checkpoints")]
    [TestCase("--strongly-typed", "true", "exclude each other", "--fp16")]
    public void Wrong_usage_of_build(string option, string value, string words, params string[] more)
    {
        RunSimulated(["build", Model, "--output", "x.engine", option, value, .. more]).FailsWith(2, words);
        NothingIsWritten();
    }

    [Test]
    [Platform("Linux")]
    public void Ctrl_C_ends_a_build_and_leaves_nothing()
    {
        CliRun run = CliRun.Run(
            CliRun.Program, Folder, null, [.. Simulated, ("TRTV_SIM_BUILD_LAYER_MS", "500")], Interrupt,
            "build", Model, "--output", "x.engine");
        run.FailsWith(130, "ancelled");
        NothingIsWritten();

        // Once the parser is loaded the build is under way: its layers take half a second each.
        static void Interrupt(Process process)
        {
            string maps = $"/proc/{process.Id}/maps";
            for (int i = 0; i < 600 && !process.HasExited && !File.ReadAllText(maps, Encoding.UTF8).Contains("libnvonnxparser", StringComparison.Ordinal); i++)
                Thread.Sleep(50);
            Thread.Sleep(1500);
            Assert.That(process.HasExited, Is.False, "the build ended too early");
            using Process kill = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
    }
}
