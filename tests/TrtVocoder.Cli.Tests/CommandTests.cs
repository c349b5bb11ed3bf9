using System.IO.Compression;
using System.Text;
using System.Text.Json;
using TrtVocoder.Files;
using TrtVocoder.OnnxRuntime.Tests;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary>What each command does when all is well.</summary>
public class CommandTests : CliFixture
{
    [Test]
    public void Help_names_every_command_the_exit_codes_and_an_example()
    {
        string help = Run("--help").Succeeds().Text;
        foreach (string word in (string[])["synth", "mel", "export", "info", "compare", "bench", "doctor", "--json", "Exit codes:", "130", "Examples:"])
            Assert.That(help, Does.Contain(word));
        Assert.That(Run("synth", "--help").Succeeds().Text, Does.Contain("trtvocoder synth speech.wav --model"));
    }

    [Test]
    public void Version_is_a_number() => Assert.That(Run("--version").Succeeds().Text.Trim(), Does.Match(@"^\d+\.\d+\.\d+"));

    [Test]
    public void Synth_of_a_mel_writes_the_samples_that_its_frames_decode_to()
    {
        WriteMel("a.npy", frames: 20);
        JsonElement json = Run("synth", "a.npy", "--model", Model, "--output", "a.wav", "--json").Succeeds().Json;
        Assert.That(json.GetProperty("samples").GetInt32(), Is.EqualTo(19 * 256));
        Assert.That(json.GetProperty("realTimeFactor").GetDouble(), Is.GreaterThan(0));
        WavAudio audio = WavFile.Read(At("a.wav"));
        Assert.That((audio.Length, audio.SampleRate, audio.Encoding), Is.EqualTo((19 * 256, 24000, "16-bit PCM")));
        Assert.That(audio.Samples.Max(Math.Abs), Is.GreaterThan(0.001f));
    }

    [Test]
    public void Every_form_of_a_mel_gives_the_same_speech()
    {
        WriteMel("a.npy");
        FloatTensor mel = NpyFile.Read(At("a.npy"));
        using (ZipArchive zip = ZipFile.Open(At("b.npz"), ZipArchiveMode.Create))
        using (Stream entry = zip.CreateEntry("mel.npy").Open())
            NpyFile.Write(entry, mel);
        using (FileStream stream = File.Create(At("c.safetensors")))
            SafetensorsFile.Write(stream, new Dictionary<string, FloatTensor> { ["mel"] = mel });
        float[] transposed = new float[mel.Values.Length];
        for (int i = 0; i < transposed.Length; i++)
            transposed[i] = mel.Values[(i % 100 * 20) + (i / 100)];
        NpyFile.Write(At("d.npy"), new FloatTensor([1, 20, 100], transposed), overwrite: false);

        Run("synth", "a.npy", "b.npz", "c.safetensors", "--model", Model, "--output", ".").Succeeds();
        Run("synth", "d.npy", "--model", Model, "--output", "d.wav", "--transposed").Succeeds();
        byte[] piped = CliRun.Run(Folder, File.ReadAllBytes(At("a.npy")), "synth", "-", "--model", Model, "--output", "-").Succeeds().StandardOutput;
        byte[] expected = File.ReadAllBytes(At("a.wav"));
        Assert.That(piped, Is.EqualTo(expected));
        foreach (string other in (string[])["b.wav", "c.wav", "d.wav"])
            Assert.That(File.ReadAllBytes(At(other)), Is.EqualTo(expected), other);
    }

