using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Tests;

/// <summary>
/// A small server of KServe's protocol v2 with binary tensors, as far as <c>bench --url</c> uses it: a vocoder behind a scheduler. It can be
/// told to fail, to stall and to answer nonsense.
/// </summary>
internal sealed class ServedFront : IDisposable
{
    private const string HeaderLength = "Inference-Header-Content-Length";

    private readonly HttpListener _listener = new();
    private readonly Vocoder _vocoder;
    private readonly VocoderScheduler _scheduler;
    private readonly Task _serving;
    private readonly TaskCompletionSource _reached = new();
    private int _requests, _answered;
    private long _stalledUntil;

    /// <summary>Serves at once, on a free port of this machine.</summary>
    /// <param name="vocoder">The model; it stays the caller's.</param>
    public ServedFront(Vocoder vocoder)
    {
        _vocoder = vocoder;
        _scheduler = new VocoderScheduler(vocoder);
        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
        }
        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        _serving = Task.Run(ServeAsync);
    }

    public string Address { get; }

    /// <summary>Whether mels are [mels, bands, frames] rather than [bands, frames].</summary>
    public bool HasBatch { get; init; } = true;

    /// <summary>Every so many inferences one is answered with 503; 0: none.</summary>
    public int FailEvery { get; init; }

    /// <summary>From this inference on all are held for <see cref="Stall"/>, once; 0: never.</summary>
    public int StallAt { get; init; }

    public TimeSpan Stall { get; init; }

    /// <summary>Takes the place of an answer; null: none. By path.</summary>
    public Func<string, (int Status, byte[] Body)?> Instead { get; init; } = _ => null;

    /// <summary>Inferences that were asked for.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Those answered with samples.</summary>
    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Ends when the first fifty inferences have been asked for.</summary>
    public Task UnderWay => _reached.Task;

    public void Dispose()
    {
        _listener.Close();
        _serving.Wait();
        _scheduler.Dispose();
    }

    private async Task ServeAsync()
    {
        List<Task> open = [];
        try
        {
            while (true)
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                open.Add(Task.Run(() => AnswerAsync(context)));
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
        {
            // Closed.
        }
        await Task.WhenAll(open);
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        (int status, byte[] body, int? headerLength) answer;
        string path = context.Request.Url!.AbsolutePath;
        using MemoryStream request = new();
        await context.Request.InputStream.CopyToAsync(request);
        if (Instead(path) is { } instead)
            answer = (instead.Status, instead.Body, null);
        else
            answer = path switch
            {
                "/v2" => (200, """{"name": "front", "version": "1", "extensions": ["binary_tensor_data"]}"""u8.ToArray(), null),
                "/v2/models/vocos" => (200, Encoding.UTF8.GetBytes(Describe().ToJsonString()), null),
                "/v2/models/vocos/stats" => (200, Encoding.UTF8.GetBytes(Count().ToJsonString()), null),
                "/v2/models/vocos/infer" => await InferAsync(request.ToArray(), int.Parse(context.Request.Headers[HeaderLength]!)),
                _ => (404, """{"error": "Request for unknown model: it is not found"}"""u8.ToArray(), null),
            };
        try
        {
            context.Response.StatusCode = answer.status;
            if (answer.headerLength is { } length)
                context.Response.AddHeader(HeaderLength, $"{length}");
            context.Response.ContentLength64 = answer.body.Length;
            await context.Response.OutputStream.WriteAsync(answer.body);
            context.Response.Close();
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or IOException)
        {
            // The client went away.
        }
    }

    private async Task<(int Status, byte[] Body, int? HeaderLength)> InferAsync(byte[] body, int jsonLength)
    {
        int number = Interlocked.Increment(ref _requests);
        if (number == 50)
            _reached.TrySetResult();
        if (number == StallAt)
            Volatile.Write(ref _stalledUntil, Stopwatch.GetTimestamp() + (long)(Stall.TotalSeconds * Stopwatch.Frequency));
        if (Volatile.Read(ref _stalledUntil) - Stopwatch.GetTimestamp() is > 0 and long ticks)
            await Task.Delay(TimeSpan.FromSeconds((double)ticks / Stopwatch.Frequency));
        if (FailEvery > 0 && number % FailEvery == 0)
            return (503, """{"error": "the queue is full"}"""u8.ToArray(), null);

        JsonNode input = JsonNode.Parse(body.AsSpan(0, jsonLength))!["inputs"]![0]!;
        int[] shape = [.. input["shape"]!.AsArray().Select(size => (int)size!)];
        byte[] bytes = body[jsonLength..];
        Assert.That(bytes, Has.Length.EqualTo(4 * shape.Aggregate(1, (size, axis) => size * axis)).And.Length.EqualTo((int)input["parameters"]!["binary_data_size"]!));
        Assert.That((shape.Length, shape[^2], (string)input["name"]!), Is.EqualTo((HasBatch ? 3 : 2, _vocoder.MelCount, "mel")));
        float[] mels = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        int batch = HasBatch ? shape[0] : 1, frames = shape[^1], size = _vocoder.MelCount * frames;
        float[][] audio = await Task.WhenAll(Enumerable.Range(0, batch).Select(i => _scheduler.DecodeAsync(mels.AsMemory(i * size, size), frames)));
        byte[] samples = MemoryMarshal.AsBytes<float>(audio.SelectMany(one => one).ToArray()).ToArray();
        byte[] json = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["model_name"] = "vocos",
            ["model_version"] = "1",
            ["outputs"] = new JsonArray(new JsonObject
            {
                ["name"] = "waveform",
                ["datatype"] = "FP32",
                ["shape"] = HasBatch ? new JsonArray(batch, audio[0].Length) : new JsonArray(audio[0].Length),
                ["parameters"] = new JsonObject { ["binary_data_size"] = samples.Length },
            }),
        }.ToJsonString());
        Interlocked.Increment(ref _answered);
        return (200, [.. json, .. samples], json.Length);
    }

    private JsonObject Describe() => new()
    {
        ["name"] = "vocos",
        ["versions"] = new JsonArray("1"),
        ["platform"] = "",
        ["inputs"] = new JsonArray(Tensor("mel", HasBatch ? [-1, _vocoder.MelCount, -1] : [_vocoder.MelCount, -1])),
        ["outputs"] = new JsonArray(Tensor("waveform", HasBatch ? [-1, -1] : [-1])),
    };

    private JsonObject Count() => new()
    {
        ["model_stats"] = new JsonArray(new JsonObject
        {
            ["name"] = "vocos",
            ["version"] = "1",
            ["inference_count"] = Answered,
            ["execution_count"] = _scheduler.Statistics.BatchesRun,
        }),
    };

    private static JsonObject Tensor(string name, int[] shape) =>
        new() { ["name"] = name, ["datatype"] = "FP32", ["shape"] = new JsonArray([.. shape.Select(size => JsonValue.Create(size))]) };
}
