using System.Globalization;
using TrtVocoder.Dsp;
using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Examples.Tests;

/// <summary>The page of examples/web-service, in headless Chromium.</summary>
public sealed class WebPageTests
{
    private const double MaxFirstAudioMs = 300;
    private const int Plays = 5;

    private static readonly string Speech = TestPaths.Models("vocos-demo", "speech.wav");

    [Test]
    public async Task A_page_plays_a_recording_while_it_still_arrives_and_a_mel_and_says_why_not()
    {
        await using Browser browser = await StartBrowserAsync();
        await browser.OpenAsync(DemoService.Service.Address);
        await browser.WaitUntilAsync("document.getElementById('model').textContent.includes('24000 Hz')");
        int samples = DemoService.Vocoder.GetSampleCount(CountFrames());

        List<double> firstAudioMs = [];
        for (int i = 0; i < Plays; i++)
        {
            await browser.ChooseFileAsync("#file", Speech);
            await browser.ClickAsync("#speak");
            await browser.WaitUntilAsync("document.body.dataset.state === 'playing' || document.body.dataset.state === 'failed'");
            if (i < Plays - 1)
            {
                // The latencies are there when the last byte is.
                await browser.WaitUntilAsync("document.getElementById('total').textContent !== '–'");
                await browser.ClickAsync("#stop");
                await browser.WaitUntilAsync("document.body.dataset.state === 'stopped'");
            }
            else
            {
                await browser.WaitUntilAsync("document.body.dataset.state === 'done'");
            }
            firstAudioMs.Add(await ReadMsAsync("first-audio"));
        }
        TestContext.Out.WriteLine($"first audio after {string.Join(", ", firstAudioMs.Select(ms => ms.ToString("f0", CultureInfo.InvariantCulture)))} ms");

        Assert.Multiple(async () =>
        {
            Assert.That(await ReadDataAsync("samples"), Is.EqualTo(samples), "samples received");
            Assert.That(await ReadDataAsync("played"), Is.EqualTo(samples), "samples that left for the sound card");
            Assert.That(await ReadDataAsync("peak"), Is.GreaterThan(0.1), "loudest sample played");
            Assert.That(firstAudioMs.Order().ElementAt(Plays / 2), Is.LessThan(MaxFirstAudioMs), "first audio, median");
            Assert.That(browser.Complaints, Is.Empty);
        });
        if (Environment.GetEnvironmentVariable("TRTV_TEST_SCREENSHOT") is { } path)
            await File.WriteAllBytesAsync(path, await browser.ScreenshotAsync());

        async Task<double> ReadMsAsync(string id) =>
            double.Parse(((string)(await browser.EvaluateAsync($"document.getElementById('{id}').textContent"))!).Split(' ')[0], CultureInfo.InvariantCulture);

        async Task<double> ReadDataAsync(string name) => double.Parse((string)(await browser.EvaluateAsync($"document.body.dataset.{name}"))!, CultureInfo.InvariantCulture);
    }

    private static int CountFrames()
    {
        using MelSpectrogram spectrogram = DemoService.Vocoder.Metadata.CreateMelSpectrogram();
        return spectrogram.GetFrameCount(WavFile.Read(Speech).Length);
    }

    private static async Task<Browser> StartBrowserAsync()
    {
        if (Browser.Find() is { } program)
            return await Browser.StartAsync(program);
        Needed.Missing(
            "There is no Chromium; Debian has it in chromium-headless-shell, TRTV_TEST_BROWSER names another.", Assert.Ignore, Needed.Browser);
        throw new InvalidOperationException("unreachable");
    }
}
