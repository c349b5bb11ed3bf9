using TrtVocoder.Decoding;

namespace TrtVocoder.TensorRt;

/// <summary>What to build an engine with; the defaults are those for a lone low-latency caller.</summary>
public sealed record TrtBuildOptions
{
    /// <summary>Which runtime builds, and later loads, the engine; null takes TensorRT 10, else 11, else TensorRT-RTX.</summary>
    public EngineFlavour? Runtime { get; init; }

    /// <summary>The folder of NVIDIA's libraries; null looks where <see cref="TensorRtLibrary"/> says.</summary>
    public string? LibraryFolder { get; init; }

    /// <summary>The GPU's number. TensorRT-RTX builds without any.</summary>
    public int Device { get; init; }

    /// <summary>The shapes the engine shall take.</summary>
    public TrtOptimizationProfile Profile { get; init; } = new(1, 1, 1, 1, 256, 1024);

    /// <summary>
    /// Whether tensors keep the model's own types; null: unless <see cref="Fp16"/> is set. TensorRT 11 and TensorRT-RTX know nothing else.
    /// </summary>
    public bool? StronglyTyped { get; init; }

    /// <summary>Whether layers of an FP32 model may run in FP16, where TensorRT finds it faster (TensorRT 10 only).</summary>
    public bool Fp16 { get; init; }

    /// <summary>Whether FP32 matrix products may round their inputs to TF32.</summary>
    public bool Tf32 { get; init; } = true;

    /// <summary>Most scratch memory of a layer in bytes; null: what the GPU has.</summary>
    public long? WorkspaceBytes { get; init; }

    /// <summary>How long to search for fast layers, 0 to 5; null: TensorRT's own choice, 3.</summary>
    public int? OptimizationLevel { get; init; }

    /// <summary>Whether the engine shall run on later versions too; loading it then needs <see cref="TrtDecoderOptions.AllowHostCode"/>.</summary>
    public bool VersionCompatible { get; init; }

    /// <summary>Whether the engine shall run on other GPUs too, from the Ampere generation on; slower.</summary>
    public bool HardwareCompatible { get; init; }

    /// <summary>Whether the engine can tell about each layer's tensors and tactic.</summary>
    public bool DetailedLayers { get; init; }

    /// <summary>A file that keeps layer timings from build to build, made when it does not exist; null: none.</summary>
    public string? TimingCachePath { get; init; }

    /// <summary>The model's metadata for the sidecar; null reads them from the ONNX file.</summary>
    public VocoderMetadata? Metadata { get; init; }

    /// <summary>The settings as the sidecar keeps them.</summary>
    internal IReadOnlyDictionary<string, string> ToSettings()
    {
        Dictionary<string, string> settings = new()
        {
            ["strongly_typed"] = Flag(IsStronglyTyped),
            ["fp16"] = Flag(Fp16),
            ["tf32"] = Flag(Tf32),
            ["version_compatible"] = Flag(VersionCompatible),
            ["hardware_compatible"] = Flag(HardwareCompatible),
        };
        if (WorkspaceBytes is { } workspace)
            settings["workspace_bytes"] = workspace.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (OptimizationLevel is { } level)
            settings["optimization_level"] = level.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return settings;

        static string Flag(bool value) => value ? "true" : "false";
    }

    /// <summary>Checks what can be checked before any library is asked.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message says which.</exception>
    public void Validate()
    {
        Profile.Validate();
        if (OptimizationLevel is < 0 or > 5)
            throw new ArgumentException($"The optimisation level is {OptimizationLevel}; it goes from 0 (quickest build) to 5 (longest search).");
        if (WorkspaceBytes is <= 0)
            throw new ArgumentException($"The workspace is {WorkspaceBytes} bytes; it must be above 0, or left to the GPU's memory.");
    }

    internal bool IsStronglyTyped => StronglyTyped ?? !Fp16;
}
