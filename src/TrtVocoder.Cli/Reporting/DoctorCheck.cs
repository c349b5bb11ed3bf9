using System.Text.Json.Serialization;

namespace TrtVocoder.Cli.Reporting;

/// <summary>One thing that <c>doctor</c> looked for.</summary>
/// <param name="Name">What it is.</param>
/// <param name="IsFound">Whether it is there and works.</param>
/// <param name="IsRequired">Whether decoding on the CPU needs it.</param>
/// <param name="Text">Version and place, or what to do.</param>
internal sealed record DoctorCheck(
    string Name, [property: JsonPropertyName("found")] bool IsFound, [property: JsonPropertyName("required")] bool IsRequired, string Text)
{
    [JsonIgnore]
    public string Mark => IsFound ? "ok      " : IsRequired ? "missing " : "optional";
}
