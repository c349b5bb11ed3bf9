using System.Text.RegularExpressions;
using TrtVocoder.Bindings;
using TrtVocoder.Cuda;

namespace TrtVocoder.TensorRt;

/// <summary>Why an engine does not load here, from what its header says, what TensorRT says, and what this machine has.</summary>
internal static partial class EngineRefusal
{
    public static TrtVocoderException CreateException(
        TensorRtLibrary library, CudaDevice device, EnginePlanHeader header, string source, int status)
    {
        if ((trtv_status)status != trtv_status.TRTV_ERROR_ENGINE_REFUSED)
            return library.Shim.CreateException(status, $"Loading the engine {source}");
        string words = library.Shim.GetLastMessage().Trim();
        (FailureKind kind, string message) = Describe(
            library.Flavour, library.Version, library.DisplayName, device.ToString(), header, source, words);
        return new TensorRtException(message, status, words) { Kind = kind };
    }

    /// <summary>What kind of refusal it is, and one sentence: what was wrong, where, what to do.</summary>
    internal static (FailureKind Kind, string Message) Describe(
        EngineFlavour flavour, Version version, string libraryName, string deviceName, EnginePlanHeader header, string source, string words)
    {
        const string Rebuild = "build it again here";
        if (header.Flavour != flavour)
            return (FailureKind.EngineOfOtherLibrary, $"{source}: this engine was built by {header.Maker} and cannot be loaded by "
                + $"{libraryName}; load it with the library that built it, or {Rebuild}.");
        // "expecting compute 8.9 got compute 8.6": expected is what this machine has.
        Match device = OtherDevice().Match(words);
        if (device.Success)
            return (FailureKind.EngineOfOtherGpu, $"{source}: this engine was built for another GPU, of compute capability "
                + $"{device.Groups[1].Value}; this machine has {deviceName}; {Rebuild}.");
        if (words.Contains("does not support this compute capability", StringComparison.OrdinalIgnoreCase))
            return (FailureKind.EngineOfOtherGpu, $"{source}: {libraryName} runs no engines on this machine's GPU, {deviceName} "
                + $"({words.TrimEnd('.')}); build it again by TensorRT, which does.");
        if (words.Contains("incompatible device", StringComparison.OrdinalIgnoreCase)
            || words.Contains("cannot run on this GPU", StringComparison.OrdinalIgnoreCase))
            return (FailureKind.EngineOfOtherGpu,
                $"{source}: this engine cannot run on this machine's GPU, {deviceName} ({words.TrimEnd('.')}); {Rebuild}.");
        if (words.Contains("EngineHostCodeAllowed", StringComparison.Ordinal))
            return (FailureKind.HostCodeNotAllowed, $"{source}: this engine is version-compatible and carries executable code, which must "
                + $"be allowed: only if you trust where it comes from.");
        if (header.Version != version)
            return (FailureKind.EngineOfOtherLibrary, $"{source}: this engine was built by {header.Maker}, and this machine has "
                + $"{libraryName}; an engine runs on the version that built it: install that version, or {Rebuild}.");
        return (FailureKind.EngineDamaged, $"{source}: {libraryName} refuses this engine, though it is of its own version: the file is "
            + $"damaged ({words.TrimEnd('.')}); copy it again, or {Rebuild}.");
    }

    [GeneratedRegex(@"got compute (\d+\.\d+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OtherDevice();
}
