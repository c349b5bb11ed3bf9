using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TrtVocoder.Files;
using TrtVocoder.Soak;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Examples.Tests;

/// <summary>examples/web-service over the loopback.</summary>
public sealed class WebServiceTests
{
    private const int LongFrames = 15_000;
    private const string Neither = "The body is neither a .npy nor a WAV file; send a mel [100, frames] or a recording.";
    private HttpClient _client = new();

    [OneTimeSetUp]
    public void Connect() => _client = new HttpClient { BaseAddress = DemoService.Service.Address };

    [OneTimeTearDown]
    public void Disconnect() => _client.Dispose();

    [Test]
    public async Task A_mel_is_answered_by_the_bytes_of_a_direct_decode()
    {
        SpeechRequest request = MakeRequest(DemoService.SpeechMel);

        using HttpResponseMessage answer = await PostAsync(request.Body);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(answer.Content.Headers.ContentType!.MediaType, Is.EqualTo("audio/wav"));
        Assert.That(await answer.Content.ReadAsByteArrayAsync(), Is.EqualTo(request.Answer));
        Assert.That(answer.Headers.GetValues("Server-Timing").Single(), Does.Match("^upload;dur=.*, mel;dur=.*, wait;dur=.*, decode;dur="));
    }

    [Test]
    public async Task A_recording_is_answered_as_its_mel_is()
    {
        using HttpResponseMessage answer = await PostAsync(await File.ReadAllBytesAsync(TestPaths.Models("vocos-demo", "speech.wav")));

        Assert.That(await answer.Content.ReadAsByteArrayAsync(), Is.EqualTo(MakeRequest(DemoService.SpeechMel).Answer));
    }

