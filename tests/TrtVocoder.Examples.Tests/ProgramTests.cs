using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Files;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Examples.Tests;

/// <summary>examples/console, examples/streaming, examples/cuda-interop and examples/triton-client, as processes.</summary>
public sealed class ProgramTests
{
    private const int Frames = 301;
    private string _folder = "";
    private string _mel = "";
    private float[] _whole = [];

    private string Output => Path.Combine(_folder, "speech.wav");

    [OneTimeSetUp]
    public void Prepare()
    {
        _folder = Directory.CreateTempSubdirectory("trtv-programs").FullName;
        _mel = Path.Combine(_folder, "mel.npy");
        int bands = DemoService.Vocoder.MelCount, all = DemoService.SpeechMel.Shape[^1];
        float[] mel = [.. Enumerable.Range(0, bands).SelectMany(band => DemoService.SpeechMel.Values.Slice(band * all, Frames).ToArray())];
        NpyFile.Write(_mel, new FloatTensor([bands, Frames], mel), overwrite: true);
        using VocoderSession session = DemoService.Vocoder.CreateSession();
        _whole = new float[DemoService.Vocoder.GetSampleCount(Frames)];
        session.Decode(mel, Frames, _whole);
    }

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task The_console_program_speaks()
    {
        (int code, string output, string error) = await RunAsync("console", [DemoService.Model, _mel, Output]);

        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.StartWith("3.20 s of speech by ONNX Runtime"));
        Assert.That(MeasureDb(WavFile.Read(Output).Samples), Is.GreaterThan(60), "decibels, of 16 bits");
    }

    [Test]
    public async Task The_streaming_program_gives_the_whole_decode_to_a_file_and_the_same_samples_to_the_speaker()
    {
        (int code, string output, string error) = await RunAsync("streaming", [DemoService.Model, _mel, Output]);

        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.StartWith("3.20 s of speech, the first after "));
        float[] samples = WavFile.Read(Output).Samples;
        Assert.That(MeasureDb(samples), Is.GreaterThan(110), "decibels");

        if (!NativeLibrary.TryLoad("libportaudio.so.2", out _))
            Needed.Missing("PortAudio is missing: apt-get install libportaudio2.", Assert.Ignore);
        string heard = Path.Combine(_folder, "heard.raw");
        (code, output, error) = await RunAsync("streaming", [DemoService.Model, _mel], WriteSoundCard(heard));

        Assert.That(code, Is.Zero, error);
        byte[] bytes = await File.ReadAllBytesAsync(heard);
        Assert.That(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), Is.EqualTo(samples));
    }

    [Test]
    public async Task The_streaming_program_says_what_is_missing()
    {
        (int code, _, string error) = await RunAsync("streaming", [DemoService.Model, Path.Combine(_folder, "none.npy"), Output]);

        Assert.That((code, error.Trim()), Is.EqualTo((1, $"Could not find file '{Path.Combine(_folder, "none.npy")}'.")));
    }

    [TestCase("", "1 part")]
    [TestCase("--decoupled", "[3-9] part")]
    [TestCase("--sequence 50", "7 part")]
    public async Task The_client_of_Triton_writes_the_samples_of_a_direct_decode_whole_in_parts_or_of_pieces(string way, string parts)
    {
        await using VocoderScheduler scheduler = new(DemoService.Vocoder, new VocoderSchedulerOptions { WindowFrames = 128 });
        await using WebApplication front = await TritonFront.StartAsync(scheduler);
        string[] arguments = [TritonFront.AddressOf(front), "vocos", _mel, Output, .. way.Split(' ', StringSplitOptions.RemoveEmptyEntries)];

        (int code, string output, string error) = await RunAsync("triton-client", arguments);

        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.Match($@"^3\.20 s of speech in {parts}"));
        Assert.That(MeasureDb(WavFile.Read(Output).Samples), Is.GreaterThan(60), "decibels, of 16 bits");

        arguments[1] = "tacotron";
        (code, _, error) = await RunAsync("triton-client", arguments);
        Assert.That((code, error.Trim()), Is.EqualTo((1, "Request for unknown model: 'tacotron' is not found")));
    }

    [Test]
    public async Task The_CUDA_program_decodes_from_and_to_memory_of_the_GPU()
    {
        if (Simulator.Use() is { } reason)
            Needed.Missing(reason, Assert.Ignore);
        string onnx = Path.Combine(_folder, "tiny.onnx"), engine = Path.Combine(_folder, "tiny.engine");
        OnnxExporter.Export(VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-center")), onnx);
        TrtBuilder.Build(onnx, engine, new TrtBuildOptions { Profile = new TrtOptimizationProfile(1, 1, 1, 1, 64, 128) });
        float[] expected = new float[_whole.Length];
        using (Vocoder vocoder = Vocoder.Load(engine))
        using (VocoderSession session = vocoder.CreateSession())
            session.Decode(NpyFile.Read(_mel).Values, Frames, expected);

        (int code, string output, string error) = await RunAsync("cuda-interop", [engine, _mel, Output]);

        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.StartWith("3.20 s of speech by TensorRT"));
        Assert.That(MeasureDb(WavFile.Read(Output).Samples, expected), Is.GreaterThan(110), "decibels");

        (code, _, error) = await RunAsync("cuda-interop", [Path.Combine(_folder, "none.engine"), _mel, Output]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error.Trim(), Does.Contain("none.engine").And.Not.Contains(" at "));
    }

    /// <summary>A sound card of ALSA's own that writes what it would play to a file.</summary>
    private string WriteSoundCard(string heard)
    {
        string configuration = Path.Combine(_folder, "asound.conf");
        File.WriteAllText(configuration, $$"""
            </usr/share/alsa/alsa.conf>
            pcm.!default { type file; slave.pcm null; file "{{heard}}"; format raw; }
            """);
        return configuration;
    }

    private double MeasureDb(float[] samples) => MeasureDb(samples, _whole);

    private static double MeasureDb(float[] samples, float[] expected)
    {
        Assert.That(samples, Has.Length.EqualTo(expected.Length));
        double signal = 0, noise = 0;
        for (int i = 0; i < samples.Length; i++)
        {
            signal += (double)expected[i] * expected[i];
            noise += Math.Pow(samples[i] - expected[i], 2);
        }
        return 10 * Math.Log10(signal / noise);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(
        string program, string[] arguments, string? soundCard = null)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, $"{program}.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LD_LIBRARY_PATH"] = Path.Combine(Simulator.NativeFolder, "simulator");
        if (soundCard is not null)
            start.Environment["ALSA_CONFIG_PATH"] = soundCard;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
