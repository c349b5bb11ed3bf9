using System.Diagnostics;
using System.Runtime.InteropServices;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary>Libraries that the program brings or finds, damaged and of other kinds: each a sentence, none the end of the process.</summary>
[Platform("Linux")]
public class LibraryTests : CliFixture
{
    private const string Skia = "libSkiaSharp.so";
    private const string Onnx = "libonnxruntime.so";

    private static string Double(string folder, string file)
    {
        string path = Path.Combine(Simulator.NativeFolder, "tests", "native", "doubles", folder, file);
        if (!File.Exists(path))
            Needed.Missing($"{path} is missing: run './build.sh native'.", Assert.Ignore);
        return path;
    }

    // A copy of the program whose library is another; where the true one is now.
    private (string Program, string Library) ReplaceLibrary(string name, Func<byte[], byte[]> change)
    {
        string program = CopyProgram(without: name);
        string folder = Path.GetDirectoryName(program)!;
        string runtimes = Path.Combine("runtimes", $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}", "native");
        string[] libraries = [.. Directory.GetFiles(CliRun.ProgramFolder, "lib*.so", SearchOption.AllDirectories).Where(
            file => Path.GetDirectoryName(file) is { } place && (place == CliRun.ProgramFolder || place.EndsWith(runtimes, StringComparison.Ordinal)))];
        foreach (string file in libraries)
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        string library = libraries.First(file => Path.GetFileName(file) == name);
        File.WriteAllBytes(Path.Combine(folder, name), change(File.ReadAllBytes(library)));
        return (program, library);
    }

    private CliRun Run(string program, (string, string)[] environment, params string[] arguments) =>
        CliRun.Run(program, Folder, null, environment, null, arguments);

    [Test]
    public void A_library_with_FFTWs_names_whose_planner_makes_no_plans_is_told_before_and_in_use()
    {
        (string, string)[] environment = [("TRTV_FFTW_DIR", Path.GetDirectoryName(Double("fftw", "libfftw3f.so.3"))!)];
        WriteMel("a.npy");
        CliRun doctor = CliRun.Run(Folder, null, environment, "doctor");
        Assert.That(doctor.ExitCode, Is.EqualTo(5));
        Assert.That(doctor.Text, Does.Match(@"missing +FFTW.* was found, but does not work: .*cannot plan a transform").And.Contain("Decoding on the CPU does not work yet"));
        CliRun.Run(Folder, null, environment, "synth", "a.npy", "--model", Model, "--output", "o.wav").FailsWith(5, "cannot plan a transform", "libfftw3f.so.3");
        Assert.That(Files, Is.EqualTo((string[])["a.npy"]));
    }

    // Places in struct OrtApi.
    [TestCase(3, "CreateEnv", 5, "ONNX Runtime does not start")]
    [TestCase(145, "SetLanguageProjection", 5, "ONNX Runtime does not start")]
    [TestCase(10, "CreateSessionOptions", 3, "ONNX Runtime could not be given its options")]
    [TestCase(24, "SetIntraOpNumThreads", 3, "ONNX Runtime could not be given its options")]
    [TestCase(130, "AddSessionConfigEntry", 3, "ONNX Runtime could not be given its options")]
    [TestCase(7, "CreateSession", 3, "is not a model that ONNX Runtime can run")]
    [TestCase(30, "SessionGetInputCount", 3, "is not a model that ONNX Runtime can run")]
    [TestCase(34, "SessionGetOutputTypeInfo", 3, "is not a model that ONNX Runtime can run")]
    [TestCase(62, "GetDimensions", 3, "is not a model that ONNX Runtime can run")]
    [TestCase(41, "RunOptionsSetRunLogSeverityLevel", 3, "ONNX Runtime could not begin a decoder")]
    [TestCase(134, "CreateIoBinding", 3, "ONNX Runtime could not run it on [1, 100, 20]")]
    [TestCase(49, "CreateTensorWithDataAsOrtValue", 3, "ONNX Runtime could not run it on [1, 100, 20]")]
    [TestCase(136, "BindInput", 3, "ONNX Runtime could not run it on [1, 100, 20]")]
    [TestCase(137, "BindOutput", 3, "ONNX Runtime could not run it on [1, 100, 20]")]
    [TestCase(133, "RunWithBinding", 3, "ONNX Runtime could not run it on [1, 100, 20]")]
    public void A_failure_of_ONNX_Runtime_at_any_step_is_a_sentence(int place, string function, int exitCode, string words)
    {
        (string program, string library) = ReplaceLibrary(Onnx, _ => File.ReadAllBytes(Double("onnxruntime", Onnx)));
        WriteMel("a.npy");
        Run(program, [("TRTV_ORT_REAL", library), ("TRTV_ORT_FAIL", $"{place}")], "synth", "a.npy", "--model", Model, "--output", "o.wav")
            .FailsWith(exitCode, words, "a failure made by a test");
        Assert.That(Files, Is.EqualTo((string[])["a.npy", "program"]), function);
    }

