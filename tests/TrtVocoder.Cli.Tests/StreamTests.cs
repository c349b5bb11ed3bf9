using System.Diagnostics;

namespace TrtVocoder.Cli.Tests;

/// <summary>Standard streams under every name and in every state: data stay clean, files are written, nobody sees a stack trace.</summary>
[Platform("Linux")]
public class StreamTests : CliFixture
{
    // The program as X of a shell's script, which fails as the last command does.
    private CliRun Shell(string script, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new("bash", ["-c", $"X() {{ \"${{P[@]}}\" \"$@\"; }}; P=('{string.Join("' '", CliRun.Command(CliRun.Program))}'); M='{Model}'; {script}"])
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("TRTV_DEBUG");
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        using MemoryStream output = new();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        Assert.That(error.Result, Does.Not.Contain("   at ").And.Not.Contain("Unhandled"));
        return new CliRun(process.ExitCode, output.ToArray(), error.Result);
    }

    [TestCase("-")]
    [TestCase("/dev/stdout")]
    [TestCase("/dev/fd/1")]
    [TestCase("/proc/self/fd/1")]
    [TestCase("link.wav")]
    public void Data_on_standard_output_are_those_of_a_file_under_whatever_name(string name)
    {
        WriteMel("a.npy");
        File.CreateSymbolicLink(At("link.wav"), "/dev/stdout");
        Run("synth", "a.npy", "--model", Model, "--output", "out.wav").Succeeds();
        byte[] expected = File.ReadAllBytes(At("out.wav"));

        Shell($"X synth a.npy -m \"$M\" -o {name} > redirected").Succeeds();
        Assert.That(File.ReadAllBytes(At("redirected")), Is.EqualTo(expected));
        Shell($"set -o pipefail; X synth a.npy -m \"$M\" -o {name} | cat > piped").Succeeds();
        Assert.That(File.ReadAllBytes(At("piped")), Is.EqualTo(expected));
        Shell($"echo before > appended; X synth a.npy -m \"$M\" -o {name} >> appended; echo after >> appended").Succeeds();
        Assert.That(File.ReadAllBytes(At("appended")), Is.EqualTo((byte[])[.. "before\n"u8, .. expected, .. "after\n"u8]));
        Assert.That(Shell($"X synth a.npy -m \"$M\" -o {name} --json").ExitCode, Is.EqualTo(2));
    }

    [Test]
    public void Mels_and_models_on_standard_output_are_clean_too()
    {
        WriteWav("a.wav");
        Run("mel", "a.wav", "--output", "a.npy").Succeeds();
        Shell("X mel a.wav -o /dev/stdout > b.npy").Succeeds();
        Assert.That(File.ReadAllBytes(At("b.npy")), Is.EqualTo(File.ReadAllBytes(At("a.npy"))));
        foreach (string name in (string[])["-", "/dev/fd/1"])
        {
            Shell($"X export '{Checkpoint}' -o {name} > b.onnx").Succeeds();
            Assert.That(File.ReadAllBytes(At("b.onnx")), Is.EqualTo(File.ReadAllBytes(Model)));
        }
    }

    [Test]
    public void Words_are_dropped_where_both_streams_are_the_datas()
    {
        WriteMel("a.npy");
        Run("synth", "a.npy", "--model", Model, "--output", "out.wav").Succeeds();
        Shell("X synth a.npy -m \"$M\" -o - > both 2>&1").Succeeds();
        Assert.That(File.ReadAllBytes(At("both")), Is.EqualTo(File.ReadAllBytes(At("out.wav"))));
    }

