using System.Text.Json;

namespace TrtVocoder.Cli.Tests;

/// <summary><c>bench</c> on the CPU. Durations are short: what is told is looked at, not how fast this machine is.</summary>
public class BenchCommandTests : CliFixture
{
    private static readonly string[] Statistics = ["count", "min", "max", "mean", "median", "p90", "p95", "p99"];

    private CliRun Bench(params string[] more) => Run(["bench", Model, "--warm-up", "1", "--duration", "0", "--iterations", "4", .. more]);

    private static JsonElement[] RunsOf(CliRun run) => [.. run.Succeeds().Json.GetProperty("runs").EnumerateArray()];

    private JsonElement Read(string name) => JsonDocument.Parse(File.ReadAllBytes(At(name))).RootElement;

    [Test]
    public void Json_holds_every_series_with_all_its_statistics()
    {
        JsonElement json = Bench("--frames", "16,24", "--json").Succeeds().Json;
        foreach (string name in (string[])["tool", "device", "model"])
            Assert.That(json.GetProperty(name).GetString(), Is.Not.Empty, name);
        Assert.That(json.GetProperty("machine").GetProperty("cores").GetInt32(), Is.EqualTo(Environment.ProcessorCount));
        JsonElement[] runs = [.. json.GetProperty("runs").EnumerateArray()];
        Assert.That(
            runs.Select(run => (run.GetProperty("frames").GetInt32(), run.GetProperty("mode").GetString(), run.GetProperty("sessions").GetInt32())),
            Is.EqualTo(((int, string, int)[])[(16, "sequential", 1), (16, "pipelined", 2), (24, "sequential", 1), (24, "pipelined", 2)]));
        string[] series = ["audio_ms", "spectrum_ms", "shape_set_ms", "h2d_ms", "enqueue_ms", "compute_ms", "d2h_ms", "latency_ms", "istft_ms", "end_to_end_ms", "new_length_ms", "shape_change_ms"];
        Assert.That(runs[0].EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.Object).Select(member => member.Name), Is.EquivalentTo(series));
        foreach (JsonElement times in series.Select(name => runs[0].GetProperty(name)))
            Assert.That(Statistics.All(name => times.TryGetProperty(name, out _)));
        JsonElement audio = runs[0].GetProperty("audio_ms");
        Assert.That(audio.GetProperty("count").GetInt32(), Is.GreaterThanOrEqualTo(4));
        Assert.That(audio.GetProperty("rounds").GetArrayLength(), Is.GreaterThanOrEqualTo(4));
        Assert.That(audio.GetProperty("min").GetDouble(), Is.GreaterThan(0).And.LessThanOrEqualTo(audio.GetProperty("median").GetDouble()));
        // The profiler saw the same: the network is a part of the whole, and the copies to a GPU are none.
        Assert.That(runs[0].GetProperty("compute_ms").GetProperty("min").GetDouble(), Is.GreaterThan(0).And.LessThan(runs[0].GetProperty("end_to_end_ms").GetProperty("min").GetDouble()));
        Assert.That(runs[0].GetProperty("h2d_ms").GetProperty("max").GetDouble(), Is.Zero);
    }

    [Test]
    public void The_real_time_factor_is_the_median_over_the_duration_of_the_sound()
    {
        JsonElement run = RunsOf(Bench("--frames", "16", "--batch", "2", "--mode", "sequential", "--json"))[0];
        double seconds = 2 * 15 * 256 / 24000.0;
        Assert.That(run.GetProperty("audio_s").GetDouble(), Is.EqualTo(seconds).Within(1e-9));
        double factor = run.GetProperty("audio_ms").GetProperty("median").GetDouble() / 1000 / seconds;
        Assert.That(run.GetProperty("real_time_factor").GetDouble(), Is.EqualTo(factor).Within(1e-9));
        Assert.That(run.GetProperty("times_real_time").GetDouble(), Is.EqualTo(1 / factor).Within(1e-6 / factor));
    }

    [Test]
    public void Each_batch_is_measured_by_itself_and_again_on_a_busy_host()
    {
        JsonElement[] runs = RunsOf(Bench("--frames", "16", "--batch", "1,3", "--busy-host", "--mode", "sequential", "--json"));
        Assert.That(
            runs.Select(run => (run.GetProperty("batch").GetInt32(), run.GetProperty("mode").GetString())),
            Is.EqualTo(((int, string)[])[(1, "sequential"), (1, "sequential, all cores busy"), (3, "sequential"), (3, "sequential, all cores busy")]));
        Assert.That(Bench("--frames", "16", "--busy-host", "--mode", "sequential").Succeeds().Text, Does.Contain("16 frames, sequential, all cores busy"));
    }

    [Test]
    public void Pipelined_sessions_are_counted_by_throughput()
    {
        JsonElement run = RunsOf(Bench("--frames", "16", "--mode", "pipelined", "--sessions", "3", "--json"))[0];
        Assert.That((run.GetProperty("mode").GetString(), run.GetProperty("sessions").GetInt32()), Is.EqualTo(("pipelined", 3)));
        double calls = run.GetProperty("audio_ms").GetProperty("count").GetInt32();
        Assert.That(calls, Is.GreaterThanOrEqualTo(4));
        // Three at once: in the time of the run there is room for at most three times as many calls as one after another.
        Assert.That(run.GetProperty("throughput_per_s").GetDouble(), Is.LessThanOrEqualTo(3.001 * 1000 / run.GetProperty("audio_ms").GetProperty("mean").GetDouble()));
    }

    [Test]
    public void A_replay_decodes_every_length_of_its_list()
    {
        File.WriteAllText(At("lengths.txt"), "# four\n8\n16\n8\n32\n");
        JsonElement run = RunsOf(Bench("--lengths", "lengths.txt", "--mode", "sequential", "--export-times", "times.json", "--json"))[0];
        Assert.That(run.GetProperty("lengths").GetString(), Is.EqualTo("lengths.txt"));
        Assert.That(run.TryGetProperty("frames", out _), Is.False);
        Assert.That(run.GetProperty("audio_ms").GetProperty("count").GetInt32(), Is.EqualTo(4));
        Assert.That(run.GetProperty("audio_s").GetDouble(), Is.EqualTo((7 + 15 + 7 + 31) * 256 / 24000.0 / 4).Within(1e-9));
        Assert.That(run.GetProperty("audio_per_256_frames_ms").GetProperty("min").GetDouble(), Is.GreaterThan(run.GetProperty("audio_ms").GetProperty("min").GetDouble()));
        Assert.That(run.GetProperty("shape_changes").GetInt32(), Is.EqualTo(run.GetProperty("shape_change_ms").GetProperty("count").GetInt32()));
        Assert.That(Read("times.json").GetArrayLength(), Is.EqualTo(4));
    }

    [Test]
    public void The_files_have_the_keys_of_trtexec()
    {
        Bench("--frames", "16", "--mode", "sequential", "--exportTimes=t.json", "--exportProfile=p.json", "--exportLayerInfo=l.json").Succeeds();
        Assert.That(Files, Is.EqualTo((string[])["l.json", "p.json", "t.json"]));
        JsonElement[] times = [.. Read("t.json").EnumerateArray()];
        string[] keys = ["startEnqMs", "endEnqMs", "startH2dMs", "endH2dMs", "startComputeMs", "endComputeMs", "startD2hMs", "endD2hMs", "h2dMs", "computeMs", "d2hMs", "latencyMs"];
        Assert.That(times[0].EnumerateObject().Select(member => member.Name), Is.EqualTo(keys));
        foreach ((JsonElement before, JsonElement after) in times.Zip(times.Skip(1)))
            Assert.That(after.GetProperty("startComputeMs").GetDouble(), Is.GreaterThanOrEqualTo(before.GetProperty("endComputeMs").GetDouble()));
        Assert.That(times[0].GetProperty("endComputeMs").GetDouble() - times[0].GetProperty("startComputeMs").GetDouble(), Is.EqualTo(times[0].GetProperty("computeMs").GetDouble()).Within(1e-6));

        JsonElement[] profile = [.. Read("p.json").EnumerateArray()];
        Assert.That(profile[0].GetProperty("count").GetInt32(), Is.EqualTo(4));
        Assert.That(profile[1].EnumerateObject().Select(member => member.Name), Is.EqualTo((string[])["name", "timeMs", "averageMs", "medianMs", "percentage"]));
        Assert.That(profile.Skip(1).Sum(layer => layer.GetProperty("percentage").GetDouble()), Is.EqualTo(100).Within(0.01));
        Assert.That(profile.Skip(1).Select(layer => layer.GetProperty("timeMs").GetDouble() / layer.GetProperty("averageMs").GetDouble()), Has.All.EqualTo(4).Within(1e-6));

        JsonElement info = Read("l.json");
        Assert.That(info.GetProperty("Bindings").EnumerateArray().Select(name => name.GetString()), Is.EqualTo((string[])["mel", "real", "imag"]));
        Assert.That(info.GetProperty("Layers").EnumerateArray().Select(layer => layer.GetProperty("Name").GetString()), Is.EqualTo(profile.Skip(1).Select(layer => layer.GetProperty("name").GetString())));
    }

    [Test]
    public void A_report_is_one_file_with_its_pictures_inside()
    {
        Bench("--frames", "16,24", "--report", "r.html").Succeeds();
        Assert.That(Files, Is.EqualTo((string[])["r.html"]));
        string html = File.ReadAllText(At("r.html"));
        Assert.That(html, Does.Contain("data:image/png;base64,").And.Contain("24 frames, pipelined, 2 sessions").And.Contain("convnext.0").And.Contain("real-time factor"));
        Assert.That(html, Does.Not.Contain("http"));
        Bench("--frames", "16", "--report", "r.png", "--mode", "sequential").Succeeds();
        Assert.That(File.ReadAllBytes(At("r.png")).AsSpan(0, 4).ToArray(), Is.EqualTo((byte[])[0x89, (byte)'P', (byte)'N', (byte)'G']));
    }

    [Test]
    public void A_checkpoint_is_measured_as_the_model_that_it_is_exported_to()
    {
        CliRun run = Run("bench", Checkpoint, "--warm-up", "0", "--duration", "0", "--iterations", "2", "--frames", "16", "--mode", "sequential").Succeeds();
        Assert.That(run.StandardError, Does.Contain("exported to a temporary model"));
        Assert.That(run.Text, Does.Contain("mel to samples").And.Contain("× real time"));
        Run("bench", Checkpoint, "--warm-up", "0", "--duration", "0", "--iterations", "2", "--frames", "16", "--export-profile", "p.json").FailsWith(2, "trtvocoder export");
    }

    [Test]
    public void A_saved_result_and_a_baseline_stand_beside_a_run()
    {
        string[] settings = ["--frames", "16", "--mode", "sequential"];
        File.WriteAllBytes(At("ours.json"), Bench([.. settings, "--json"]).Succeeds().StandardOutput);
        // As tests/baselines prints it, ten times slower than anything here.
        const string Slow = """{"count": 3, "min": 1000, "mean": 1000, "median": 1000, "p90": 1000, "p95": 1000, "p99": 1000}""";
        File.WriteAllText(At("torch.json"), $$$"""{"tool": "PyTorch 9", "device": "CPU", "model": "m", "runs": [{"frames": 16, "spectrum_ms": {{{Slow}}}, "audio_ms": {{{Slow}}} }]}""");
        CliRun text = Bench([.. settings, "--against", "ours.json", "torch.json"]).Succeeds();
        Assert.That(text.Text, Does.Contain("[2] PyTorch 9").And.Contain("a machine that it does not tell").And.Contain("not in turn"));
        JsonElement against = Bench([.. settings, "--against", "ours.json", "torch.json", "--json"]).Succeeds().Json.GetProperty("against");
        Assert.That(against.GetArrayLength(), Is.EqualTo(2));
        foreach (JsonElement ratio in against[1].GetProperty("ratios").EnumerateArray())
            Assert.That((ratio.GetProperty("ratio").GetDouble() > 2, ratio.GetProperty("interleaved").GetBoolean()), Is.EqualTo((true, false)));
        Assert.That(against[1].GetProperty("ratios").EnumerateArray().Select(ratio => ratio.GetProperty("series").GetString()), Is.EqualTo((string[])["spectrum_ms", "audio_ms"]));
    }

    [Test]
    public void Two_saved_results_are_compared_and_said_not_to_be_interleaved()
    {
        File.WriteAllText(At("a.json"), Saved(10));
        File.WriteAllText(At("b.json"), Saved(12));
        CliRun run = Run("bench", "--compare", "a.json", "b.json").Succeeds();
        Assert.That(run.Text, Does.Contain("256 frames, sequential, mel to samples: b.json takes 1.200 × the time of a.json").And.Contain(": slower"));
        Assert.That(run.StandardError, Does.Contain("not interleaved"));
        Assert.That(Run("bench", "--compare", "b.json", "a.json").Succeeds().Text, Does.Contain(": faster"));
        Assert.That(Run("bench", "--compare", "a.json", "a.json").Succeeds().Text, Does.Contain("no difference beyond the noise"));

        static string Saved(double ms) => $$$"""
            {"tool": "t", "device": "d", "model": "m", "runs": [{"frames": 256, "batch": 1, "mode": "sequential", "sessions": 1, "audio_ms":
            {"count": 4, "min": {{{ms}}}, "mean": {{{ms}}}, "median": {{{ms}}}, "p90": {{{ms}}}, "p95": {{{ms}}}, "p99": {{{ms}}},
             "rounds": [{{{ms - 0.1}}}, {{{ms}}}, {{{ms}}}, {{{ms + 0.1}}}]}}]}
            """;
    }

    [Test]
    public void A_model_is_timed_in_turn_with_another()
    {
        // Twice the frames of context to compute for the same sound: much slower, whatever the machine does.
        JsonElement json = Run("bench", Model, "--warm-up", "1", "--duration", "0.3", "--frames", "256", "--versus-windows", "64", "--json").Succeeds().Json;
        JsonElement versus = json.GetProperty("comparisons")[0];
        Assert.That(versus.GetProperty("interleaved").GetBoolean(), Is.True);
        Assert.That(versus.GetProperty("first").GetProperty("rounds").GetArrayLength(), Is.EqualTo(20));
        Assert.That(versus.GetProperty("verdict").GetString(), Is.EqualTo("slower"));
        Assert.That(versus.GetProperty("interval95")[0].GetDouble(), Is.GreaterThan(1));
        CliRun itself = Run("bench", Model, "--warm-up", "1", "--duration", "0.1", "--frames", "16", "--versus", Model).Succeeds();
        Assert.That(itself.Text, Does.Contain("16 frames: itself (").And.Contain("95 % interval"));
    }

    [Test]
    public void Pushes_through_a_network_with_state_are_timed_in_turn_with_windows_and_whole_decodes()
    {
        Run("export", Checkpoint, "--streaming", "--for", "cpu", "--output", "streaming.onnx").Succeeds();
        Assert.That(Run("info", "streaming.onnx", "--json").Succeeds().Json.GetProperty("streaming").GetBoolean());
        JsonElement json = Run("bench", "streaming.onnx", "--stream", "10", "--versus", Model, "--frames", "64", "--warm-up", "1", "--duration", "0", "--iterations", "4", "--json").Succeeds().Json;
        JsonElement run = json.GetProperty("runs")[0];
        Assert.That((run.GetProperty("mode").GetString(), run.GetProperty("frames").GetInt32()), Is.EqualTo(("stream", 10)));
        foreach (string name in (string[])["push_ms", "first_samples_ms"])
            Assert.That(run.GetProperty(name).GetProperty("p99").GetDouble(), Is.Positive, name);
        Assert.That(json.GetProperty("comparisons").GetArrayLength(), Is.EqualTo(2));
        Assert.That(json.GetProperty("first_sample_frames").GetInt32(), Is.EqualTo(json.GetProperty("lookahead_frames").GetInt32() + 1));
        Run("bench", Model, "--stream", "10", "--report", "x.html").FailsWith(2, "--stream measures pushes only");
        Run("export", Checkpoint, "--streaming", "--signal", "waveform", "--output", "y.onnx").FailsWith(2, "--streaming puts out spectra");
    }

    [Test]
    public void Cold_starts_are_measured_step_by_step()
    {
        CliRun run = Run("bench", Model, "--cold-start", "--iterations", "2", "--frames", "16", "--json");
        JsonElement start = RunsOf(run)[0];
        string[] steps = ["runtime_ms", "arguments_ms", "model_ms", "session_ms", "first_decode_ms"];
        foreach (string step in steps)
            Assert.That((start.GetProperty(step).GetProperty("count").GetInt32(), start.GetProperty(step).GetProperty("min").GetDouble() > 0), Is.EqualTo((2, true)), step);
        double means = steps.Sum(step => start.GetProperty(step).GetProperty("mean").GetDouble());
        Assert.That(start.GetProperty("first_sample_ms").GetProperty("mean").GetDouble(), Is.EqualTo(means).Within(1e-6));
        Assert.That(Run("bench", Model, "--cold-start", "--iterations", "1").Succeeds().Text, Does.Contain("process start to first samples"));
    }

    [Test]
    [Platform("Linux")]
    public void Ctrl_C_ends_a_measurement_cleanly()
    {
        CliRun run = CliRun.Run(Path.Combine(AppContext.BaseDirectory, "TrtVocoder.Cli.dll"), Folder, null, [], process =>
        {
            Thread.Sleep(3000);
            using System.Diagnostics.Process kill = System.Diagnostics.Process.Start("kill", ["-INT", $"{process.Id}"]);
            kill.WaitForExit();
        }, "bench", Model, "--frames", "16", "--duration", "600", "--report", "r.html");
        run.FailsWith(130, "Cancelled");
        Assert.That(Files, Is.Empty);
    }
}