    [TestCase("npz")]
    [TestCase("safetensors")]
    public void One_of_several_arrays_is_chosen_by_its_name(string form)
    {
        FloatTensor mel = NpyFile.Read(At(WriteMel("a.npy")));
        FloatTensor rate = new([1], [24000]);
        if (form == "safetensors")
            SafetensorsFile.Write(At("x.safetensors"), new Dictionary<string, FloatTensor> { ["mel_spec"] = mel, ["sr"] = rate });
        else
            using (System.IO.Compression.ZipArchive archive = new(File.Create(At("x.npz")), System.IO.Compression.ZipArchiveMode.Create))
                foreach ((string name, FloatTensor tensor) in ((string, FloatTensor)[])[("mel_spec", mel), ("sr", rate)])
                    using (Stream entry = archive.CreateEntry(name + ".npy").Open())
                        NpyFile.Write(entry, tensor);
        string file = "x." + form;
        Run("synth", "a.npy", "--model", Model, "--output", "a.wav").Succeeds();
        Run("synth", file, "--model", Model, "--output", "b.wav").FailsWith(3, "holds mel_spec, sr", "--key NAME chooses one");
        Run("synth", file, "--model", Model, "--output", "b.wav", "--key", "nosuch").FailsWith(3, "holds no 'nosuch', but mel_spec, sr");
        Run("synth", file, "--model", Model, "--output", "b.wav", "--key", "mel_spec").Succeeds();
        Assert.That(File.ReadAllBytes(At("b.wav")), Is.EqualTo(File.ReadAllBytes(At("a.wav"))));
        Assert.That(Run("info", file).Succeeds().Text, Does.Contain("mel_spec [100, 20], sr"));
        Assert.That(Run("info", file, "--key", "mel_spec").Succeeds().Text, Does.Match(@"shape +\[100, 20\]"));
        Run("compare", Model, Model, "--input", file, "--key", "mel_spec").Succeeds();
        Run("synth", "a.npy", "--model", Model, "--output", "c.wav", "--key", "mel_spec").FailsWith(2, "--key");
    }

    [Test]
    public void Samples_beside_another_output_are_named_by_an_option()
    {
        TinyOnnx model = new TinyOnnx().Input("mel", TinyOnnx.Float, "B", 4, "T")
            .Node("Transpose", ["mel"], ["t"], ("perm", [0, 2, 1])).Node("Flatten", ["t"], ["waveform"], ("axis", [1])).Output("waveform", TinyOnnx.Float, "B", "S")
            .Node("Flatten", ["mel"], ["lengths"], ("axis", [1])).Output("lengths", TinyOnnx.Float, "B", "N");
        File.WriteAllBytes(At("x.onnx"), model.ToBytes());
        WriteMel("a.npy", bands: 4);
        string[] hints = ["--n-fft", "16", "--hop-length", "4", "--padding", "same"];
        Run(["synth", "a.npy", "--model", "x.onnx", "--output", "a.wav", .. hints]).FailsWith(3, "'waveform'", "'lengths'", "--audio");
        Run(["synth", "a.npy", "--model", "x.onnx", "--output", "a.wav", "--audio", "nosuch", .. hints]).FailsWith(3, "nosuch");
        Run(["synth", "a.npy", "--model", "x.onnx", "--output", "a.wav", "--audio", "waveform", .. hints]).Succeeds();
        Assert.That(WavFile.Read(At("a.wav")).Length, Is.EqualTo(80));
    }

    [Test]
    public void Copy_synthesis_of_the_bundled_clip_stays_as_close_as_its_model_card_says()
    {
        string clip = Path.Combine(Checkpoint, "speech.wav");
        CliRun synth = Run("synth", clip, "--model", Model, "--output", "out.wav", "--format", "float").Succeeds();
        Assert.That(synth.StandardError, Is.Empty, "a 24 kHz mono clip needs no note");
        JsonElement json = Run("compare", clip, "out.wav", "--json").Succeeds().Json;
        Assert.That(json.GetProperty("logMelL1").GetDouble(), Is.LessThan(0.24));
    }

    [Test]
    public void Stereo_at_44100_Hz_is_mixed_down_and_resampled_and_both_are_said()
    {
        WriteWav("a.wav", 44100, 2);
        CliRun run = Run("synth", "a.wav", "--model", Model, "--output", "out.wav").Succeeds();
        Assert.That(run.StandardError, Does.Contain("mixed down from 2 channels").And.Contain("resampled from 44100 Hz to 24000 Hz"));
        Assert.That(WavFile.Read(At("out.wav")).SampleRate, Is.EqualTo(24000));
    }

    [Test]
    public void Without_a_resampler_only_resampling_fails()
    {
        WriteWav("a.wav", 44100);
        WriteWav("b.wav");
        CliRun.Run(Folder, null, [("TRTV_SOXR_DIR", Folder)], "mel", "a.wav", "--output", "a.npy").FailsWith(5, "libsoxr", "install");
        CliRun.Run(Folder, null, [("TRTV_SOXR_DIR", Folder)], "mel", "b.wav", "--output", "b.npy").Succeeds();
        Assert.That(Files, Is.EqualTo(new[] { "a.wav", "b.npy", "b.wav" }));
    }

