using System.Diagnostics;
using System.Net;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Soak;

/// <summary>
/// Many clients of the web service at once, which also go away, change their minds and send rubbish: no byte may be wrong, threads and
/// memory may not grow, and the service ends only when it has answered whom it has heard.
/// </summary>
public static class ServiceSoak
{
    private const int Mels = 48;
    private const int MaxFrames = 600;
    private const int DrainFrames = 4000;
    private const int DrainRequests = 8;
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(30);

    /// <summary>Runs it.</summary>
    /// <param name="model">An .onnx.</param>
    /// <param name="options">How long and how hard.</param>
    /// <param name="progress">Takes a line now and then.</param>
    public static async Task<SoakResult> RunAsync(string model, SoakOptions options, Action<string>? progress = null)
    {
        SoakResult result = new();
        Random random = new(options.Seed);
        // One thread a session, as the service: then runs of one length round alike.
        using Vocoder vocoder = Vocoder.Load(model, new VocoderOptions { Threads = 1 });
        using VocoderSession session = vocoder.CreateSession();
        SpeechRequest[] requests =
            [.. Enumerable.Range(0, Mels).Select(i => SpeechRequest.Make(session, vocoder, 1 + (MaxFrames * i * i / Mels / Mels), random))];
        SpeechRequest last = SpeechRequest.Make(session, vocoder, DrainFrames, random);

        await using ServiceProcess service = await ServiceProcess.StartAsync(
            model, "TrtVocoder:Sessions=2", "TrtVocoder:Threads=1", "TrtVocoder:MaxWaiting=64", "Logging:LogLevel:Default=Warning",
            "Logging:LogLevel:Microsoft.Hosting.Lifetime=Information");
        using SocketsHttpHandler handler = new() { Expect100ContinueTimeout = EndLimit };
        using HttpClient client = new(handler) { BaseAddress = service.Address };

        Stopwatch clock = Stopwatch.StartNew();
        int left = options.Requests;
        using CancellationTokenSource ended = new();
        Task watching = WatchAsync();
        await Task.WhenAll(Enumerable.Range(0, options.Clients).Select(i => RunClientAsync(new Random(options.Seed + 1 + i))));
        result.Time = clock.Elapsed;
        await ended.CancelAsync();
        await watching;
        result.JudgeGrowth();
        await DrainAsync(service, client, last, result);
        if (service.Log.Contains("fail:", StringComparison.Ordinal) || service.Log.Contains("crit:", StringComparison.Ordinal))
            result.Fail($"The service logged errors: {service.Log}");
        return result;

        async Task RunClientAsync(Random own)
        {
            while (Interlocked.Decrement(ref left) >= 0 && clock.Elapsed < options.Limit)
            {
                try
                {
                    await AskAsync(client, requests[own.Next(Mels)], vocoder.MelCount, own, result);
                }
                catch (Exception error)
                {
                    result.Fail($"A request failed: {error.Message}");
                }
            }
        }

        async Task WatchAsync()
        {
            while (!ended.IsCancellationRequested)
            {
                result.Samples.Add((clock.Elapsed.TotalSeconds, service.Threads, service.ResidentMiB));
                if (result.Samples.Count % 20 == 0)
                    progress?.Invoke($"{clock.Elapsed.TotalSeconds:f0} s: {options.Requests - Math.Max(0, left)} requests, "
                        + $"{service.Threads} threads, {service.ResidentMiB:f0} MiB");
                await Task.Delay(500, ended.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }

    private static async Task AskAsync(HttpClient client, SpeechRequest request, int bands, Random random, SoakResult result)
    {
        double kind = random.NextDouble();
        if (kind < 0.12)
            await AskDamagedAsync(client, DamagedMels.Make(request.Body, bands, random), result);
        else if (kind < 0.20)
            await AskCancelledAsync(client, request, random.Next(20), result);
        else
            await AskWholeAsync(client, request, kind < 0.30 ? random.Next(request.Answer.Length) : null, result);
    }

    /// <summary>Reads an answer, whole or up to some byte, after which the connection is closed, and compares what came.</summary>
    private static async Task AskWholeAsync(HttpClient client, SpeechRequest request, int? leaveAt, SoakResult result)
    {
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage answer = await PostAsync(client, new ByteArrayContent(request.Body), CancellationToken.None);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            result.Fail($"A mel was answered by {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            return;
        }
        await using Stream stream = await answer.Content.ReadAsStreamAsync();
        byte[] block = new byte[1 << 16];
        int count = 0;
        double? firstByteMs = null;
        while (count <= (leaveAt ?? int.MaxValue))
        {
            int got = await stream.ReadAsync(block);
            if (got == 0)
                break;
            firstByteMs ??= Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (count + got > request.Answer.Length || !block.AsSpan(0, got).SequenceEqual(request.Answer.AsSpan(count, got)))
            {
                result.Fail($"An answer of {request.Answer.Length} bytes differs from the direct decode's behind byte {count}.");
                return;
            }
            count += got;
        }
        if (leaveAt is null && count != request.Answer.Length)
            result.Fail($"An answer ended after {count} of {request.Answer.Length} bytes.");
        result.Count(leaveAt is null ? "right, whole" : "right, left by the client", count, leaveAt is null ? firstByteMs : null);
    }

    private static async Task AskCancelledAsync(HttpClient client, SpeechRequest request, int afterMs, SoakResult result)
    {
        using CancellationTokenSource impatience = new(afterMs);
        try
        {
            using HttpResponseMessage answer = await PostAsync(client, new ByteArrayContent(request.Body), impatience.Token);
            byte[] bytes = await answer.Content.ReadAsByteArrayAsync(impatience.Token);
            if (!bytes.AsSpan().SequenceEqual(request.Answer))
                result.Fail($"An answer of {request.Answer.Length} bytes differs from the direct decode's.");
            result.Count("right, before it was cancelled", bytes.Length, null);
        }
        catch (Exception error) when (
            impatience.IsCancellationRequested && error is OperationCanceledException or HttpRequestException or IOException)
        {
            result.Count("cancelled by the client", 0, null);
        }
    }

    private static async Task AskDamagedAsync(HttpClient client, byte[] body, SoakResult result)
    {
        using HttpResponseMessage answer = await PostAsync(client, new ByteArrayContent(body), CancellationToken.None);
        string problem = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode != HttpStatusCode.BadRequest || answer.Content.Headers.ContentType?.MediaType != "application/problem+json"
            || !problem.Contains("\"detail\":\"The ", StringComparison.Ordinal))
            result.Fail($"A damaged mel was answered by {(int)answer.StatusCode}: {problem}");
        result.Count("damaged, refused by a sentence", 0, null);
    }

    /// <summary>The service is asked to end while it has requests: these are answered wholly, others find nobody.</summary>
    private static async Task DrainAsync(ServiceProcess service, HttpClient client, SpeechRequest request, SoakResult result)
    {
        AcceptedContent[] bodies = [.. Enumerable.Range(0, DrainRequests).Select(_ => new AcceptedContent(request.Body))];
        Task<byte[]>[] answers = [.. bodies.Select(AnswerAsync)];
        await Task.WhenAll(bodies.Select(body => body.Accepted));
        int early = answers.Count(answer => answer.IsCompleted);
        await service.TerminateAsync();
        foreach (Task<byte[]> answer in answers)
        {
            try
            {
                byte[] bytes = await answer;
                if (!bytes.AsSpan().SequenceEqual(request.Answer))
                    result.Fail("An answer under way when the service was asked to end differs from the direct decode's.");
                result.Count("right, when the service was to end", bytes.Length, null);
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                result.Fail($"A request under way when the service was asked to end was not answered: {error.Message}");
            }
        }
        if (early == DrainRequests)
            result.Fail("All requests were answered before the service was asked to end, which shows nothing.");
        try
        {
            int code = await service.WaitForEndAsync(EndLimit);
            if (code != 0)
                result.Fail($"The service ended by exit code {code}: {service.Log}");
        }
        catch (TimeoutException)
        {
            result.Fail($"The service did not end within {EndLimit.TotalSeconds} s.");
        }

        async Task<byte[]> AnswerAsync(AcceptedContent body)
        {
            using HttpRequestMessage message = new(HttpMethod.Post, "/speech") { Content = body, Headers = { ExpectContinue = true } };
            using HttpResponseMessage answer = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
            answer.EnsureSuccessStatusCode();
            return await answer.Content.ReadAsByteArrayAsync();
        }
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, HttpContent body, CancellationToken cancellationToken) =>
        client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/speech") { Content = body }, HttpCompletionOption.ResponseHeadersRead,
            cancellationToken);
}
