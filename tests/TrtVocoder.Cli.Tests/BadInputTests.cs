using System.Text.Json;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary>Bad input meets one sentence, its exit code, no stack trace and no file left behind.</summary>
public class BadInputTests : CliFixture
{
    private CliRun Synth(string input, params string[] more) => Run(["synth", input, "--model", Model, "--output", "out.wav", .. more]);

    private void NothingIsWritten(params string[] inputs) => Assert.That(Files, Is.EqualTo(inputs.Order(StringComparer.Ordinal)));

    private string Truncate(string from, string to, double share)
    {
        byte[] bytes = File.ReadAllBytes(from);
        File.WriteAllBytes(At(to), bytes[..(int)(bytes.Length * share)]);
        return to;
    }

    [TestCase("x.wav", "x.wav is not a WAV file")]
    [TestCase("x.npy", "x.npy is not a .npy file")]
    [TestCase("x.npz", "x.npz is not a usable .npz file")]
    [TestCase("x.safetensors", "x.safetensors")]
    [TestCase("x.bin", "x.bin is neither a WAV file nor a mel")]
    public void Foreign_inputs_are_refused(string name, string words)
    {
        File.WriteAllText(At(name), "Call me Ishmael. Some years ago - never mind how long precisely");
        Synth(name).FailsWith(3, words);
        NothingIsWritten(name);
    }

    [Test]
    public void A_truncated_wav_is_read_as_far_as_it_goes_and_that_is_said()
    {
        WriteWav("whole.wav");
        Truncate(At("whole.wav"), "x.wav", 0.5);
        Assert.That(Synth("x.wav").Succeeds().StandardError, Does.Contain("note: x.wav: its header promises"));
    }

    [TestCase("x.npy")]
    [TestCase("x.safetensors")]
    public void Truncated_inputs_are_refused(string name)
    {
        WriteWav("whole.wav");
        string whole = "whole" + Path.GetExtension(name);
        Run("mel", "whole.wav", "--output", whole).Succeeds();
        Truncate(At(whole), name, 0.5);
        Synth(name).FailsWith(3, name, name == "x.safetensors" ? "" : "truncated");
        Assert.That(Files, Does.Not.Contain("out.wav"));
    }

    [TestCase("x.npy")]
    [TestCase("x.wav")]
    public void Empty_files_are_refused(string name)
    {
        File.WriteAllBytes(At(name), []);
        Synth(name).FailsWith(3, "is empty");
        CliRun.Run(Folder, [], "synth", "-", "--model", Model, "--output", "-").FailsWith(3, "standard input is empty");
        NothingIsWritten(name);
    }

    [TestCase("mel.pt")]
    [TestCase("mel.bin")]
    [TestCase("mel.data")]
    public void A_mel_that_torch_saved_is_told_as_one_by_every_command(string name)
    {
        File.WriteAllBytes(At(name), TorchFileWriter.SavedTensor(100, 30));
        WriteMel("a.npy");
        Synth(name).FailsWith(3, "torch.save", "numpy.save");
        foreach (string[] command in (string[][])[["info", name], ["export", name, "--output", "x.onnx"], ["synth", "a.npy", "--model", name, "--output", "out.wav"], ["bench", name]])
            Run(command).FailsWith(3, "is one tensor [100, 30] that torch.save wrote", "numpy.save");
        NothingIsWritten(name, "a.npy");
    }

    [Test]
    public void What_is_called_weights_and_is_none_is_told_and_weights_alone_say_what_was_assumed()
    {
        File.WriteAllText(At("pytorch_model.bin"), "<!DOCTYPE html><html><body>Not found</body></html>");
        Run("info", "pytorch_model.bin").FailsWith(3, "page of HTML");
        Run("export", "pytorch_model.bin", "--output", "x.onnx").FailsWith(3, "page of HTML");
        File.Copy(Path.Combine(Checkpoint, "model.safetensors"), At("weights.pt"));
        Assert.That(Run("export", "weights.pt", "--output", "x.onnx").Succeeds().StandardError, Does.StartWith("note: weights.pt has no config beside it: 100 mel bands, n_fft 1024"));
    }