    [Test]
    public async Task A_mel_of_one_frame_is_a_WAV_without_samples()
    {
        using HttpResponseMessage answer = await PostAsync(Npy([DemoService.Vocoder.MelCount, 1]));

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await answer.Content.ReadAsByteArrayAsync(), Has.Length.EqualTo(44));
    }

    [Test]
    public async Task The_first_bytes_come_while_the_decode_runs_others_are_refused_and_a_disconnect_ends_it()
    {
        double cancelled = await ReadMetricAsync(CancelledDecodes());
        using (HttpResponseMessage answer = await PostAsync(Npy([DemoService.Vocoder.MelCount, LongFrames])))
        {
            await using Stream speech = await answer.Content.ReadAsStreamAsync();
            await speech.ReadExactlyAsync(new byte[1024]);

            // The only session is still at work.
            using HttpResponseMessage other = await PostAsync(Npy([DemoService.Vocoder.MelCount, 3]));
            Assert.That(other.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
            Assert.That(other.Headers.RetryAfter!.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
            Assert.That(await ReadDetailAsync(other), Is.EqualTo("The vocoder is busy: 0 callers wait for a session already."));
        }

        for (int i = 0; i < 50 && await ReadMetricAsync(CancelledDecodes()) == cancelled; i++)
            await Task.Delay(100);
        Assert.That(await ReadMetricAsync(CancelledDecodes()), Is.EqualTo(cancelled + 1));
        using HttpResponseMessage next = await PostAsync(Npy([DemoService.Vocoder.MelCount, 3]));
        Assert.That(next.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [TestCase("", Neither, TestName = "An_empty_body_is_refused")]
    [TestCase("mel", Neither, TestName = "Text_is_refused")]
    [TestCase("RIFFmel", "The body is not a WAV file: it does not begin with RIFF and WAVE", TestName = "A_damaged_WAV_is_refused")]
    [TestCase("\u0093NUMPY\u0001\u0000", "The body is truncated within its header.", TestName = "A_truncated_header_is_refused")]
    public async Task A_body_that_is_no_mel_is_refused(string body, string sentence) =>
        await AssertRefusedAsync([.. body.Select(character => (byte)character)], HttpStatusCode.BadRequest, sentence);

    [Test]
    public async Task A_mel_that_the_model_does_not_take_is_refused_by_a_sentence()
    {
        float[] values = new float[300];
        values[204] = float.NaN;
        await AssertRefusedAsync(Npy([100, 3], values), HttpStatusCode.BadRequest, "The mel holds NaN in band 68, frame 0");
        await AssertRefusedAsync(
            Npy([80, 3]), HttpStatusCode.BadRequest, "The body has the shape [80, 3]; expected a mel [100, frames] or [1, 100, frames].");
        await AssertRefusedAsync(Npy([100, 0]), HttpStatusCode.BadRequest, "The body is empty: its mel has 0 frames.");
        await AssertRefusedAsync(Npy([100, 3])[..^1], HttpStatusCode.BadRequest, "The body is truncated");
        await AssertRefusedAsync(
            Wav(new float[100]), HttpStatusCode.BadRequest, "The body is too short: 100 samples at 24000 Hz, at least 513 are needed.");
        await AssertRefusedAsync(new byte[(8 << 20) + 1], HttpStatusCode.RequestEntityTooLarge, "Request body too large");
    }

    [Test]
    public async Task A_service_says_how_it_is_and_what_it_has()
    {
        Assert.That(await _client.GetStringAsync(new Uri("/healthz", UriKind.Relative)), Is.EqualTo("Healthy"));
        JsonNode model = JsonNode.Parse(await _client.GetStringAsync(new Uri("/model", UriKind.Relative)))!;
        Assert.That((string)model["backend"]!, Is.EqualTo(DemoService.Vocoder.Info.Backend));
        Assert.That(((int)model["sampleRate"]!, (int)model["melCount"]!), Is.EqualTo((24000, 100)));
        using HttpResponseMessage nothing = await _client.GetAsync(new Uri("/nothing", UriKind.Relative));
        Assert.That(nothing.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task A_short_soak_finds_no_wrong_byte_and_a_drained_end()
    {
        string model = Path.ChangeExtension(DemoService.Model, "tiny.onnx");
        Export.Onnx.OnnxExporter.Export(Export.Checkpoints.VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-center")), model);

        SoakResult result = await ServiceSoak.RunAsync(model, new SoakOptions(Requests: 400, TimeSpan.FromSeconds(6)));

        TestContext.Out.WriteLine(result);
        Assert.That(result.Faults, Is.Empty);
        Assert.That(
            result.Endings.Keys,
            Is.SupersetOf((string[])["right, whole", "right, left by the client", "damaged, refused by a sentence"]));
    }

    private static SpeechRequest MakeRequest(FloatTensor mel)
    {
        using VocoderSession session = DemoService.Vocoder.CreateSession();
        return SpeechRequest.Make(session, DemoService.Vocoder, mel);
    }

    private static string CancelledDecodes() =>
        "trtvocoder_decode_duration_seconds_count{[^}]*error_type=\"System.OperationCanceledException\"";

    private async Task AssertRefusedAsync(byte[] body, HttpStatusCode status, string sentence)
    {
        using HttpResponseMessage answer = await PostAsync(body);
        Assert.That(answer.StatusCode, Is.EqualTo(status));
        Assert.That(answer.Content.Headers.ContentType!.MediaType, Is.EqualTo("application/problem+json"));
        Assert.That(await ReadDetailAsync(answer), Does.StartWith(sentence));
    }

    private async Task<double> ReadMetricAsync(string pattern)
    {
        Match match = Regex.Match(await _client.GetStringAsync(new Uri("/metrics", UriKind.Relative)), pattern + @"[^}]*\} ([\d.]+)");
        return match.Success ? double.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : 0;
    }

    private static async Task<string?> ReadDetailAsync(HttpResponseMessage answer) =>
        (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"];

    /// <summary>Sends the body when the service asks for it: one that is too large is refused before.</summary>
    private Task<HttpResponseMessage> PostAsync(byte[] body) => _client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/speech") { Content = new ByteArrayContent(body), Headers = { ExpectContinue = true } },
        HttpCompletionOption.ResponseHeadersRead);

    private static byte[] Npy(int[] shape, float[]? values = null)
    {
        using MemoryStream stream = new();
        NpyFile.Write(stream, new FloatTensor(shape, values ?? new float[shape.Aggregate(1, (size, length) => size * length)]));
        return stream.ToArray();
    }

    private static byte[] Wav(float[] samples)
    {
        using MemoryStream stream = new();
        WavFile.Write(stream, samples, 1, 24000, WavSampleFormat.Pcm16);
        return stream.ToArray();
    }
}
