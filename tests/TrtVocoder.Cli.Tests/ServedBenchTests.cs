using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Tests;

/// <summary><c>bench --url</c> against a small server of KServe's protocol v2.</summary>
public class ServedBenchTests : CliFixture
{
    private Vocoder _vocoder = null!;

    [OneTimeSetUp]
    public void Load() => _vocoder = Vocoder.Load(Model, new VocoderOptions { Threads = 1 });

    [OneTimeTearDown]
    public void Unload() => _vocoder.Dispose();

    private CliRun Bench(ServedFront front, params string[] more) =>
        Run(["bench", "--url", front.Address, "--warm-up", "0", "--duration", "0", .. more]);

    private static JsonElement[] RunsOf(CliRun run) => [.. run.Succeeds().Json.GetProperty("runs").EnumerateArray()];

    [Test]
    public void Every_answer_of_closed_and_open_loops_is_the_direct_decode_and_is_counted([Values] bool hasBatch)
    {
        using ServedFront front = new(_vocoder) { HasBatch = hasBatch };
        File.WriteAllText(At("lengths.txt"), "16\n40\n23\n");

        JsonElement[] runs = RunsOf(Bench(
            front, Model, "--lengths", "lengths.txt", "--concurrency", "1,4", "--rate", "200", "--iterations", "20", "--threads", "1", "--json"));

        Assert.That(runs.Select(run => run.GetProperty("mode").GetString()), Is.EqualTo((string[])["1 at once, closed loop", "4 at once, closed loop", "200 a second, open loop"]));
        Assert.That((runs[1].GetProperty("clients").GetInt32(), runs[2].GetProperty("rate_per_s").GetDouble()), Is.EqualTo((4, 200)));
        foreach (JsonElement run in runs)
        {
            Assert.That(run.GetProperty("failed").GetInt32(), Is.Zero);
            // A program that was compiled ahead of time rounds in other places than this process, which serves.
            Assert.That(
                run.GetProperty("equal").GetBoolean() ? double.PositiveInfinity : run.GetProperty("worst_db").GetDouble(), Is.GreaterThan(CliRun.IsNative ? 110 : 1000), "dB");
            int answers = run.GetProperty("answer_ms").GetProperty("count").GetInt32();
            Assert.That(answers, Is.EqualTo(20));
            Assert.That(run.GetProperty("inference_count").GetInt32(), Is.EqualTo(answers), "by the server's own count");
            Assert.That(run.GetProperty("mels_per_execution").GetDouble(), Is.InRange(0.9, 4));
            Assert.That(run.GetProperty("audio_s").GetDouble(), Is.EqualTo((15 + 39 + 22) * 256 / 24000.0 / 3).Within(0.05));
        }
        Assert.That(runs[2].GetProperty("late_ms").GetProperty("count").GetInt32(), Is.EqualTo(20));
        // Beside them two requests that are looked at first, and one for each client or open loop to warm up.
        Assert.That(front.Requests, Is.EqualTo((3 * 20) + 2 + 1 + 4 + 1));
        Assert.That(front.Answered, Is.EqualTo(front.Requests));
    }

    [Test]
    public void The_table_tells_every_load_and_several_mels_a_request_are_sent_together()
    {
        using ServedFront front = new(_vocoder);

        string text = Bench(front, "--frames", "16", "--batch", "3", "--concurrency", "2").Succeeds().Text;

        Assert.That(text, Does.StartWith($"{front.Address}, vocos: mel FP32 [-1, 100, -1] -> waveform FP32 [-1, -1]; asked from "));
        Assert.That(text, Does.Match(@"16 frames × 3 +answers +p50 ms +p90 ms +p99 ms +max ms +mels/s +speech s/s +mels/execution +failed\n  2 at once, closed loop +10 .* 0\n"));
    }

    [Test]
    public void A_server_that_fails_every_tenth_request_is_told_with_the_reason_and_times_are_of_the_others()
    {
        using ServedFront front = new(_vocoder) { FailEvery = 10 };

        // Two requests are looked at first, one warms up: of the hundred behind them, the numbers 10 to 100 fail.
        JsonElement run = RunsOf(Bench(front, "--frames", "16", "--iterations", "100", "--json"))[0];

        Assert.That((run.GetProperty("failed").GetInt32(), run.GetProperty("answer_ms").GetProperty("count").GetInt32()), Is.EqualTo((10, 90)));
        JsonElement failure = run.GetProperty("failures").EnumerateArray().Single();
        Assert.That((failure.GetProperty("kind").GetString(), failure.GetProperty("count").GetInt32()), Is.EqualTo(("HTTP 503", 10)));
        Assert.That(failure.GetProperty("first").GetString(), Is.EqualTo($"{front.Address}/v2/models/vocos/infer answered 503: the queue is full."));
        Assert.That(Bench(front, "--frames", "16", "--iterations", "30").Succeeds().Text, Does.Contain("1 at once, closed loop: 3 × HTTP 503, the first: "));
    }

    [Test]
    public void A_server_that_stalls_once_is_seen_in_an_open_loop_by_all_who_came_meanwhile()
    {
        using ServedFront front = new(_vocoder) { StallAt = 30, Stall = TimeSpan.FromMilliseconds(300) };

        // 30 of 100 arrivals come within the stall, and wait between 0 and 300 ms for its end.
        JsonElement times = RunsOf(Bench(front, "--frames", "16", "--rate", "100", "--iterations", "100", "--json"))[0].GetProperty("answer_ms");

        Assert.That(times.GetProperty("p99").GetDouble(), Is.GreaterThan(250));
        Assert.That(times.GetProperty("p90").GetDouble(), Is.GreaterThan(100));
    }

