using System.Text.Json;
using System.Text.Json.Serialization;

namespace TrtVocoder.Cli.Running;

/// <summary>A failure as a command's result.</summary>
/// <param name="Error">What went wrong.</param>
internal sealed record ErrorResult(Failure Error) : CommandResult
{
    [JsonIgnore]
    public override int ExitCode => Error.ExitCode;

    [JsonIgnore]
    public override bool IsError => true;

    public override IEnumerable<string> ToLines() => [$"trtvocoder: {Error.Sentence}"];

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ErrorJson.Default.ErrorResult);
}

/// <summary>Failures as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorResult))]
internal sealed partial class ErrorJson : JsonSerializerContext;
