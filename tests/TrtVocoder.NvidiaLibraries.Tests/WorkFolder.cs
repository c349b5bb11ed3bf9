using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Export.Tests.Onnx;

namespace TrtVocoder.NvidiaLibraries.Tests;

/// <summary>The base of tests that write models and engines, each into a folder of its own.</summary>
[NonParallelizable]
public abstract class WorkFolder
{
    private string _folder = "";

    /// <summary>Where the test's engine goes.</summary>
    protected string Engine => PathOf("x.engine");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("trtvocoder").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    /// <summary>A file in the folder.</summary>
    protected string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>What lies in the folder.</summary>
    protected string[] GetFiles() => [.. Directory.GetFiles(_folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>Writes a golden checkpoint as <c>x.onnx</c>.</summary>
    protected string Export(string model = "tiny-center", OnnxExportOptions? options = null) => Export(OnnxVariants.Tiny(model), options);

    /// <summary>Writes a checkpoint as <c>x.onnx</c>.</summary>
    protected string Export(VocosCheckpoint checkpoint, OnnxExportOptions? options = null)
    {
        OnnxExporter.Export(checkpoint, PathOf("x.onnx"), options, overwrite: true);
        return PathOf("x.onnx");
    }

    /// <summary>Writes bytes as a file.</summary>
    protected string Write(string name, ReadOnlySpan<byte> bytes)
    {
        File.WriteAllBytes(PathOf(name), bytes);
        return PathOf(name);
    }
}
