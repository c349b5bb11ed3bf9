using TrtVocoder.Bindings;

namespace TrtVocoder.TensorRt;

/// <summary>One of NVIDIA's runtimes by major version: its file names, and the shim that drives it.</summary>
/// <param name="DisplayName">The name as users know it.</param>
/// <param name="Flavour">TensorRT or TensorRT-RTX.</param>
/// <param name="Major">The first number of the library's version, which is that of its engines.</param>
/// <param name="RuntimeFile">The runtime's file name.</param>
/// <param name="ParserFile">The ONNX parser's file name.</param>
/// <param name="FolderVariable">The environment variable that names their folder.</param>
/// <param name="Shim">The shim library.</param>
internal sealed record TensorRtFamily(
    string DisplayName, EngineFlavour Flavour, int Major, string RuntimeFile, string ParserFile, string FolderVariable, NativeLibraryInfo Shim)
{
    public static TensorRtFamily TensorRt10 { get; } =
        new("TensorRT 10", EngineFlavour.TensorRt, 10, "libnvinfer.so.10", "libnvonnxparser.so.10", "TRTV_TENSORRT_DIR", LibraryLoader.Shim10);

    public static TensorRtFamily TensorRt11 { get; } =
        new("TensorRT 11", EngineFlavour.TensorRt, 11, "libnvinfer.so.11", "libnvonnxparser.so.11", "TRTV_TENSORRT_DIR", LibraryLoader.Shim11);

    public static TensorRtFamily Rtx { get; } =
        new("TensorRT-RTX", EngineFlavour.TensorRtRtx, 1, "libtensorrt_rtx.so.1", "libtensorrt_onnxparser_rtx.so.1", "TRTV_TENSORRT_RTX_DIR", LibraryLoader.Shim11);

    /// <summary>All, in the order in which a choice is made.</summary>
    public static IReadOnlyList<TensorRtFamily> All { get; } = [TensorRt10, TensorRt11, Rtx];

    /// <summary>Those of a flavour, in the order in which a choice is made.</summary>
    public static IEnumerable<TensorRtFamily> Of(EngineFlavour? flavour) => All.Where(family => flavour is null || family.Flavour == flavour);

    /// <summary>Where a file may be: the folder asked for, else the one in the environment, else wherever the system's loader looks.</summary>
    public IReadOnlyList<string> Candidates(string file, string? folder)
    {
        folder ??= Environment.GetEnvironmentVariable(FolderVariable);
        return string.IsNullOrEmpty(folder) ? [file] : [Path.GetFullPath(Path.Combine(folder, file))];
    }
}
