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
    string DisplayName, EngineFlavour Flavour, int Major, string RuntimeFile, string ParserFile, string FolderVariable,
    NativeLibraryInfo Shim)
{
    public static TensorRtFamily TensorRt10 { get; } =
        new(
            $"{NameOf(EngineFlavour.TensorRt)} 10", EngineFlavour.TensorRt, 10, "libnvinfer.so.10", "libnvonnxparser.so.10",
            "TRTV_TENSORRT_DIR", LibraryLoader.Shim10);

    public static TensorRtFamily TensorRt11 { get; } =
        new(
            $"{NameOf(EngineFlavour.TensorRt)} 11", EngineFlavour.TensorRt, 11, "libnvinfer.so.11", "libnvonnxparser.so.11",
            "TRTV_TENSORRT_DIR", LibraryLoader.Shim11);

    public static TensorRtFamily Rtx { get; } =
        new(
            NameOf(EngineFlavour.TensorRtRtx), EngineFlavour.TensorRtRtx, 1, "libtensorrt_rtx.so.1", "libtensorrt_onnxparser_rtx.so.1",
            "TRTV_TENSORRT_RTX_DIR", LibraryLoader.Shim11);

    /// <summary>All, in the order in which a choice is made.</summary>
    public static IReadOnlyList<TensorRtFamily> All { get; } = [TensorRt10, TensorRt11, Rtx];

    /// <summary>The product's name, as users and sidecars know it.</summary>
    public static string NameOf(EngineFlavour flavour) => flavour == EngineFlavour.TensorRt ? "TensorRT" : "TensorRT-RTX";

    /// <summary>Those of a flavour, in the order in which a choice is made.</summary>
    public static IEnumerable<TensorRtFamily> Of(EngineFlavour? flavour) =>
        All.Where(family => flavour is null || family.Flavour == flavour);

    /// <summary>
    /// Whether it runs engines on GPUs of a compute capability: TensorRT-RTX names those it does (docs.nvidia.com/deeplearning/tensorrt-rtx, support
    /// matrix, and its refusal of an H200, which is 9.0), and neither a data centre's nor a Jetson's are among them.
    /// </summary>
    public bool RunsOn(Version computeCapability) => Flavour != EngineFlavour.TensorRtRtx
        || computeCapability is { Major: 7, Minor: 5 } or { Major: 8, Minor: 0 or 6 or 9 } or { Major: >= 12 };

    /// <summary>
    /// Where a file may be: the folder asked for, else the one in the environment, else wherever the system's loader looks.
    /// </summary>
    public IReadOnlyList<string> Candidates(string file, string? folder)
    {
        folder ??= Environment.GetEnvironmentVariable(FolderVariable);
        return string.IsNullOrEmpty(folder) ? [file] : [Path.GetFullPath(Path.Combine(folder, file))];
    }
}
