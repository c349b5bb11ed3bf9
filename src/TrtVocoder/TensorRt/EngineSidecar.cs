using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using TrtVocoder.Decoding;
using TrtVocoder.Internal;

namespace TrtVocoder.TensorRt;

/// <summary>
/// What an engine file cannot say of itself: the model's metadata, and what it was built with. Written by the builder beside the
/// engine as <c>&lt;engine&gt;.json</c>; an engine without one still loads, with its metadata inferred from its shapes.
/// </summary>
public sealed record EngineSidecar
{
    /// <summary>The form that this version reads and writes.</summary>
    public const int CurrentFormat = 1;

    private const int MaxBytes = 1 << 20;

    /// <summary>Version of this file's form.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>The library that built the engine: <c>TensorRT</c> or <c>TensorRT-RTX</c>.</summary>
    public required string Runtime { get; init; }

    /// <summary>That library's version, e.g. <c>10.3.0</c>.</summary>
    public required string RuntimeVersion { get; init; }

    /// <summary>Name of the GPU that it was built on; empty where none was needed.</summary>
    public required string Gpu { get; init; }

    /// <summary>That GPU's compute capability, e.g. <c>8.7</c>; empty where none was needed.</summary>
    public required string ComputeCapability { get; init; }

    /// <summary>Size of the engine file in bytes: a sidecar of another engine is noticed by it.</summary>
    public required long EngineBytes { get; init; }

    /// <summary>Name of the ONNX file.</summary>
    public required string Onnx { get; init; }

    /// <summary>SHA-256 of the ONNX file in hexadecimal.</summary>
    public required string OnnxSha256 { get; init; }

    /// <summary>The optimisation profiles, in the engine's order.</summary>
    public required IReadOnlyList<TrtOptimizationProfile> Profiles { get; init; }

    /// <summary>The builder's settings, as on its command line.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>The model's metadata (<see cref="VocoderMetadata.ToProperties"/>); empty when the ONNX file had none of ours.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>In which of its forms the network was built; empty where it has one only.</summary>
    public string Form { get; init; } = "";

    /// <summary>The forms that TensorRT refused before.</summary>
    public IReadOnlyList<TrtFormRefusal> Refusals { get; init; } = [];

    /// <summary>What the engine sounded like when it was built; null where nobody asked.</summary>
    public TrtVerification? Verification { get; init; }

    /// <summary>What the engine answered when it was asked (<c>info --probe</c>); null where nobody asked.</summary>
    [JsonInclude]
    internal NetworkAnswers? Answers { get; init; }

    /// <summary>The sidecar's path for an engine's path.</summary>
    public static string PathFor(string enginePath) => enginePath + ".json";