    [Test]
    public void Chunks_and_threads_change_nothing()
    {
        WriteMel("a.npy", frames: 200);
        Run("synth", "a.npy", "--model", Model, "--output", "whole.wav", "--format", "float").Succeeds();
        Run("synth", "a.npy", "--model", Model, "--output", "chunks.wav", "--format", "float", "--chunk-frames", "80", "--threads", "1").Succeeds();
        float[] whole = WavFile.Read(At("whole.wav")).Samples, chunks = WavFile.Read(At("chunks.wav")).Samples;
        Assert.That(Differences.Largest(chunks, whole), Is.LessThan(1e-5f));
    }

    [Test]
    public void No_more_threads_than_cores_are_used()
    {
        WriteMel("a.npy");
        CliRun run = Run("synth", "a.npy", "--model", Model, "--output", "x.wav", "--threads", "100000").Succeeds();
        Assert.That(run.StandardError, Does.Contain($"this machine has {Environment.ProcessorCount} cores"));
    }

    [Test]
    public void Folders_and_globs_are_expanded_and_one_bad_file_does_not_stop_the_others()
    {
        Directory.CreateDirectory(At("in/deep"));
        Directory.CreateDirectory(At("out"));
        WriteMel("in/a.npy");
        WriteMel("in/deep/b.npy");
        File.WriteAllText(At("in/broken.npy"), "no array");
        File.WriteAllText(At("in/readme.txt"), "not an input");
        CliRun run = Run("synth", "in", "in/**/b.npy", "--model", Model, "--output", "out");
        Assert.That(run.ExitCode, Is.EqualTo(3));
        Assert.That(run.StandardError, Does.Contain("in/broken.npy is not a .npy file"));
        Assert.That(run.Text, Does.Contain("2 of 3 files"));
        Assert.That(Directory.GetFiles(At("out")).Select(Path.GetFileName).Order(), Is.EqualTo(new[] { "a.wav", "b.wav" }));
    }

    [Test]
    public void A_checkpoint_folder_serves_as_a_model()
    {
        WriteMel("a.npy");
        Assert.That(Run("synth", "a.npy", "--model", Checkpoint, "--output", "a.wav").Succeeds().StandardError, Does.Contain("temporary model"));
    }

    [Test]
    public void Mel_writes_npy_and_safetensors_of_the_same_values()
    {
        WriteWav("a.wav");
        Assert.That(Run("mel", "a.wav", "--output", "a.npy").Succeeds().Text, Does.Contain("mel [100, 47]"));
        Run("mel", "a.wav", "--output", "a.safetensors", "--model", Checkpoint).Succeeds();
        FloatTensor mel = NpyFile.Read(At("a.npy"));
        Assert.That(mel.Shape, Is.EqualTo(new[] { 100, 47 }));
        Assert.That(SafetensorsFile.Read(At("a.safetensors")).Tensors["mel"].Values.ToArray(), Is.EqualTo(mel.Values.ToArray()));
        byte[] piped = CliRun.Run(Folder, File.ReadAllBytes(At("a.wav")), "mel", "-", "--output", "-").Succeeds().StandardOutput;
        Assert.That(piped, Is.EqualTo(File.ReadAllBytes(At("a.npy"))));
    }

    [TestCase("vocos-demo.onnx", "ONNX model")]
    [TestCase("checkpoint", "checkpoint")]
    [TestCase("a.wav", "WAV file")]
    [TestCase("a.npy", "array")]
    public void Info_tells_what_a_file_holds(string file, string kind)
    {
        WriteWav("a.wav");
        WriteMel("a.npy");
        string path = file switch { "vocos-demo.onnx" => Model, "checkpoint" => Checkpoint, _ => file };
        JsonElement json = Run("info", path, "--json").Succeeds().Json;
        Assert.That(json.GetProperty("kind").GetString(), Is.EqualTo(kind));
        Assert.That(Run("info", path).Succeeds().Text, Does.Contain(kind));
    }