    [Test]
    [Platform("Linux")]
    public void A_generator_that_was_stopped_itself_counts_from_when_it_should_have_sent()
    {
        using ServedFront front = new(_vocoder);

        CliRun run = CliRun.Run(CliRun.Program, Folder, null, [], process =>
        {
            Assert.That(front.UnderWay.Wait(TimeSpan.FromSeconds(60)));
            Signal(process, "STOP");
            Thread.Sleep(400);
            Signal(process, "CONT");
        }, "bench", "--url", front.Address, "--warm-up", "0", "--duration", "0", "--frames", "16", "--rate", "100", "--iterations", "150", "--json");

        JsonElement result = RunsOf(run)[0];
        Assert.That(result.GetProperty("late_ms").GetProperty("p99").GetDouble(), Is.GreaterThan(300));
        Assert.That(result.GetProperty("answer_ms").GetProperty("p99").GetDouble(), Is.GreaterThan(300));

        static void Signal(Process process, string name)
        {
            using Process kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
            kill.WaitForExit();
        }
    }

    [Test]
    public void An_answer_in_another_voice_than_that_of_the_model_beside_it_is_refused()
    {
        using ServedFront front = new(_vocoder);
        Run("export", TestPaths.Data("golden", "tiny-center"), "--output", "tiny.onnx").Succeeds();
        Bench(front, "tiny.onnx", "--frames", "16").FailsWith(8, "answered a mel of 16 frames wrongly: ", " dB from the model's own samples.");
    }

    [Test]
    public void A_server_that_is_not_there_refuses_or_answers_nonsense_is_told_in_a_sentence()
    {
        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            string nobody = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
            free.Stop();
            Run("bench", "--url", nobody).FailsWith(8, $"No server answers at {nobody}: Connection refused.");
        }
        Fails(8, _ => (404, "<html>"), "/v2 answered 404; a server of KServe's protocol v2 tells of itself there.");
        Fails(8, _ => (200, "<html>"), "/v2 is not what KServe's protocol v2 has there: it is no JSON.");
        Fails(8, path => path == "/v2" ? null : (503, """{"error": "not ready"}"""), "/v2/models/vocos answered 503: not ready.");
        Fails(8, path => path == "/v2" ? null : (200, """{"name": "vocos"}"""), "'inputs' is missing");
        Fails(8, Infer(200, "samples"), "has no header Inference-Header-Content-Length");
        Fails(8, Infer(200, new string('x', 2 << 20)), "/infer answered more than 1179648 bytes, the most that is expected there.");
        Fails(8, path => path == "/v2" ? (200, new string(' ', 2 << 20)) : null, "/v2 answered more than 1048576 bytes");
        Fails(8, Infer(400, """{"error": "unexpected\nshape"}"""), "/infer answered 400: unexpected shape.");

        static Func<string, (int, string)?> Infer(int status, string body) => path => path.EndsWith("/infer") ? (status, body) : null;
    }

    [Test]
    public void A_model_that_is_unknown_or_no_vocoder_is_told_in_a_sentence()
    {
        using ServedFront front = new(_vocoder);
        Bench(front, "--served-model", "tacotron").FailsWith(2, $"{front.Address} has no model 'tacotron' (--served-model)", "unknown model");
        Bench(front, "--served-model", "../up").FailsWith(2, "has no model '../up'");
        Fails(3, path => path != "/v2/models/vocos" ? null : (200,
            """{"name": "vocos", "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}], "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1]}]}"""),
            "'vocos' is no vocoder: it takes text BYTES [-1] and gives y FP32 [-1]; expected one mel FP32");
    }

    [Test]
    public void Options_that_do_not_fit_a_server_are_refused()
    {
        Run("bench", "--rate", "10").FailsWith(2, "--rate is for servers: give --url.");
        Run("bench", "--url", "localhost:8000").FailsWith(2, "--url 'localhost:8000': expected http://HOST:PORT");
        Run("bench", "--url", "http://localhost:1", "--rate", "10,0").FailsWith(2, "--rate 10,0: expected requests a second");
        Run("bench", "--url", "http://localhost:1", "--concurrency", "1.5").FailsWith(2, "--concurrency 1.5: expected clients from 1 to 1024");
        Run("bench", "--url", "http://localhost:1", "--threads", "2").FailsWith(2, "--url and --threads exclude each other without a MODEL");
        Run("bench", "--url", "http://localhost:1", "--report", "r.html").FailsWith(2, "--url and --report exclude each other.");
        using ServedFront front = new(_vocoder) { HasBatch = false };
        Bench(front, "--batch", "2").FailsWith(2, "--batch 2", "takes one mel a request");
    }

    private void Fails(int exitCode, Func<string, (int Status, string Body)?> instead, string words)
    {
        using ServedFront front = new(_vocoder) { Instead = path => instead(path) is { } answer ? (answer.Status, Encoding.UTF8.GetBytes(answer.Body)) : null };
        Bench(front, "--frames", "16").FailsWith(exitCode, words);
    }
}