    [Test]
    public void The_double_of_ONNX_Runtime_does_what_that_does_where_nothing_fails()
    {
        (string program, string library) = ReplaceLibrary(Onnx, _ => File.ReadAllBytes(Double("onnxruntime", Onnx)));
        WriteMel("a.npy");
        Run(program, [("TRTV_ORT_REAL", library)], "synth", "a.npy", "--model", Model, "--output", "o.wav").Succeeds();
    }

    [TestCase("old", "does not support API version")]
    [TestCase("foreign", "is another than the one that it was built for")]
    [TestCase("cut", "is cut off")]
    [TestCase("missing", "was not found beside the program")]
    public void Another_or_no_ONNX_Runtime_is_told_by_doctor_and_in_use(string kind, string words)
    {
        (string program, string library) = ReplaceLibrary(Onnx, real => kind switch
        {
            "old" => File.ReadAllBytes(Double("onnxruntime", Onnx)),
            "foreign" => File.ReadAllBytes(Double("fftw", "libfftw3f.so.3")),
            _ => real[..(real.Length / 2)],
        });
        if (kind == "missing")
            File.Delete(Path.Combine(Path.GetDirectoryName(program)!, Onnx));
        WriteMel("a.npy");
        (string, string)[] environment = [("TRTV_ORT_REAL", library), ("TRTV_ORT_OLD", "1")];
        Run(program, environment, "synth", "a.npy", "--model", Model, "--output", "o.wav").FailsWith(5, words);
        CliRun doctor = Run(program, environment, "doctor");
        Assert.That(doctor.ExitCode, Is.EqualTo(5));
        Assert.That(doctor.Text, Does.Match("missing +ONNX Runtime").And.Contain(words).And.Contain("ok        FFTW"));
    }

    [TestCase("cut", "is cut off")]
    [TestCase("foreign", "could not be loaded")]
    public void A_damaged_Skia_is_told_by_doctor_and_ends_no_picture_without_a_word(string kind, string words)
    {
        (string program, _) = ReplaceLibrary(Skia, real => kind == "cut" ? real[..(real.Length / 2)] : File.ReadAllBytes(Double("fftw", "libfftw3f.so.3")));
        WriteWav("a.wav");
        CliRun doctor = Run(program, [], "doctor").Succeeds();
        Assert.That(doctor.Text, Does.Match("optional +Skia +").And.Contain(words).And.Contain("Decoding on the CPU works."));
        CliRun plot = Run(program, [], "compare", "a.wav", "a.wav", "--plot", "x.png");
        Assert.That(plot.ExitCode, Is.EqualTo(5), plot.StandardError);
        Assert.That(plot.StandardError, Does.Not.Contain("   at ").And.Not.Contain("please report"));
        Assert.That(Files, Has.None.EqualTo("x.png"));
    }

    [Test]
    public void A_library_that_needs_one_that_is_cut_off_is_told()
    {
        File.WriteAllText(At("part.c"), "int part(void) { return 1; }");
        File.WriteAllText(At("whole.c"), "int part(void); int whole(void) { return part(); }");
        foreach (string command in (string[])["gcc -shared -fPIC -o libpart.so part.c", "gcc -shared -fPIC -o libfftw3f.so.3 whole.c -L. -lpart -Wl,-rpath,$ORIGIN"])
        {
            using Process gcc = Process.Start(new ProcessStartInfo(command.Split(' ')[0], command.Split(' ')[1..]) { WorkingDirectory = Folder })!;
            gcc.WaitForExit();
            Assert.That(gcc.ExitCode, Is.Zero);
        }
        byte[] part = File.ReadAllBytes(At("libpart.so"));
        File.WriteAllBytes(At("libpart.so"), part[..(part.Length / 4)]);
        CliRun doctor = CliRun.Run(Folder, null, [("TRTV_FFTW_DIR", Folder)], "doctor");
        Assert.That(doctor.ExitCode, Is.EqualTo(5));
        Assert.That(doctor.Text, Does.Contain("libfftw3f.so.3 needs another library, and ").And.Contain("libpart.so is cut off"));
    }
}
