using System.Text.Json;

namespace TrtVocoder.Cli.Tests;

/// <summary><c>bench</c> of an engine on the simulated GPU, whose events and profiler tell times as a real one's do.</summary>
public class BenchEngineTests : EngineFixture
{
    private static readonly Lazy<string> ShortEngine = new(() => Build("tiny-center-64", "64"));

    private CliRun Bench(params string[] more) =>
        RunSimulated(["bench", ShortEngine.Value, "--warm-up", "0", "--duration", "0", "--iterations", "3", "--mode", "sequential", .. more]);

    private JsonElement Read(string name) => JsonDocument.Parse(File.ReadAllBytes(At(name))).RootElement;

    [Test]
    public void Every_part_of_a_decode_on_the_GPU_is_told()
    {
        JsonElement json = Bench("--frames", "16", "--windows", "off", "--json").Succeeds().Json;
        Assert.That(json.GetProperty("device").GetString(), Is.EqualTo("Simulated GPU"));
        JsonElement run = json.GetProperty("runs")[0];
        foreach (string name in (string[])["audio_ms", "spectrum_ms", "h2d_ms", "enqueue_ms", "compute_ms", "d2h_ms", "latency_ms", "istft_ms", "end_to_end_ms"])
            Assert.That(run.GetProperty(name).GetProperty("min").GetDouble(), Is.GreaterThan(0), name);
        Assert.That(run.GetProperty("kept_shapes").GetInt32(), Is.GreaterThan(0));
        Assert.That(run.GetProperty("device_bytes").GetInt64(), Is.GreaterThan(0));
    }

    [Test]
    public void Without_windows_a_new_length_sets_a_shape_and_is_a_series_of_its_own()
    {
        JsonElement run = Bench("--frames", "16", "--windows", "off", "--json").Succeeds().Json.GetProperty("runs")[0];
        Assert.That(run.GetProperty("shape_changes").GetInt32(), Is.EqualTo(3));
        Assert.That(run.GetProperty("shape_change_ms").GetProperty("count").GetInt32(), Is.EqualTo(3));
        Assert.That(run.GetProperty("new_length_ms").GetProperty("count").GetInt32(), Is.EqualTo(3));
    }

    [Test]
    public void With_windows_no_length_of_a_replay_sets_a_shape()
    {
        File.WriteAllText(At("lengths.txt"), "64\n70\n65\n90\n");
        JsonElement run = Bench("--lengths", "lengths.txt", "--windows", "64", "--json").Succeeds().Json.GetProperty("runs")[0];
        Assert.That(run.GetProperty("audio_ms").GetProperty("count").GetInt32(), Is.EqualTo(4));
        Assert.That(run.GetProperty("shape_changes").GetInt32(), Is.Zero);
        Assert.That(run.GetProperty("windows").GetDouble(), Is.GreaterThan(1));
        File.WriteAllText(At("short.txt"), "20\n30\n25\n");
        JsonElement off = Bench("--lengths", "short.txt", "--windows", "off", "--json").Succeeds().Json.GetProperty("runs")[0];
        Assert.That(off.GetProperty("shape_changes").GetInt32(), Is.GreaterThan(0));
    }

    [Test]
    public void Layer_times_and_the_inspectors_text_are_exported()
    {
        Bench("--frames", "16", "--windows", "off", "--export-times", "t.json", "--export-profile", "p.json", "--export-layer-info", "l.json", "--report", "r.html").Succeeds();
        JsonElement[] times = [.. Read("t.json").EnumerateArray()];
        Assert.That(times, Has.Length.EqualTo(3));
        foreach (JsonElement time in times)
        {
            string[] order = ["startH2dMs", "endH2dMs", "startComputeMs", "endComputeMs", "startD2hMs", "endD2hMs"];
            // Moments are single-precision milliseconds since an event, as CUDA tells them: good to a microsecond.
            foreach ((string before, string after) in order.Zip(order.Skip(1)))
                Assert.That(time.GetProperty(after).GetDouble(), Is.GreaterThanOrEqualTo(time.GetProperty(before).GetDouble() - 0.001), after);
            Assert.That(time.GetProperty("latencyMs").GetDouble(), Is.EqualTo(((string[])["h2dMs", "computeMs", "d2hMs"]).Sum(name => time.GetProperty(name).GetDouble())).Within(1e-9));
        }
        string?[] layers = [.. Read("l.json").GetProperty("Layers").EnumerateArray().Select(layer => layer.GetProperty("Name").GetString())];
        JsonElement[] profile = [.. Read("p.json").EnumerateArray()];
        Assert.That(profile[0].GetProperty("count").GetInt32(), Is.EqualTo(3));
        Assert.That(profile.Skip(1).Select(layer => layer.GetProperty("name").GetString()), Is.EqualTo(layers));
        Assert.That(File.ReadAllText(At("r.html")), Does.Contain("Simulated GPU"));
    }

    [Test]
    public void Frames_beyond_the_profile_are_covered_by_windows()
    {
        JsonElement run = Bench("--frames", "100", "--json").Succeeds().Json.GetProperty("runs")[0];
        Assert.That(run.GetProperty("windows").GetDouble(), Is.GreaterThan(1));
        Assert.That(run.TryGetProperty("spectrum_ms", out _), Is.False, "the network alone does not take so many frames");
    }

    [Test]
    public void A_missing_GPU_is_said_by_cold_starts_too() =>
        RunSimulated([("TRTV_CUDA_DIR", Folder)], "bench", ShortEngine.Value, "--cold-start", "--iterations", "1").FailsWith(5, "driver");
}
