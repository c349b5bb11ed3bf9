using System.Text.Json.Serialization;

namespace TrtVocoder.TensorRt;

/// <summary>The sidecar's JSON without reflection, so that it works in trimmed and native programs.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EngineSidecar))]
internal sealed partial class SidecarJsonContext : JsonSerializerContext;
