using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Benchmarks;

/// <summary>The full-size model with random weights in a temporary folder: as a checkpoint and, in as many forms as are asked for, as ONNX files.</summary>
internal sealed class FullSizeModel : IDisposable
{
    private readonly VocosCheckpoint _checkpoint = RandomCheckpoint.Create(RandomCheckpoint.FullSize);

    public FullSizeModel() => _checkpoint.Save(Folder);

    /// <summary>The checkpoint's folder.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("trtvocoder-bench").FullName;

    /// <summary>The ONNX file of the form that is fastest on CPUs.</summary>
    public string Export() => Export("vocos", new OnnxExportOptions { Form = NetworkForm.Conv, Layout = SpectrumLayout.FrameMajor });

    /// <summary>An ONNX file of another form.</summary>
    public string Export(string name, OnnxExportOptions options)
    {
        string path = Path.Combine(Folder, name + ".onnx");
        OnnxExporter.Export(_checkpoint, path, options, overwrite: true);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