    /// <summary>Reads the sidecar of an engine; null when there is none.</summary>
    /// <exception cref="DataFormatException">It is unreadable, or belongs to another engine.</exception>
    public static EngineSidecar? TryRead(string enginePath)
    {
        string path = PathFor(enginePath);
        if (!File.Exists(path))
            return null;
        try
        {
            WholeFile.ThrowIfNone(path);
            if (new FileInfo(path).Length > MaxBytes)
                throw new DataFormatException(
                    $"{path}: it is larger than {MaxBytes} bytes, which no engine's sidecar is; delete it, or build the engine again.");
            EngineSidecar sidecar = Parse(File.ReadAllBytes(path), path);
            long engineBytes = LengthOf(enginePath);
            if (sidecar.EngineBytes != engineBytes)
                throw new DataFormatException(
                    $"{path}: it belongs to another engine, of {sidecar.EngineBytes} bytes where this one has {engineBytes}; delete it, "
                        + $"or build the engine again.");
            return sidecar;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error);
        }
    }

    // Of the file that a link leads to, not of the link.
    private static long LengthOf(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        return RandomAccess.GetLength(file);
    }

    /// <summary>Reads a sidecar's text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="path">Its file for messages.</param>
    /// <exception cref="DataFormatException">It is no sidecar of this form.</exception>
    internal static EngineSidecar Parse(ReadOnlySpan<byte> json, string path)
    {
        try
        {
            EngineSidecar sidecar = JsonSerializer.Deserialize(json, SidecarJsonContext.Default.EngineSidecar)
                ?? throw new DataFormatException($"{path}: the file holds no sidecar; delete it, or build the engine again.");
            if (sidecar.FormatVersion != CurrentFormat)
                throw new DataFormatException($"{path}: form {sidecar.FormatVersion} is not known to this version, which reads form "
                    + $"{CurrentFormat}; update TrtVocoder.");
            // The serializer gives null to what is absent and may be: sidecars of earlier versions have none of these.
            sidecar = sidecar with
            {
                Form = sidecar.Form ?? "",
                Refusals = sidecar.Refusals ?? [],
                Verification = sidecar.Verification is { } verification
                    ? verification with { Reference = verification.Reference ?? "", Note = verification.Note ?? "" }
                    : null,
            };
            sidecar.CheckItems(path);
            return sidecar;
        }
        catch (JsonException error)
        {
            throw Unreadable(path, error);
        }
    }

    private static DataFormatException Unreadable(string path, Exception error) =>
        new($"{path}: cannot be read as an engine's sidecar ({error.Message}); delete it, or build the engine again.", error);

    // The serializer looks for nulls in the properties, not within their lists and maps.
    private void CheckItems(string path)
    {
        if (Profiles.Any(profile => profile is null) || Refusals.Any(refusal => refusal is null or { Form: null } or { Words: null })
            || Settings.Values.Any(value => value is null) || Metadata.Values.Any(value => value is null))
            throw new DataFormatException(
                $"{path}: it holds null where a profile, a setting or a value belongs; delete it, or build the engine again.");
        if (Answers is { } answers && (IsNoField(answers.LeftFrames) || IsNoField(answers.RightFrames)))
            throw new DataFormatException($"{path}: its answers name a receptive field of {answers.LeftFrames} and {answers.RightFrames} "
                + $"frames, which no vocoder has; delete it, or build the engine again.");
        try
        {
            foreach (TrtOptimizationProfile profile in Profiles)
                profile.Validate();
        }
        catch (ArgumentException error)
        {
            throw new DataFormatException($"{path}: {error.Message} Delete it, or build the engine again.", error);
        }
    }

    private static bool IsNoField(int? frames) => frames is < 0 or > ModelLimits.MaxReceptiveFieldFrames;

    /// <summary>Writes the sidecar of an engine, replacing an old one in one step.</summary>
    /// <exception cref="IOException">It cannot be written; nothing half-written stays.</exception>
    public void Write(string enginePath)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(this, SidecarJsonContext.Default.EngineSidecar);
        AtomicFile.Write(PathFor(enginePath), overwrite: true, file => file.Write(json));
    }

    /// <summary>The model's metadata; null when the sidecar has none.</summary>
    /// <exception cref="DataFormatException">A value is missing or unreadable.</exception>
    public VocoderMetadata? GetMetadata(string enginePath) => VocoderMetadata.TryFromProperties(Metadata, PathFor(enginePath));

    /// <summary>What the engine answered earlier; null where nobody asked, or where it was another engine.</summary>
    internal NetworkAnswers? GetAnswers(string enginePath) =>
        Answers is { } answers && answers.EngineSha256 == HashOf(enginePath) ? answers : null;

    /// <summary>
    /// Writes what an engine answered into its sidecar, keyed by the engine's hash; where it has none, one that holds nothing else.
    /// </summary>
    /// <exception cref="DataFormatException">The sidecar or the engine cannot be read.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static void WriteAnswers(string enginePath, NetworkAnswers answers, TrtOptimizationProfile profile)
    {
        EnginePlanHeader header = EnginePlanHeader.Read(enginePath);
        EngineSidecar sidecar = TryRead(enginePath) ?? new EngineSidecar
        {
            FormatVersion = CurrentFormat,
            Runtime = TensorRtFamily.NameOf(header.Flavour),
            RuntimeVersion = header.Version.ToString(),
            Gpu = "",
            ComputeCapability = "",
            EngineBytes = LengthOf(enginePath),
            Onnx = "",
            OnnxSha256 = "",
            Profiles = [profile],
            Settings = new Dictionary<string, string>(),
            Metadata = new Dictionary<string, string>(),
        };
        (sidecar with { Answers = answers with { EngineSha256 = HashOf(enginePath) } }).Write(enginePath);
    }

    /// <summary>SHA-256 of a file in hexadecimal.</summary>
    /// <exception cref="DataFormatException">It cannot be read.</exception>
    internal static string HashOf(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error);
        }
    }
}