    [Test]
    public void A_mel_of_another_band_count_says_which_axis_was_read_as_what()
    {
        WriteMel("a.npy", bands: 80, frames: 30);
        Synth("a.npy").FailsWith(3, "[80, 30]", "80 mel bands × 30 frames", "100 bands");
        NothingIsWritten("a.npy");
    }

    [Test]
    public void A_transposed_mel_is_recognised()
    {
        WriteMel("a.npy", bands: 30, frames: 100);
        Synth("a.npy").FailsWith(3, "looks transposed", "--transposed");
        Synth("a.npy", "--transposed").Succeeds();
    }

    [Test]
    public void Not_a_number_in_a_mel_is_located()
    {
        WriteMel("a.npy", change: values => values[(3 * 20) + 7] = float.NaN);
        Synth("a.npy").FailsWith(3, "NaN", "band 3, frame 7");
        NothingIsWritten("a.npy");
    }

    [Test]
    public void A_mel_without_frames_or_with_one_is_too_short()
    {
        WriteMel("none.npy", frames: 0);
        WriteMel("one.npy", frames: 1);
        Synth("none.npy").FailsWith(3, "0 frames");
        Synth("one.npy").FailsWith(3, "at least 2");
    }

    [Test]
    public void Missing_inputs_models_and_folders_are_named()
    {
        WriteMel("a.npy");
        Synth("none.npy").FailsWith(4, "There is no file none.npy");
        Synth("*.wav").FailsWith(4, "*.wav");
        Run("synth", "a.npy", "--model", "none.onnx", "--output", "out.wav").FailsWith(4, "none.onnx");
        Run("synth", "a.npy", "--model", Model, "--output", "none/out.wav").FailsWith(4, "none", "does not exist");
        Run("synth", "a.npy", "a.npy", "--model", Model, "--output", "none").FailsWith(4, "none is not an existing folder");
        Run("info", "none.wav").FailsWith(4, "none.wav");
        Run("export", "none", "--output", "x.onnx").FailsWith(4, "none");
        NothingIsWritten("a.npy");
    }

    [Test]
    public void An_existing_output_is_kept_without_force()
    {
        WriteMel("a.npy");
        File.WriteAllText(At("out.wav"), "old");
        Synth("a.npy").FailsWith(4, "out.wav exists already", "--force");
        Assert.That(File.ReadAllText(At("out.wav")), Is.EqualTo("old"));
        Synth("a.npy", "--force").Succeeds();
        Assert.That(new FileInfo(At("out.wav")).Length, Is.GreaterThan(1000));
    }

    [Test]
    [Platform("Linux")]
    public void A_full_disk_is_said()
    {
        WriteMel("a.npy");
        WriteWav("a.wav");
        Run("synth", "a.npy", "--model", Model, "--output", "/dev/full").FailsWith(4, "/dev/full cannot be written: no space left on device");
        Run("mel", "a.wav", "--output", "/dev/full").FailsWith(4, "no space left on device");
        Run("export", Checkpoint, "--output", "/dev/full").FailsWith(4, "no space left on device");
        NothingIsWritten("a.npy", "a.wav");
    }

    [Test]
    public void Truncated_and_foreign_models_are_refused()
    {
        WriteMel("a.npy");
        Truncate(Model, "half.onnx", 0.5);
        File.WriteAllText(At("text.onnx"), "Call me Ishmael. Some years ago - never mind how long precisely");
        foreach (string model in (string[])["half.onnx", "text.onnx"])
            Run("synth", "a.npy", "--model", model, "--output", "out.wav").FailsWith(3, model);
        NothingIsWritten("a.npy", "half.onnx", "text.onnx");
    }

