using System.Diagnostics;
using System.Runtime.Versioning;

namespace TrtVocoder.Cli.Tests;

/// <summary>Outputs that are no plain new files: devices, links, long names, folders and files of others, folders for temporary files.</summary>
[Platform("Linux")]
public class OutputFileTests : CliFixture
{
    private CliRun Synth(string output, params string[] more) => Run(["synth", WriteMel("a.npy"), "--model", Model, "--output", output, .. more]);

    [Test]
    public void A_device_node_stays_one_also_by_way_of_a_link()
    {
        if (Environment.UserName != "root")
            Assert.Ignore("Device nodes can be made by root only.");
        Process.Start("mknod", ["-m", "666", At("null"), "c", "1", "3"]).WaitForExit();
        File.CreateSymbolicLink(At("link.wav"), At("null"));
        Synth("null").Succeeds();
        Synth("link.wav", "--force").Succeeds();
        Run("mel", WriteWav("a.wav"), "--output", "null").Succeeds();
        Run("export", Checkpoint, "--output", "null").Succeeds();
        using Process stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%F", At("null")]) { RedirectStandardOutput = true })!;
        Assert.That(stat.StandardOutput.ReadToEnd().Trim(), Is.EqualTo("character special file"));
        Run("build", Model, "--output", "null").FailsWith(2, "an engine needs a file");
    }

    [TestCase(237)]
    [TestCase(255)]
    public void Names_may_be_as_long_as_the_file_system_takes(int length)
    {
        string name = new string('a', length - 4) + ".wav";
        Synth(name).Succeeds();
        Synth(name, "--force").Succeeds();
        Assert.That(Files, Is.EqualTo((string[])["a.npy", name]));
    }

    [Test]
    public void A_name_that_is_too_long_is_said() => Synth(new string('a', 252) + ".wav").FailsWith(4, "cannot be written: file name too long");

    [Test]
    public void A_dangling_link_is_named_with_where_it_leads()
    {
        File.CreateSymbolicLink(At("link.wav"), "/nosuch/x.wav");
        CliRun run = Synth("link.wav", "--force");
        run.FailsWith(4, "link.wav cannot be written", "/nosuch/x.wav", "does not exist");
        Assert.That(run.StandardError, Does.Not.Contain(".tmp"));
    }

    [Test]
    [UnsupportedOSPlatform("windows")]
    public void A_replaced_file_keeps_its_mode()
    {
        // Neither what a new file gets nor what a private one has.
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead;
        File.WriteAllText(At("out.wav"), "old");
        File.SetUnixFileMode(At("out.wav"), Mode);
        Synth("out.wav", "--force").Succeeds();
        Assert.That(File.GetUnixFileMode(At("out.wav")), Is.EqualTo(Mode));
    }

    [Test]
    public void The_folder_for_temporary_files_is_named_where_it_is_missing()
    {
        WriteMel("a.npy");
        CliRun.Run(Folder, null, [("TMPDIR", "/nosuch")], "synth", "a.npy", "--model", Checkpoint, "--output", "out.wav").FailsWith(4, "/nosuch", "does not exist", "TMPDIR");
        Assert.That(Files, Is.EqualTo((string[])["a.npy"]));
    }

    [Test]
    public void A_model_from_a_pipe_is_refused_and_a_mel_from_one_is_taken()
    {
        WriteMel("a.npy");
        Process.Start("mkfifo", [At("pipe.onnx"), At("pipe.npy")]).WaitForExit();
        foreach (string[] command in (string[][])[
            ["synth", "a.npy", "--model", "pipe.onnx", "--output", "out.wav"], ["bench", "pipe.onnx"], ["build", "pipe.onnx", "--output", "x.engine"],
            ["export", "pipe.onnx", "--output", "x.onnx"], ["mel", "a.wav", "--model", "pipe.onnx", "--output", "x.npy"]])
            Run(command).FailsWith(4, "pipe.onnx is a pipe or a device");
        using Process feed = Process.Start(new ProcessStartInfo("timeout", ["60", "sh", "-c", "cat a.npy > pipe.npy"]) { WorkingDirectory = Folder })!;
        Run("synth", "pipe.npy", "--model", Model, "--output", "out.wav").Succeeds();
        feed.WaitForExit();
    }

