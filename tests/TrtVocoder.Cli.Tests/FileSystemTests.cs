using System.Diagnostics;

namespace TrtVocoder.Cli.Tests;

/// <summary>Each writer on real file systems that refuse: full, read-only, with a limit of the file's size, and a mount point in the output's place.</summary>
[Platform("Linux")]
public class FileSystemTests : EngineFixture
{
    private readonly List<string> _mounts = [];

    [TearDown]
    public void Unmount()
    {
        foreach (string mount in _mounts)
            Process.Start("umount", [mount]).WaitForExit();
        _mounts.Clear();
    }

    // The writers; @ is the output without its extension.
    private static IEnumerable<string> Writers =>
    [
        "synth a.npy -m M -o @.wav", "mel a.wav -o @.npy", "mel a.wav -o @.safetensors", "export C -o @.onnx", "export C -o @.safetensors", "build M -o @.engine --max 64 --no-verify --no-timing-cache",
        "compare a.wav a.wav --plot @.png", "bench M --frames 16 --duration 0.02 --warm-up 1 --mode sequential --export-times @.json",
        "bench M --frames 16 --duration 0.02 --warm-up 1 --mode sequential --export-profile @.json",
        "bench M --frames 16 --duration 0.02 --warm-up 1 --mode sequential --report @.html",
    ];

    private void Mount(string place, params string[] arguments)
    {
        if (Environment.UserName != "root")
            Assert.Ignore("File systems can be mounted by root only.");
        using Process mount = Process.Start(new ProcessStartInfo("mount", [.. arguments, place]) { RedirectStandardError = true })!;
        string error = mount.StandardError.ReadToEnd();
        mount.WaitForExit();
        if (mount.ExitCode != 0)
            Assert.Ignore($"This machine lets nobody mount: {error.Trim()}");
        _mounts.Insert(0, place);
    }

    private CliRun Write(string writer, string output)
    {
        WriteMel("a.npy", frames: 400);
        WriteWav("a.wav");
        return RunSimulated([.. writer.Split(' ').Select(word => word switch { "M" => Model, "C" => Checkpoint, _ => word.Replace("@", output, StringComparison.Ordinal) }), "--force"]);
    }

    private static string Extension(string writer) => writer[(writer.IndexOf('@', StringComparison.Ordinal) + 1)..].Split(' ')[0];

    [TestCaseSource(nameof(Writers))]
    public void A_full_file_system_is_said_and_what_was_there_stays(string writer)
    {
        Directory.CreateDirectory(At("small"));
        Mount(At("small"), "-t", "tmpfs", "-o", "size=8k", "tmpfs");
        // Of the two pages one is the old file's.
        string old = "small/x" + Extension(writer);
        File.WriteAllText(At(old), "old");
        File.WriteAllBytes(At("small/other"), new byte[4000]);
        Write(writer, "small/x").FailsWith(4, $"{old} cannot be written: no space left on device");
        Assert.That(File.ReadAllText(At(old)), Is.EqualTo("old"));
        Write(writer, "small/new").FailsWith(4, $"small/new{Extension(writer)} cannot be written: no space left on device");
        Assert.That(Directory.GetFiles(At("small")).Select(Path.GetFileName).Order(), Is.EqualTo((string[])["other", Path.GetFileName(old)]));
    }

    [TestCaseSource(nameof(Writers))]
    public void A_read_only_file_system_is_said_before_the_work(string writer)
    {
        Directory.CreateDirectory(At("fixed"));
        Mount(At("fixed"), "-t", "tmpfs", "-o", "size=64k", "tmpfs");
        File.WriteAllText(At("fixed/x" + Extension(writer)), "old");
        using (Process remount = Process.Start("mount", ["-o", "remount,ro", At("fixed")]))
            remount.WaitForExit();
        Write(writer, "fixed/x").FailsWith(4, $"fixed/x{Extension(writer)} cannot be written: read-only file system");
        Write(writer, "fixed/new").FailsWith(4, $"fixed/new{Extension(writer)} cannot be written: its folder", "read-only file system");
    }

    [TestCaseSource(nameof(Writers))]
    public void A_mount_point_in_the_outputs_place_is_written_in_place(string writer)
    {
        string output = "x" + Extension(writer);
        File.WriteAllText(At("outside"), "old");
        File.WriteAllText(At(output), "");
        Mount(At(output), "--bind", At("outside"));
        Write(writer, "x").Succeeds();
        Assert.That(new FileInfo(At("outside")).Length, Is.GreaterThan(100));
        Assert.That(File.ReadAllBytes(At("outside")), Is.EqualTo(File.ReadAllBytes(At(output))));
        Assert.That(Files, Has.None.StartsWith("."));
    }

    [TestCaseSource(nameof(Writers))]
    public void A_limit_of_a_files_size_is_said_and_nothing_is_left(string writer)
    {
        // CoreCLR itself makes a file of gigabytes in memory, unless it is told not to.
        string[] words = [.. writer.Split(' ').Select(word => word switch { "M" => Model, "C" => Checkpoint, _ => word.Replace("@", "x", StringComparison.Ordinal) })];
        WriteMel("a.npy", frames: 400);
        WriteWav("a.wav");
        ProcessStartInfo start = new("bash", ["-c", "ulimit -f 1; exec \"$@\"", "bash", .. CliRun.Command(CliRun.Program), .. words]) { WorkingDirectory = Folder, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in Simulated.Append(("DOTNET_EnableWriteXorExecute", "0")))
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.That((process.ExitCode, error), Is.EqualTo((4, error)), output.Result);
        // The profile of ONNX Runtime, of which a report is made, is a file, too.
        Assert.That(error, Does.Contain("trtvocoder: ").And.Not.Contain("Exception"));
        Assert.That(Files, Is.EqualTo((string[])["a.npy", "a.wav"]));
    }

    [TestCase("INT")]
    [TestCase("TERM")]
    [TestCase("HUP")]
    public void A_signal_in_bench_leaves_no_folder_of_its_profile(string signal)
    {
        Directory.CreateDirectory(At("tmp"));
        bool isSeen = false;
        CliRun run = CliRun.Run(CliRun.Program, Folder, null, [("TMPDIR", At("tmp"))], process =>
        {
            for (long end = Environment.TickCount64 + 60_000; !isSeen && Environment.TickCount64 < end && !process.HasExited; Thread.Sleep(1))
                isSeen = Directory.GetFileSystemEntries(At("tmp"), "trtvocoder-*").Length > 0;
            // The second one ends the program at once.
            for (int i = 0; i < 2; i++)
                Process.Start("kill", ["-" + signal, $"{process.Id}"]).WaitForExit();
        }, "bench", CliFixture.Model, "--frames", "4096", "--duration", "0.1", "--warm-up", "1", "--iterations", "1", "--mode", "sequential", "--report", "x.html");
        Assert.That(isSeen, "the profile's folder was never there");
        Assert.That(run.ExitCode, Is.EqualTo(130), run.StandardError);
        Assert.That(Directory.GetFileSystemEntries(At("tmp"), "trtvocoder-*"), Is.Empty);
        Assert.That(Files, Is.EqualTo((string[])["tmp"]));
    }
}