    [Test]
    public void Standard_error_takes_no_data()
    {
        WriteMel("a.npy");
        CliRun run = Shell("X synth a.npy -m \"$M\" -o /dev/stderr");
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.StandardError, Does.Contain("/dev/stderr is standard error"));
    }

    [Test]
    public void Other_open_files_are_written_where_they_stand()
    {
        WriteMel("a.npy");
        Run("synth", "a.npy", "--model", Model, "--output", "out.wav").Succeeds();
        Shell("exec 3> three; echo before >&3; X synth a.npy -m \"$M\" -o /dev/fd/3 && echo after >&3").Succeeds();
        Assert.That(File.ReadAllBytes(At("three")), Is.EqualTo((byte[])[.. "before\n"u8, .. File.ReadAllBytes(At("out.wav")), .. "after\n"u8]));
        CliRun closed = Shell("X synth a.npy -m \"$M\" -o /dev/fd/8");
        Assert.That(closed.ExitCode, Is.EqualTo(4));
    }

    [TestCase("info a.npy")]
    [TestCase("info a.npy --json")]
    [TestCase("info none.npy --json")]
    [TestCase("--help")]
    [TestCase("synth --help")]
    [TestCase("--version")]
    [TestCase("doctor")]
    public void A_full_standard_output_is_said(string arguments)
    {
        WriteMel("a.npy");
        CliRun run = Shell($"X {arguments} > /dev/full");
        Assert.That(run.ExitCode, Is.EqualTo(4));
        Assert.That(run.StandardError, Does.Contain("trtvocoder: Standard output cannot be written: no space left on device."));
    }

    [TestCase("2> /dev/full")]
    [TestCase("2>&-")]
    public void Without_standard_error_the_work_is_done_and_its_exit_code_stays(string redirection)
    {
        WriteWav("a.wav", sampleRate: 16000);
        Shell($"X synth a.wav -m \"$M\" -o out.wav {redirection}").Succeeds();
        Assert.That(new FileInfo(At("out.wav")).Length, Is.GreaterThan(1000));
        Assert.That(File.ReadAllBytes(At("out.wav")).AsSpan().StartsWith("RIFF"u8));
        Assert.That(Shell($"X synth none.wav -m \"$M\" -o none.out {redirection}").ExitCode, Is.EqualTo(4));
        Assert.That(Shell($"X synth {redirection}").ExitCode, Is.EqualTo(2));
    }

    [Test]
    public void A_closed_standard_output_is_said_and_the_file_is_written()
    {
        WriteMel("a.npy");
        CliRun run = Shell("X synth a.npy -m \"$M\" -o out.wav >&-");
        Assert.That(run.ExitCode, Is.EqualTo(4));
        Assert.That(run.StandardError, Does.Contain("Standard output cannot be written: it is closed."));
        Assert.That(File.ReadAllBytes(At("out.wav")).AsSpan().StartsWith("RIFF"u8));
        run = Shell("X synth a.npy -m \"$M\" -o - >&-");
        Assert.That(run.ExitCode, Is.EqualTo(4));
        Assert.That(run.StandardError, Does.Contain("it is closed"));
    }

    [Test]
    public void A_reader_that_went_away_ends_data_with_a_sentence_and_words_with_none()
    {
        WriteMel("a.npy");
        CliRun run = Shell("X synth a.npy -m \"$M\" -o - | true; exit ${PIPESTATUS[0]}");
        Assert.That(run.ExitCode, Is.EqualTo(4), run.StandardError);
        Assert.That(run.StandardError, Does.Contain("Standard output cannot be written: broken pipe."));
        run = Shell("X info a.npy | true; exit ${PIPESTATUS[0]}");
        Assert.That((run.ExitCode, run.StandardError), Is.EqualTo((0, "")));
    }

    [TestCase("<&-", "Standard input is closed")]
    [TestCase("< /", "Standard input is a folder")]
    [TestCase("< /dev/null", "standard input is empty")]
    public void A_standard_input_without_bytes_is_said(string redirection, string words)
    {
        CliRun run = Shell($"timeout 60 \"${{P[@]}}\" synth - -m \"$M\" -o out.wav {redirection}");
        Assert.That(run.ExitCode, Is.EqualTo(3).Or.EqualTo(4));
        Assert.That(run.StandardError, Does.Contain(words));
        Assert.That(Files, Is.Empty);
    }

    [TestCase("INT")]
    [TestCase("TERM")]
    [TestCase("HUP")]
    public void A_signal_leaves_nothing_temporary(string signal)
    {
        WriteWav("a.wav");
        Directory.CreateDirectory(At("tmp"));
        CliRun run = CliRun.Run(CliRun.Program, Folder, null, [("TMPDIR", At("tmp"))], process =>
        {
            for (long end = Environment.TickCount64 + 30_000; Directory.GetFileSystemEntries(At("tmp"), "trtvocoder-*").Length == 0 && Environment.TickCount64 < end && !process.HasExited;)
                Thread.Sleep(1);
            Process.Start("kill", ["-" + signal, $"{process.Id}"]).WaitForExit();
        }, "synth", "a.wav", "--model", Checkpoint, "--output", "out.wav");
        Assert.That(run.ExitCode, Is.EqualTo(130), run.StandardError);
        Assert.That(run.StandardError, Does.EndWith("trtvocoder: Cancelled.\n"));
        Assert.That(Directory.GetFileSystemEntries(At("tmp"), "trtvocoder-*"), Is.Empty);
        Assert.That(Files, Is.EqualTo((string[])["a.wav", "tmp"]));
    }

    [Test]
    public void A_signal_that_nohup_turned_off_stays_off()
    {
        WriteMel("a.npy");
        Shell("trap '' HUP; X synth a.npy -m \"$M\" -o out.wav & sleep 0.05; kill -HUP $!; wait $!").Succeeds();
        Assert.That(Files, Does.Contain("out.wav"));
    }
}