    [TestCase("pytorch_model.pt")]
    [TestCase("vocos.safetensors")]
    [TestCase("last.ckpt")]
    [TestCase("weights")]
    public void Weights_of_any_name_serve_as_a_model(string name)
    {
        Directory.CreateDirectory(At("c"));
        File.Copy(Path.Combine(Checkpoint, "config.yaml"), At("c/config.yaml"));
        File.Copy(Path.Combine(Checkpoint, "model.safetensors"), At("c/" + name));
        WriteMel("a.npy");
        Run("synth", "a.npy", "--model", "c/" + name, "--output", "out.wav").Succeeds();
        Run("compare", "c/" + name, Model, "--input", "a.npy").Succeeds();
        Run("mel", WriteWav("a.wav"), "--model", "c/" + name, "--output", "b.npy").Succeeds();
        Run("export", "c/" + name, "--output", "b.onnx").Succeeds();
    }

    [Test]
    public void An_at_sign_begins_a_file_name()
    {
        WriteMel("@voice.npy");
        Run("synth", "@voice.npy", "--model", Model, "--output", "@out.wav").Succeeds();
        Run("synth", "@none.npy", "--model", Model, "--output", "b.wav").FailsWith(4, "There is no file @none.npy");
        Assert.That(Files, Is.EqualTo((string[])["@out.wav", "@voice.npy"]));
    }

