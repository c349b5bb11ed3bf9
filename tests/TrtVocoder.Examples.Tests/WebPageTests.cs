using System.Globalization;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Examples.Tests;

/// <summary>
/// The page of examples/web-service, in headless Chromium. TRTV_TEST_SCREENSHOT=FILE.png keeps a picture of it.
/// </summary>
public sealed class WebPageTests
{
    private const double MaxFirstAudioMs = 300;
    private const int Plays = 5;
    private const double ClipSeconds = 1.5;

    private string _folder = "";
    private Browser? _browser;

    private Browser Page => _browser!;

    [OneTimeSetUp]
    public async Task StartBrowser()
    {
        if (Browser.Find() is not { } program)
        {
            Needed.Missing(
                "There is no Chromium (Debian: chromium-headless-shell); TRTV_TEST_BROWSER may name one.", Assert.Ignore, Needed.Browser);
            return;
        }
        _folder = Directory.CreateTempSubdirectory("trtv-page").FullName;
        _browser = await Browser.StartAsync(program);
    }

    [OneTimeTearDown]
    public async Task EndBrowser()
    {
        if (_browser is null)
            return;
        await _browser.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [SetUp]
    public async Task Open()
    {
        await Page.OpenAsync(DemoService.Service.Address);
        await Page.WaitUntilAsync("document.getElementById('model').textContent.includes('24000 Hz')");
    }

    [Test]
    public async Task A_recording_is_played_to_its_end()
    {
        WavAudio speech = WavFile.Read(TestPaths.Models("vocos-demo", "speech.wav"));
        string clip = Path.Combine(_folder, "clip.wav");
        WavFile.Write(
            clip, speech.ToMono()[..(int)(ClipSeconds * speech.SampleRate)], 1, speech.SampleRate, WavSampleFormat.Pcm16, overwrite: true);

        await SpeakAsync(clip);
        await Page.WaitUntilAsync("document.body.dataset.state === 'done' || document.body.dataset.state === 'failed'");

        Assert.That(await ReadMessageAsync(), Does.StartWith("clip.wav: 1.49 s of speech"));
        int samples = (int)await ReadDataAsync("samples");
        Assert.That(samples, Is.InRange(1.48 * speech.SampleRate, ClipSeconds * speech.SampleRate), "samples received");
        Assert.That(await ReadDataAsync("played"), Is.EqualTo(samples), "samples that left for the sound card");
        Assert.That(await ReadDataAsync("peak"), Is.GreaterThan(0.1), "the loudest of them");
        Assert.That(Page.Complaints, Is.Empty);
    }

    [Test]
    public async Task The_first_audio_of_a_mel_comes_within_300_ms_and_while_more_arrives()
    {
        string mel = Path.Combine(_folder, "speech.npy");
        NpyFile.Write(mel, DemoService.SpeechMel, overwrite: true);
        List<double> firstAudioMs = [];
        int early = 0;
        for (int i = 0; i < Plays; i++)
        {
            await SpeakAsync(mel);
            foreach (string time in (string[])["first-audio", "total"])
                await Page.WaitUntilAsync($"document.getElementById('{time}').textContent !== '–'");
            TestContext.Out.WriteLine(await Page.EvaluateAsync("document.querySelector('table').innerText.replaceAll('\\n', '; ')"));
            firstAudioMs.Add(await ReadMsAsync("first-audio"));
            if (firstAudioMs[^1] < await ReadMsAsync("total"))
                early++;
            if (i == Plays - 1 && Environment.GetEnvironmentVariable("TRTV_TEST_SCREENSHOT") is { } path)
            {
                await Task.Delay(TimeSpan.FromSeconds(4));
                await File.WriteAllBytesAsync(path, await Page.ScreenshotAsync());
            }
            await Page.ClickAsync("#stop");
            await Page.WaitUntilAsync("document.body.dataset.state === 'stopped'");
        }

        // The quickest: other work on the machine only adds to what two cores need for service, browser and test.
        Assert.That(firstAudioMs.Min(), Is.LessThan(MaxFirstAudioMs));
        Assert.That(early, Is.GreaterThan(0), "plays that began before the last byte");
        Assert.That(Page.Complaints, Is.Empty);
    }

    [Test]
    public async Task A_file_that_is_too_large_is_not_sent()
    {
        string large = Path.Combine(_folder, "large.wav");
        await File.WriteAllBytesAsync(large, new byte[(8 << 20) + 1]);

        await SpeakAsync(large);
        await Page.WaitUntilAsync("document.body.dataset.state === 'failed'");

        Assert.That(await ReadMessageAsync(), Is.EqualTo("large.wav has 8.0 MiB; the service takes at most 8.0."));
        Assert.That(Page.Complaints, Is.Empty);
    }

    [Test]
    public async Task What_the_service_refuses_is_said_in_its_words()
    {
        string damaged = Path.Combine(_folder, "damaged.npy");
        await File.WriteAllTextAsync(damaged, "no mel");

        await SpeakAsync(damaged);
        await Page.WaitUntilAsync("document.body.dataset.state === 'failed'");

        Assert.That(await ReadMessageAsync(), Does.Contain("neither a .npy nor a WAV file"));
    }

    private async Task SpeakAsync(string file)
    {
        await Page.ChooseFileAsync("#file", file);
        await Page.ClickAsync("#speak");
        await Page.WaitUntilAsync("document.body.dataset.state !== 'idle' && document.body.dataset.state !== 'stopped'");
    }

    private async Task<string> ReadMessageAsync() => (string)(await Page.EvaluateAsync("document.getElementById('message').textContent"))!;

    private async Task<double> ReadMsAsync(string id) => double.Parse(
        ((string)(await Page.EvaluateAsync($"document.getElementById('{id}').textContent"))!).Split(' ')[0], CultureInfo.InvariantCulture);

    private async Task<double> ReadDataAsync(string name) =>
        double.Parse((string)(await Page.EvaluateAsync($"document.body.dataset.{name}"))!, CultureInfo.InvariantCulture);
}
