using System.Text.Json;

namespace TrtVocoder.Cli.Tests;

/// <summary><c>triton</c>: a model repository by the model's own words, whole or not at all. That Triton's core serves it, tests/triton proves.</summary>
public class TritonCommandTests : EngineFixture
{
    private string Config(string name) => File.ReadAllText(At($"repository/{name}/config.pbtxt"));

    [Test]
    public void An_onnx_model_is_put_on_the_CPU_under_its_own_name()
    {
        JsonElement json = Run("triton", Model, "--output", "repository", "--name", "speech", "--json").Succeeds().Json;
        Assert.That((json.GetProperty("kind").GetString(), json.GetProperty("melCount").GetInt32()), Is.EqualTo(("KIND_CPU", 100)));
        Assert.That(Config("speech"), Does.Contain("name: \"speech\"").And.Contain("dims: [ 100, -1 ]").And.Contain("allow_ragged_batch: true")
            .And.Contain("kind: KIND_CPU").And.Contain("default_model_filename: \"model.onnx\"").And.Not.Contain("decoupled"));
        Assert.That(File.ReadAllBytes(At("repository/speech/1/model.onnx")), Is.EqualTo(File.ReadAllBytes(Model)));
    }

    [Test]
    public void An_engine_is_put_on_GPUs_with_its_sidecar_where_there_is_no_GPU()
    {
        Run("triton", Engine, "--output", "repository", "--f5", "--gpus", "0,2").Succeeds();
        Assert.That(Config("vocoder"), Does.Contain("kind: KIND_GPU").And.Contain("gpus: [ 0, 2 ]").And.Contain("default_model_filename: \"model.engine\""));
        Assert.That(File.ReadAllBytes(At("repository/vocoder/1/model.engine.json")), Is.EqualTo(File.ReadAllBytes(Engine + ".json")));
    }

    [Test]
    public void Options_become_what_the_server_and_the_backend_read()
    {
        Run("triton", Model, "--output", "repository", "--name", "streamed", "--decoupled", "--max-batch", "8", "--instances", "2", "--queue-delay", "5", "--max-queue", "99",
            "--batch", "4", "--window-frames", "128", "--lanes", "2", "--threads", "3", "--max-queued-windows", "77").Succeeds();
        Assert.That(Config("streamed"), Does.Contain("decoupled: true").And.Contain("max_batch_size: 8").And.Contain("count: 2").And.Contain("max_queue_delay_microseconds: 5")
            .And.Contain("max_queue_size: 99").And.Contain("""key: "batch" value { string_value: "4" }""").And.Contain("""key: "window_frames" value { string_value: "128" }""")
            .And.Contain("""key: "lanes" value { string_value: "2" }""").And.Contain("""key: "threads" value { string_value: "3" }""")
            .And.Contain("""key: "max_queued_windows" value { string_value: "77" }"""));
    }

    [Test]
    public void Mels_in_pieces_are_served_as_sequences_best_by_a_network_with_state()
    {
        Run("export", Checkpoint, "--streaming", "--output", "streaming.onnx").Succeeds();
        Run("triton", "streaming.onnx", "--output", "repository").FailsWith(3, "is a network with state", "add --sequences 16", "exported without --streaming");
        JsonElement json = Run("triton", "streaming.onnx", "--output", "repository", "--sequences", "12", "--chunk", "20", "--lanes", "3", "--json").Succeeds().Json;
        Assert.That((json.GetProperty("sequences").GetInt32(), json.TryGetProperty("notes", out _)), Is.EqualTo((12, false)));
        Assert.That(Config("streaming"), Does.Contain("max_candidate_sequences: 12").And.Contain("max_sequence_idle_microseconds: ").And.Contain("max_batch_size: 12")
            .And.Contain("""key: "chunk_frames" value { string_value: "20" }""").And.Contain("""key: "lanes" value { string_value: "3" }""")
            .And.Not.Contain("dynamic_batching").And.Not.Contain("model_warmup"));

        CliRun whole = Run("triton", Model, "--output", "repository", "--name", "whole", "--sequences", "4").Succeeds();
        Assert.That(whole.StandardError, Does.Contain("decodes the frames around each piece again").And.Contain("--streaming"));
        Assert.That(whole.Text, Does.Contain("up to 4 sequences of pieces"));
    }

