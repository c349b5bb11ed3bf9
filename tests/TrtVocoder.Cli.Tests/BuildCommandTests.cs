using System.Text.Json;
using TrtVocoder.Files;
using TrtVocoder.OnnxRuntime.Tests;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary><c>build</c> of a checkpoint: the fastest form, a second one where TensorRT refuses it, and an engine that was heard before it is handed over.</summary>
public class BuildCommandTests : EngineFixture
{
    private const string Refusal = "Error Code 10: Internal Error (Could not find any implementation for node {ForeignNode[convnext.7.norm.weight...head/real/Mul]}.)";
    private static readonly string[] SmallProfile = ["--opt", "16", "--max", "32"];

    private JsonElement Sidecar => JsonDocument.Parse(File.ReadAllBytes(At("x.engine.json"))).RootElement;

    private static (string, string) Fault(string action) => ("TRTV_SIM_FAULT", "IBuilder::buildSerializedNetwork" + action);

    private CliRun BuildWith((string, string)[] environment, string model, params string[] more) =>
        RunSimulated(environment, ["build", model, "--output", "x.engine", .. SmallProfile, .. more]);

    private void NothingIsLeft(params string[] but) => Assert.That(Files, Is.EqualTo(but));

    [Test]
    public void A_checkpoint_is_built_in_FP16_and_frame_by_frame_and_heard()
    {
        JsonElement json = BuildWith([], Checkpoint, "--json").Succeeds().Json;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json.GetProperty("form").GetString(), Is.EqualTo("shift"));
            Assert.That(json.TryGetProperty("refusals", out _), Is.False);
            Assert.That(json.GetProperty("snrDb").GetDouble(), Is.InRange(20, 80));
            Assert.That(json.GetProperty("reference").GetString(), Does.StartWith("ONNX Runtime"));
            Assert.That(Sidecar.GetProperty("form").GetString(), Is.EqualTo("shift"));
            Assert.That(Sidecar.GetProperty("onnx").GetString(), Is.EqualTo("tiny-center.onnx"));
            Assert.That(Sidecar.GetProperty("metadata").GetProperty("trtvocoder.precision").GetString(), Is.EqualTo("fp16"));
            Assert.That(Sidecar.GetProperty("metadata").GetProperty("trtvocoder.layout").GetString(), Is.EqualTo("frame-major"));
            Assert.That(Sidecar.GetProperty("verification").GetProperty("signal_to_noise_db").GetDouble(), Is.EqualTo(json.GetProperty("snrDb").GetDouble()));
            Assert.That(Sidecar.GetProperty("verification").GetProperty("frames").GetInt32(), Is.EqualTo(16));
        }
        Assert.That(RunSimulated("info", "x.engine").Succeeds().Text, Does.Match(@"form +shift\n").And.Match(@"signal to noise +\d+\.\d dB against the network by ONNX Runtime"));
    }

    [TestCase("fp32", "bins-major", "spectrum")]
    [TestCase("fp16", null, "waveform")]
    public void Other_kinds_are_made_when_asked_for(string precision, string? layout, string signal)
    {
        string[] layouts = layout is null ? [] : ["--layout", layout];
        JsonElement json = BuildWith([], Checkpoint, ["--precision", precision, "--signal", signal, .. layouts, "--json"]).Succeeds().Json;
        Assert.That(json.GetProperty("snrDb").GetDouble(), Is.GreaterThan(precision == "fp32" ? 80 : 20));
        JsonElement metadata = Sidecar.GetProperty("metadata");
        Assert.That((metadata.GetProperty("trtvocoder.precision").GetString(), metadata.GetProperty("trtvocoder.signal").GetString()), Is.EqualTo((precision, signal)));
        if (layout is not null)
            Assert.That(metadata.GetProperty("trtvocoder.layout").GetString(), Is.EqualTo(layout));
    }

    [Test]
    public void Where_TensorRT_refuses_the_form_the_next_one_is_built_and_said_why()
    {
        CliRun run = BuildWith([Fault($"@1=null {Refusal}")], Checkpoint).Succeeds();
        Assert.That(run.Text, Does.Contain("the conv form of the network, because TensorRT refused the shift form (").And.Contain("Could not find any implementation for node {ForeignNode[").And.Contain("heard: "));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Files, Is.EqualTo((string[])["x.engine", "x.engine.json", "x.engine.timing"]));
            Assert.That(Sidecar.GetProperty("form").GetString(), Is.EqualTo("conv"));
            Assert.That(Sidecar.GetProperty("refusals")[0].GetProperty("form").GetString(), Is.EqualTo("shift"));
            Assert.That(Sidecar.GetProperty("refusals")[0].GetProperty("words").GetString(), Does.Contain("ForeignNode["));
            Assert.That(Sidecar.GetProperty("verification").GetProperty("signal_to_noise_db").GetDouble(), Is.GreaterThan(20));
        }
        JsonElement json = BuildWith([Fault($"@1=null {Refusal}")], Checkpoint, "--json", "--force").Succeeds().Json;
        Assert.That((json.GetProperty("form").GetString(), json.GetProperty("refusals")[0].GetProperty("form").GetString()), Is.EqualTo(("conv", "shift")));
        WriteMel("a.npy");
        RunSimulated("synth", "a.npy", "--model", "x.engine", "--output", "a.wav").Succeeds();
    }

    [Test]
    public void Where_TensorRT_refuses_every_form_one_sentence_tells_of_all_and_nothing_is_left()
    {
        BuildWith([Fault($"=null {Refusal}")], Checkpoint).FailsWith(6, "in none of its forms, shift (", "conv (", "Could not find any implementation", "try FP32", "--precision");
        NothingIsLeft();
    }

    [TestCase("Error Code 2: OutOfMemory (Requested size was 1073741824 bytes.)", 6, "memory ran out", "--mem-pool-size")]
    [TestCase("Error Code 10: Internal Error (Could not find any implementation for node x due to insufficient workspace.)", 6, "memory ran out", "workspace")]
    [TestCase("Error Code 9: API Usage Error (Unable to load library: libnvinfer_builder_resource_sm90.so.11.2.1)", 5, "cannot build engines here", "libnvinfer_builder_resource_sm90.so.11.2.1")]
    [TestCase("Error Code 4: API Usage Error (Network must have at least one output)", 6, "building the engine failed", "at least one output")]
    [TestCase("Error Code 1: Cuda Runtime (an illegal memory access was encountered)", 6, "building the engine failed", "illegal memory access")]
    public void A_failure_that_is_not_about_the_network_is_told_and_nothing_else_is_tried(string words, int exitCode, params string[] expected)
    {
        BuildWith([Fault($"@1=null {words}")], Checkpoint).FailsWith(exitCode, expected);
        NothingIsLeft();
    }

    [Test]
    public void A_builder_that_cannot_start_for_want_of_its_library_says_which()
    {
        BuildWith([("TRTV_SIM_FAULT", "createInferBuilder_INTERNAL=null Unable to load library: libnvinfer_builder_resource.so.10.3.0")], Checkpoint)
            .FailsWith(5, "cannot build engines here", "libnvinfer_builder_resource.so.10.3.0", SimulatorFolder);
        NothingIsLeft();
    }

    [Test]
    public void A_foreign_model_that_TensorRT_refuses_is_told_in_its_words_with_what_to_try()
    {
        BuildWith([Fault($"=null {Refusal}")], Model).FailsWith(6, "tiny-center.onnx", "TensorRT 10.3.0.26 cannot build this network", "Could not find any implementation", "build that", "--builder-optimization-level");
        NothingIsLeft();
    }

    [TestCase("nan", "NaN")]
    [TestCase("silent", "silence")]
    [TestCase("noisy", "is 9.5 dB")]
    public void An_engine_that_sounds_wrong_is_not_handed_over(string outputs, string words)
    {
        (string, string)[] environment = [("TRTV_SIM_OUTPUTS", outputs)];
        BuildWith(environment, Checkpoint).FailsWith(6, "x.engine is not kept", words, "--no-verify");
        BuildWith(environment, Model).FailsWith(6, "x.engine is not kept", words);
        NothingIsLeft();
        BuildWith(environment, Checkpoint, "--no-verify").Succeeds();
        Assert.That(Sidecar.GetProperty("verification").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void An_engine_that_sounds_wrong_leaves_an_older_one_as_it_was()
    {
        File.WriteAllText(At("x.engine"), "old");
        BuildWith([("TRTV_SIM_OUTPUTS", "nan")], Checkpoint, "--force").FailsWith(6, "NaN");
        NothingIsLeft("x.engine");
        Assert.That(File.ReadAllText(At("x.engine")), Is.EqualTo("old"));
    }

    [Test]
    public void A_model_of_one_length_is_built_and_heard_in_it()
    {
        TinyOnnx onnx = new TinyOnnx().Input("mel", TinyOnnx.Float, 1, 100, 24).Output("real", TinyOnnx.Float, 1, 100, 24).Output("imag", TinyOnnx.Float, 1, 100, 24)
            .Node("Sin", ["mel"], ["real"]).Node("Cos", ["mel"], ["imag"]);
        File.WriteAllBytes(At("fixed.onnx"), onnx.ToBytes());
        CliRun run = RunSimulated("build", "fixed.onnx", "--output", "x.engine", "--max", "512").Succeeds();
        Assert.That(run.Text, Does.Contain("frames 24/24/24").And.Contain("1 x 24 frames"));
        Assert.That(run.StandardError, Does.Contain("note: fixed.onnx takes batch 1/1/1, frames 24/24/24 and nothing else"));
        Assert.That(Sidecar.GetProperty("profiles")[0].GetProperty("max_frames").GetInt32(), Is.EqualTo(24));
    }

    [TestCase("two inputs", "whose value is not obvious")]
    [TestCase("three outputs", "--real and --imag")]
    public void A_model_that_nothing_here_would_run_is_refused_and_leaves_nothing(string what, string words)
    {
        TinyOnnx onnx = new TinyOnnx().Input("mel", TinyOnnx.Float, "b", 100, "t").Output("x", TinyOnnx.Float, "b", 100, "t").Output("y", TinyOnnx.Float, "b", 100, "t");
        if (what == "two inputs")
            onnx.Input("lengths", TinyOnnx.Float, "b");
        foreach (string output in (string[])["x", "y"])
            onnx.Node("Sin", ["mel"], [output]);
        if (what == "three outputs")
            onnx.Output("z", TinyOnnx.Float, "b", 100, "t").Node("Sin", ["mel"], ["z"]);
        File.WriteAllBytes(At("foreign.onnx"), onnx.ToBytes());
        WriteMel("a.npy");
        RunSimulated("build", "foreign.onnx", "--output", "x.engine").FailsWith(3, words);
        RunSimulated("synth", "a.npy", "--model", "foreign.onnx", "--output", "a.wav").FailsWith(3, words);
        NothingIsLeft("a.npy", "foreign.onnx");
        if (what == "three outputs")
            RunSimulated("build", "foreign.onnx", "--output", "x.engine", "--real", "x", "--imag", "z", "--no-verify", "--no-timing-cache").Succeeds();
    }

    [Test]
    public void A_mel_of_frames_before_bands_is_built_and_decodes()
    {
        TinyOnnx onnx = new TinyOnnx().Input("mel", TinyOnnx.Float, "b", "t", 100).Output("real", TinyOnnx.Float, "b", "t", 100)
            .Output("imag", TinyOnnx.Float, "b", "t", 100).Node("Sin", ["mel"], ["real"]).Node("Cos", ["mel"], ["imag"]);
        File.WriteAllBytes(At("foreign.onnx"), onnx.ToBytes());
        WriteMel("a.npy");
        RunSimulated("build", "foreign.onnx", "--output", "x.engine").Succeeds();
        RunSimulated("synth", "a.npy", "--model", "x.engine", "--output", "engine.wav").Succeeds();
        RunSimulated("synth", "a.npy", "--model", "foreign.onnx", "--output", "onnx.wav").Succeeds();
        Assert.That(Differences.Largest(WavFile.Read(At("engine.wav")).Samples, WavFile.Read(At("onnx.wav")).Samples), Is.LessThan(1e-4), "two steps of 16 bits");
    }

    [TestCase("mel:1x80x256", "80 mel bands")]
    [TestCase("mel:1x256x100", "256 mel bands")]
    [TestCase("nosuch:1x100x64", "'nosuch'")]
    [TestCase("mel:1x100", "mel:1x100")]
    [TestCase("mel:1x100x99999999999", "99999999999")]
    public void Shapes_of_another_input_or_of_other_bands_are_refused_before_the_build(string shape, string words)
    {
        foreach (string option in (string[])["--minShapes", "--optShapes", "--maxShapes"])
        {
            CliRun run = RunSimulated("build", Model, "--output", "x.engine", $"{option}={shape}");
            run.FailsWith(run.ExitCode, words);
            Assert.That(run.ExitCode, Is.AnyOf(2, 3));
        }
        NothingIsLeft();
    }

    [Test]
    public void What_TensorRT_RTX_builds_without_a_GPU_is_handed_over_with_a_note_that_it_was_not_heard()
    {
        if (Environment.GetEnvironmentVariable("TRTV_TENSORRT_RTX_DIR") is not { Length: > 0 } rtx)
        {
            Assert.Ignore("TRTV_TENSORRT_RTX_DIR does not name the folder of TensorRT-RTX.");
            return;
        }
        CliRun run = BuildWith([("TRTV_TENSORRT_RTX_DIR", rtx), ("TRTV_CUDA_DIR", Folder)], Checkpoint, "--runtime", "rtx").Succeeds();
        Assert.That(run.StandardError, Does.Contain("note: x.engine was not heard: this machine cannot run it: ").And.Contain("libcuda.so.1"));
        Assert.That(Sidecar.GetProperty("verification").GetProperty("signal_to_noise_db").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(Sidecar.GetProperty("form").GetString(), Is.EqualTo("shift"));
    }
}
