using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.TensorRt;

/// <summary>Engines for the simulated GPU, built once a process from the golden checkpoints.</summary>
internal static class TestEngines
{
    private static readonly string Folder = Directory.CreateTempSubdirectory("trtvocoder-engines").FullName;
    private static readonly Dictionary<string, string> Built = [];

    static TestEngines() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);

    /// <summary>A profile that takes every golden vector.</summary>
    public static TrtOptimizationProfile Profile { get; } = new(1, 1, 3, 1, 27, 64);

    /// <summary>The ONNX file of a golden model.</summary>
    public static string Onnx(string model, OnnxExportOptions? options = null)
    {
        string path = Path.Combine(Folder, $"{model}-{Key(options)}.onnx");
        if (!File.Exists(path))
            OnnxExporter.Export(VocosCheckpoint.Load(TestPaths.Data("golden", model)), path, options);
        return path;
    }

    /// <summary>The engine of a golden model, with its sidecar.</summary>
    public static string Engine(string model = "tiny-center", OnnxExportOptions? options = null, TrtOptimizationProfile? profile = null)
    {
        string key = $"{model}-{Key(options)}-{profile}";
        if (!Built.TryGetValue(key, out string? path))
        {
            path = Path.Combine(Folder, $"{Built.Count}.engine");
            TrtBuilder.Build(Onnx(model, options), path, new TrtBuildOptions { Profile = profile ?? Profile });
            Built.Add(key, path);
        }
        return path;
    }

    /// <summary>A copy of an engine, with or without its sidecar, that a test may spoil.</summary>
    public static string Copy(string engine, bool withSidecar)
    {
        string path = Path.Combine(Folder, $"copy-{Guid.NewGuid():N}.engine");
        File.Copy(engine, path);
        if (withSidecar)
            File.Copy(EngineSidecar.PathFor(engine), EngineSidecar.PathFor(path));
        return path;
    }

    private static string Key(OnnxExportOptions? options) => options is null ? "default" : $"{options.Precision}-{options.Depthwise}-{options.Signal}-{options.Layout}";
}