    [Test]
    public void Mels_and_samples_are_FP16_where_that_is_asked_for()
    {
        Run("triton", Model, "--output", "repository", "--name", "a").Succeeds();
        Run("triton", Model, "--output", "repository", "--name", "half", "--fp16").Succeeds();
        Assert.That(Config("a"), Does.Not.Contain("TYPE_FP16"));
        Assert.That(Config("half").Split("data_type: TYPE_FP16"), Has.Length.EqualTo(4));
        Assert.That(Config("half"), Does.Not.Contain("TYPE_FP32"));
    }

    [Test]
    public void A_model_of_that_name_is_replaced_only_by_force_and_then_wholly()
    {
        Run("triton", Model, "--output", "repository", "--name", "a").Succeeds();
        File.WriteAllText(At("repository/a/1/old"), "");
        Run("triton", Model, "--output", "repository", "--name", "a").FailsWith(4, "a exists already", "--force");
        Run("triton", Model, "--output", "repository", "--name", "a", "--force").Succeeds();
        Assert.That(Directory.GetFiles(At("repository/a/1")).Select(Path.GetFileName), Is.EqualTo(new[] { "model.onnx" }));
        Assert.That(Directory.GetFileSystemEntries(At("repository")), Has.Length.EqualTo(1));
    }

    [TestCase("--f5 and --decoupled exclude each other", "--f5", "--decoupled")]
    [TestCase("--f5 and --name exclude each other", "--f5", "--name", "a")]
    [TestCase("--f5 and --fp16 exclude each other", "--f5", "--fp16")]
    [TestCase("a model's name is of letters", "--name", "a/b")]
    [TestCase("a model's name is of letters", "--name", ".a")]
    [TestCase("--gpus is for engines", "--gpus", "0")]
    [TestCase("--f5 and --sequences exclude each other", "--f5", "--sequences", "4")]
    [TestCase("--decoupled and --sequences exclude each other", "--decoupled", "--sequences", "4")]
    [TestCase("--max-batch and --sequences exclude each other", "--max-batch", "4", "--sequences", "4")]
    [TestCase("--max-queued-windows and --sequences exclude each other", "--max-queued-windows", "4", "--sequences", "4")]
    [TestCase("--chunk is for --sequences", "--chunk", "10")]
    [TestCase("--sequences must be 1 to 1024", "--sequences", "0")]
    [TestCase("--lanes must be 1 to 64", "--lanes", "0")]
    public void Options_that_do_not_go_together_are_refused(string message, params string[] options)
    {
        Run(["triton", Model, "--output", "repository", .. options]).FailsWith(2, message);
        Assert.That(Files, Is.Empty);
    }

    [Test]
    public void What_is_no_model_is_refused_and_nothing_is_left()
    {
        File.WriteAllText(At("damaged.onnx"), "damaged");
        File.WriteAllText(At("file"), "");
        Run("triton", "missing.onnx", "--output", "repository").FailsWith(4, "missing.onnx");
        Run("triton", "damaged.onnx", "--output", "repository").FailsWith(3, "damaged.onnx");
        Run("triton", Checkpoint, "--output", "repository").FailsWith(3, "is a checkpoint", "'build'", "'export'");
        Run("triton", Model, "--output", "file").FailsWith(4, "file is a file");
        Run("triton", Model, "--output", "-").FailsWith(2, "a model repository is a folder");
        Assert.That(Files, Is.EqualTo(new[] { "damaged.onnx", "file" }));
    }
}