    [Test]
    public void A_name_that_is_not_UTF_8_is_told_as_one_and_no_other_is_written()
    {
        WriteMel("a.npy");
        foreach (string arguments in (string[])["synth $'\\xff.npy' -m \"$M\" -o o.wav", "synth a.npy -m $'\\xff.onnx' -o o.wav", "synth a.npy -m \"$M\" -o $'\\xff.wav'", "info $'\\xff.npy'"])
        {
            ProcessStartInfo start = new("bash", ["-c", $"\"$@\" {arguments}", "bash", .. CliRun.Command(CliRun.Program)]) { WorkingDirectory = Folder, RedirectStandardError = true, RedirectStandardOutput = true };
            start.Environment["M"] = Model;
            using Process process = Process.Start(start)!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.EqualTo(4), error);
            Assert.That(error, Does.Contain("bytes that are not UTF-8"));
        }
        Assert.That(Files, Is.EqualTo((string[])["a.npy"]));
    }

    [Test]
    public void What_is_told_of_a_model_that_tells_it_itself_is_noted_as_unused()
    {
        WriteMel("a.npy");
        CliRun run = Synth("o.wav", "--sample-rate", "8000", "--n-fft", "512", "--padding", "same").Succeeds();
        Assert.That(run.StandardError, Does.Contain("--sample-rate 8000 is not used").And.Contain("--n-fft 512 is not used").And.Contain("--padding same is not used"));
        Assert.That(Synth("p.wav", "--n-fft", "1024").Succeeds().StandardError, Is.Empty);
    }

    [Test]
    public void A_question_mark_stands_for_one_character_and_brackets_for_themselves()
    {
        WriteMel("a1.npy");
        WriteMel("a12.npy");
        WriteMel("b[1].npy");
        Directory.CreateDirectory(At("out"));
        Run("synth", "a?.npy", "--model", Model, "--output", "out").Succeeds();
        Assert.That(Directory.GetFiles(At("out")).Select(Path.GetFileName), Is.EqualTo((string[])["a1.wav"]));
        Run("synth", "b[1].npy", "--model", Model, "--output", "out").Succeeds();
    }

    [Test]
    public void Too_little_memory_is_said_with_the_way_out()
    {
        WriteMel("a.npy", frames: 100_000);
        CliRun.Run(Folder, null, [("DOTNET_GCHeapHardLimit", "3000000")], "synth", "a.npy", "--model", Model, "--output", "out.wav").FailsWith(7, "not enough memory", "--chunk-frames");
        Assert.That(Files, Is.EqualTo((string[])["a.npy"]));
    }

    [Test]
    public void Libraries_that_are_cut_off_or_others_are_told_and_end_nothing()
    {
        Directory.CreateDirectory(At("cut"));
        Directory.CreateDirectory(At("other"));
        byte[] shim = File.ReadAllBytes(Path.Combine(CliRun.ProgramFolder, "libtrtvocoder10.so"));
        foreach (string name in (string[])["libfftw3f.so.3", "libsoxr.so.0", "libcuda.so.1", "libtrtvocoder10.so", "libnvinfer.so.10", "libtensorrt_rtx.so.1"])
        {
            File.WriteAllBytes(At("cut/" + name), shim[..(shim.Length / 3)]);
            File.WriteAllBytes(At("other/" + name), shim);
        }
        WriteMel("a.npy");
        foreach (string variable in (string[])["TRTV_FFTW_DIR", "TRTV_SOXR_DIR", "TRTV_CUDA_DIR", "TRTV_SHIM_DIR", "TRTV_TENSORRT_DIR", "TRTV_TENSORRT_RTX_DIR"])
        {
            CliRun run = CliRun.Run(Folder, null, [(variable, At("cut"))], "doctor");
            Assert.That(run.ExitCode, Is.EqualTo(variable == "TRTV_FFTW_DIR" ? 5 : 0), run.Text + run.StandardError);
            Assert.That(run.Text, Does.Contain("is cut off"), variable);
        }
        CliRun.Run(Folder, null, [("TRTV_FFTW_DIR", At("cut"))], "synth", "a.npy", "--model", Model, "--output", "out.wav").FailsWith(5, "libfftw3f.so.3", "is cut off");
        CliRun.Run(Folder, null, [("TRTV_FFTW_DIR", At("other"))], "synth", "a.npy", "--model", Model, "--output", "out.wav").FailsWith(5, "lacks the function fftwf_plan_guru_split_dft");
        Assert.That(CliRun.Run(Folder, null, [("TRTV_FFTW_DIR", At("other"))], "doctor").ExitCode, Is.EqualTo(5));
    }

    // A number with a thousands separator would be another number.
    [TestCase("synth a.npy -m m -o o.wav", "--floor --threads --chunk-frames --device --profile --receptive-field --sample-rate --n-fft --hop-length --n-mels")]
    [TestCase("mel a.wav -o o.npy", "--floor")]
    [TestCase("export c -o o.onnx", "--floor")]
    [TestCase("compare a.wav b.wav", "--floor --device --profile --receptive-field")]
    [TestCase("info a.engine", "--device")]
    [TestCase("build m.onnx -o o.engine", "--device --builder-optimization-level --min --opt --max")]
    [TestCase("bench m.onnx", "--duration --batch --warm-up --iterations --sessions --threads --istft-threads --in-flight --device --profile")]
    public void Numbers_are_strict_in_every_option_of_every_command(string command, string options)
    {
        File.WriteAllText(At("m.onnx"), "");
        foreach (string option in options.Split(' '))
            Run([.. command.Split(' '), option, "0,00001"]).FailsWith(2, option);
        Assert.That(Files, Is.EqualTo((string[])["m.onnx"]));
    }

    [TestCase("1,5")]
    [TestCase("NaN")]
    [TestCase("1 ")]
    [TestCase("")]
    [TestCase("0x1")]
    public void Numbers_are_written_in_one_way(string number)
    {
        Run("mel", "a.wav", "-o", "o.npy", "--floor", number).FailsWith(2, "--floor");
        Run("synth", "a.npy", "-m", "m", "-o", "o.wav", "--threads", number).FailsWith(2, "--threads");
    }
}
