using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Files;
using TrtVocoder.Soak;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Examples.Tests;

/// <summary>
/// The web service with the demo voice, one session of two threads, for all tests of this assembly; who finds it busy is refused at once.
/// </summary>
[SetUpFixture]
public sealed class DemoService
{
    private static ServiceProcess? _service;
    private static Vocoder? _vocoder;
    private string _folder = "";

    /// <summary>The demo voice as .onnx.</summary>
    public static string Model { get; private set; } = "";

    /// <summary>The service.</summary>
    internal static ServiceProcess Service => _service!;

    /// <summary>The same voice in this process.</summary>
    internal static Vocoder Vocoder => _vocoder!;

    /// <summary>The mel of the demo clip.</summary>
    internal static FloatTensor SpeechMel { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _folder = Directory.CreateTempSubdirectory("trtv-examples").FullName;
        Model = Path.Combine(_folder, "demo.onnx");
        OnnxExporter.Export(VocosCheckpoint.Load(TestPaths.Models("vocos-demo")), Model);
        _vocoder = Vocoder.Load(Model, new VocoderOptions { Threads = 2 });
        SpeechMel = MakeMel(WavFile.Read(TestPaths.Models("vocos-demo", "speech.wav")).ToMono());
        _service = await ServiceProcess.StartAsync(Model, "TrtVocoder:Sessions=1", "TrtVocoder:Threads=2", "TrtVocoder:MaxWaiting=0");
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_service is not null)
            await _service.DisposeAsync();
        _vocoder?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static FloatTensor MakeMel(float[] speech)
    {
        using MelSpectrogram spectrogram = Vocoder.Metadata.CreateMelSpectrogram();
        int frames = spectrogram.GetFrameCount(speech.Length);
        float[] mel = new float[Vocoder.MelCount * frames];
        spectrogram.Compute(speech, mel);
        return new FloatTensor([Vocoder.MelCount, frames], mel);
    }
}