    [Test]
    public void Export_repacks_to_half_precision_and_keeps_the_models_identity()
    {
        Directory.CreateDirectory(At("half"));
        File.Copy(Path.Combine(Checkpoint, "config.yaml"), At("half/config.yaml"));
        long parameters = Run("export", Checkpoint, "--output", "half/model.safetensors", "--precision", "fp16", "--json").Succeeds().Json.GetProperty("parameters").GetInt64();
        // Filter bank [513, 100] and two windows stay in single precision.
        long whole32 = 4 * ((513 * 100) + (2 * 1024));
        Assert.That(new FileInfo(At("half/model.safetensors")).Length, Is.InRange((2 * parameters) + whole32, (2 * parameters) + whole32 + 65536));
        Run("info", "half").Succeeds();
        // PyTorch's strict load_state_dict wants windows and filter bank too.
        Dictionary<string, FloatTensor> whole = SafetensorsFile.Read(Path.Combine(Checkpoint, "model.safetensors")).Tensors.ToDictionary();
        Dictionary<string, FloatTensor> repacked = SafetensorsFile.Read(At("half/model.safetensors")).Tensors.ToDictionary();
        Assert.That(repacked.Keys, Is.SupersetOf(whole.Keys).And.Contains("head.istft.window").And.Contains("feature_extractor.mel_spec.mel_scale.fb"));
        Assert.That(Encoding.UTF8.GetString(File.ReadAllBytes(At("half/model.safetensors")).AsSpan(8, 4096)), Does.Contain("\"format\":\"pt\""));
    }

    [Test]
    public void What_a_checkpoint_has_of_its_own_is_told_wherever_it_is_used()
    {
        const string Window = "head.istft.window";
        Directory.CreateDirectory(At("own"));
        File.Copy(Path.Combine(Checkpoint, "config.yaml"), At("own/config.yaml"));
        Dictionary<string, FloatTensor> tensors = SafetensorsFile.Read(Path.Combine(Checkpoint, "model.safetensors")).Tensors.ToDictionary();
        tensors[Window] = new FloatTensor([1024], [.. Enumerable.Repeat(1f, 1024)]);
        SafetensorsFile.Write(At("own/model.safetensors"), tensors, _ => FloatFormat.F32, null, overwrite: false);
        WriteMel("a.npy", frames: 20);
        string clip = Path.Combine(Checkpoint, "speech.wav");
        Assert.That(Run("synth", "a.npy", "--model", "own", "--output", "a.wav").Succeeds().StandardError, Does.Contain(Window));
        Assert.That(Run("mel", clip, "--model", "own", "--output", "b.npy").Succeeds().StandardError, Does.Contain(Window));
    }

    // A check of the options' way through the program: the demo model's half-precision samples are measured in OnnxAccuracyTests.
    [TestCase("--precision", "fp16")]
    [TestCase("--layout", "frame-major")]
    [TestCase("--for", "cpu")]
    [TestCase("--signal", "waveform")]
    public void Every_form_of_the_model_speaks_alike(string option, string value)
    {
        string clip = Path.Combine(Checkpoint, "speech.wav");
        Run("export", Checkpoint, "--output", "other.onnx", option, value).Succeeds();
        JsonElement json = Run("compare", Model, "other.onnx", "--input", clip, "--json").Succeeds().Json;
        Assert.That(json.GetProperty("snrDb").ValueKind == JsonValueKind.Null ? 200 : json.GetProperty("snrDb").GetDouble(), Is.GreaterThan(value == "fp16" ? 35 : 90));
    }

    [Test]
    public void Compare_draws_a_picture()
    {
        WriteWav("a.wav");
        WriteWav("b.wav");
        string text = Run("compare", "a.wav", "b.wav", "--plot", "p.png").Succeeds().Text;
        Assert.That(text, Does.Contain("signal to noise          ∞ dB").Or.Contain("Infinity"));
        Assert.That(text, Does.Match(@"picture +p\.png"));
        byte[] png = File.ReadAllBytes(At("p.png"));
        Assert.That(png[1..4], Is.EqualTo("PNG"u8.ToArray()));
        CliRun bare = CliRun.Run(Folder, null, [("TRTV_FONT", "/nowhere")], "compare", "a.wav", "b.wav", "--plot", "bare.png");
        Assert.That(bare.Succeeds().StandardError, Does.Contain("No font"));
    }

    [Test]
    public void Doctor_finds_what_the_CPU_path_needs()
    {
        JsonElement json = Run("doctor", "--json").Succeeds().Json;
        Assert.That(json.GetProperty("cpuWorks").GetBoolean());
        CliRun without = CliRun.Run(Folder, null, [("TRTV_FFTW_DIR", Folder)], "doctor");
        Assert.That(without.ExitCode, Is.EqualTo(5));
        Assert.That(without.Text, Does.Contain("missing").And.Contain("FFTW").And.Contain("install"));
    }
}
