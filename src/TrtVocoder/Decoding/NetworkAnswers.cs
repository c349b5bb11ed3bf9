using System.Text.Json.Serialization;

namespace TrtVocoder.Decoding;

/// <summary>What a network answered when it was asked by decoding; null for what nobody asked.</summary>
internal sealed record NetworkAnswers
{
    /// <summary>SHA-256 of the engine's file in hexadecimal: the answers are worth nothing for another.</summary>
    public string EngineSha256 { get; init; } = "";

    /// <summary>Frames before an output frame that it depends on, and a kernel's width more.</summary>
    public int? LeftFrames { get; init; }

    /// <summary>Frames after an output frame that it depends on, and a kernel's width more; 0 of a causal network.</summary>
    public int? RightFrames { get; init; }

    /// <summary>Whether it was asked how far it reaches, and reached all of the longest input that could be tried.</summary>
    public bool IsUnbounded { get; init; }

    /// <summary>Whether the items of a batch are what they are alone.</summary>
    public bool? BatchIsIndependent { get; init; }

    /// <summary>The receptive field; null where it was not asked, or has no bounds.</summary>
    [JsonIgnore]
    public ReceptiveField? ReceptiveField => LeftFrames is { } left && RightFrames is { } right ? new ReceptiveField(left, right) : null;
}