    [Test]
    public void A_model_whose_metadata_contradict_its_shapes_is_refused()
    {
        WriteMel("a.npy");
        // The metadata's strings, of the same length, so that the file stays a valid model.
        byte[] model = File.ReadAllBytes(Model);
        int at = model.AsSpan().IndexOf("trtvocoder.n_mels"u8);
        int value = at + model.AsSpan(at).IndexOf("100"u8);
        "080"u8.CopyTo(model.AsSpan(value));
        File.WriteAllBytes(At("bent.onnx"), model);
        Run("synth", "a.npy", "--model", "bent.onnx", "--output", "out.wav").FailsWith(3, "bent.onnx", "80 mel bands", "export");
        NothingIsWritten("a.npy", "bent.onnx");
    }

    [TestCase("model.safetensors", 0.7)]
    [TestCase("model.safetensors", 0.0001)]
    [TestCase("pytorch_model.bin", 0.7)]
    [TestCase("pytorch_model.bin", 0.0)]
    public void Damaged_checkpoints_are_refused(string name, double share)
    {
        Directory.CreateDirectory(At("checkpoint"));
        File.Copy(Path.Combine(Checkpoint, "config.yaml"), At("checkpoint/config.yaml"));
        string whole = Path.Combine(Checkpoint, "model.safetensors");
        if (name.EndsWith(".bin"))
            File.WriteAllText(At("checkpoint/" + name), "Call me Ishmael." + new string('.', (int)(1000 * share)));
        else
            Truncate(whole, "checkpoint/" + name, share);
        Run("export", "checkpoint", "--output", "x.onnx").FailsWith(3, name);
        NothingIsWritten("checkpoint");
    }

    [Test]
    public void Wrong_usage_says_so_and_where_help_is()
    {
        Run("synth").FailsWith(2, "--help");
        Run("synth", "a.npy", "--model", Model, "--output", "x.wav", "--format", "mp3").FailsWith(2, "mp3");
        WriteMel("b.npy");
        Run("synth", "b.npy", "--model", Model, "--output", "x.mp3").FailsWith(2, "x.mp3", ".wav");
        Run("synth", "a.npy", "--model", Model, "--output", "x.wav", "--floor", "-1").FailsWith(2, "--floor must be above 0");
        Run("export", Checkpoint, "--output", "x.onnx", "--floor", "0").FailsWith(2, "--floor must be above 0");
        Run("sing").FailsWith(2, "sing");
        Run("mel", "a.wav", "--output", "x.mp3").FailsWith(2, ".npy or .safetensors");
        Run("compare", Model, Model).FailsWith(2, "--input");
        NothingIsWritten("b.npy");
    }

    [Test]
    public void Errors_are_JSON_objects_too()
    {
        JsonElement error = Run("synth", "none.npy", "--model", Model, "--output", "x.wav", "--json").Json.GetProperty("error");
        Assert.That(error.GetProperty("code").GetString(), Is.EqualTo("file-system"));
        Assert.That(error.GetProperty("exitCode").GetInt32(), Is.EqualTo(4));
        Assert.That(error.GetProperty("message").GetString(), Does.Contain("none.npy"));
        Assert.That(Run("sing", "--json").Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("usage"));
    }

    [Test]
    public void A_missing_part_of_the_program_is_no_missing_file_of_the_users()
    {
        WriteWav("a.wav");
        string part = CliRun.IsNative ? "libSkiaSharp" : "ScottPlot";
        CliRun.Run(CopyProgram(without: part), Folder, null, [], null, "compare", "a.wav", "a.wav", "--plot", "x.png").FailsWith(1, "incomplete", part, "missing");
        Assert.That(Files, Has.None.EqualTo("x.png"));
    }

    [Test]
    public void A_stack_trace_is_shown_only_on_demand()
    {
        CliRun run = CliRun.Run(Folder, null, [("TRTV_DEBUG", "1")], "info", "none.wav");
        Assert.That(run.ExitCode, Is.EqualTo(4));
        Assert.That(run.StandardError, Does.Contain("   at "));
    }

    [Test]
    public void A_missing_FFTW_is_told_with_what_to_install()
    {
        WriteMel("a.npy");
        CliRun.Run(Folder, null, [("TRTV_FFTW_DIR", Folder)], "synth", "a.npy", "--model", Model, "--output", "out.wav").FailsWith(5, "FFTW", "install");
        NothingIsWritten("a.npy");
    }
}
