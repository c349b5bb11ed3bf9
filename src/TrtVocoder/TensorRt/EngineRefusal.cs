using System.Text.RegularExpressions;
using TrtVocoder.Bindings;
using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>Why an engine does not load here, from what its header says, what TensorRT says, and what this machine has.</summary>
internal static partial class EngineRefusal
{
    public static TrtVocoderException CreateException(TensorRtLibrary library, CudaDevice device, EnginePlanHeader header, string source, int status)
    {
        if ((trtv_status)status != trtv_status.TRTV_ERROR_ENGINE_REFUSED)
            return library.Shim.CreateException(status, $"Loading the engine {source}");
        string words = library.Shim.GetLastMessage().Trim();
        return new TensorRtException(Describe(library.Flavour, library.Version, library.DisplayName, device.ToString(), header, source, words), status, words);
    }

    /// <summary>One sentence: what was wrong, where, what to do.</summary>
    internal static string Describe(
        EngineFlavour flavour, Version version, string libraryName, string deviceName, EnginePlanHeader header, string source, string words)
    {
        const string Rebuild = "rebuild it here with 'trtvocoder build MODEL.onnx --output ENGINE'";
        if (header.Flavour != flavour)
        {
            string runtime = flavour == EngineFlavour.TensorRt ? "tensorrt" : "rtx";
            return $"{source}: this engine was built by {header.Maker} and cannot be loaded by {libraryName}; {Rebuild} and --runtime {runtime}, or load it with the library that built it.";
        }
        // "expecting compute 8.9 got compute 8.6": expected is what this machine has.
        Match device = OtherDevice().Match(words);
        if (device.Success)
            return $"{source}: this engine was built for another GPU, of compute capability {device.Groups[1].Value}; this machine has {deviceName}; {Rebuild}.";
        if (words.Contains("incompatible device", StringComparison.OrdinalIgnoreCase) || words.Contains("cannot run on this GPU", StringComparison.OrdinalIgnoreCase))
            return $"{source}: this engine cannot run on this machine's GPU, {deviceName} ({words.TrimEnd('.')}); {Rebuild}.";
        if (words.Contains("EngineHostCodeAllowed", StringComparison.Ordinal))
            return $"{source}: this engine is version-compatible and carries executable code; if you trust where it comes from, allow that by {nameof(TrtDecoderOptions)}.{nameof(TrtDecoderOptions.AllowHostCode)}.";
        if (header.Version != version)
            return $"{source}: this engine was built by {header.Maker}, and this machine has {libraryName}; an engine runs on the version that built it: {Rebuild}, or install that version.";
        return $"{source}: {libraryName} refuses this engine, though it is of its own version: the file is damaged ({words.TrimEnd('.')}); copy it again, or {Rebuild}.";
    }

    [GeneratedRegex(@"got compute (\d+\.\d+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OtherDevice();
}
