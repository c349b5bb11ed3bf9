using TrtVocoder.Files;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary>A folder for each test, and the demo model exported once for all of them.</summary>
public abstract class CliFixture
{
    private static readonly Lazy<string> DemoModel = new(() => ExportModel(Checkpoint));

    /// <summary>This test's own folder, which the program runs in.</summary>
    protected string Folder { get; private set; } = "";

    /// <summary>The demo checkpoint as an .onnx file.</summary>
    protected static string Model => DemoModel.Value;

    protected static string Checkpoint => TestPaths.Models("vocos-demo");

    [SetUp]
    public void MakeFolder() => Folder = Directory.CreateTempSubdirectory("trtvocoder-cli-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(Folder, recursive: true);

    internal CliRun Run(params string[] arguments) => CliRun.Run(Folder, null, arguments);

    protected string At(string name) => Path.Combine(Folder, name);

    /// <summary>The names of the files in this test's folder.</summary>
    protected string[] Files => [.. Directory.EnumerateFileSystemEntries(Folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    /// <summary>Writes a mel of a falling tone: plausible values in every band.</summary>
    protected string WriteMel(string name, int bands = 100, int frames = 20, Action<float[]>? change = null)
    {
        float[] values = new float[bands * frames];
        for (int i = 0; i < values.Length; i++)
            values[i] = -6 + (3 * MathF.Sin(i * 0.01f));
        change?.Invoke(values);
        NpyFile.Write(At(name), new FloatTensor([bands, frames], values), overwrite: true);
        return name;
    }

    /// <summary>Writes half a second of a quiet chord.</summary>
    protected string WriteWav(string name, int sampleRate = 24000, int channels = 1)
    {
        float[] samples = new float[sampleRate / 2 * channels];
        for (int i = 0; i < samples.Length; i++)
        {
            double t = (double)(i / channels) / sampleRate;
            samples[i] = (float)((0.2 * Math.Sin(2 * Math.PI * 220 * t)) + (0.1 * Math.Sin(2 * Math.PI * 660 * t)));
        }
        WavFile.Write(At(name), samples, channels, sampleRate, WavSampleFormat.Pcm16, overwrite: true);
        return name;
    }

    /// <summary>A copy of the program without one of its parts; without its .deps.json too, which would ask for that.</summary>
    protected string CopyProgram(string without)
    {
        string folder = Directory.CreateDirectory(At("program")).FullName;
        string[] files = CliRun.IsNative
            ? Directory.GetFiles(CliRun.ProgramFolder)
            : [.. Directory.GetFiles(CliRun.ProgramFolder, "*.dll"), Path.ChangeExtension(CliRun.Program, ".runtimeconfig.json")];
        foreach (string file in files)
            if (!Path.GetFileName(file).Contains(without, StringComparison.OrdinalIgnoreCase))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return Path.Combine(folder, Path.GetFileName(CliRun.Program));
    }

    /// <summary>Exports a checkpoint beside the tests.</summary>
    protected static string ExportModel(string checkpoint)
    {
        string path = Path.Combine(AppContext.BaseDirectory, Path.GetFileName(checkpoint) + ".onnx");
        CliRun.Run(AppContext.BaseDirectory, null, "export", checkpoint, "--output", path, "--force").Succeeds();
        return path;
    }
}
