using System.Text.Json;
using System.Text.Json.Serialization;

namespace TrtVocoder.Cli.Commands;

/// <summary>The results of the commands as JSON: members in the order of the records, what is null is left out.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SynthResult))]
[JsonSerializable(typeof(SynthSetResult))]
[JsonSerializable(typeof(MelResult))]
[JsonSerializable(typeof(ExportResult))]
[JsonSerializable(typeof(BuildResult))]
[JsonSerializable(typeof(TritonResult))]
[JsonSerializable(typeof(CompareResult))]
[JsonSerializable(typeof(DoctorResult))]
internal sealed partial class ResultJson : JsonSerializerContext;

/// <summary>What JSON cannot say: infinity and NaN become null, as in other programs of the field.</summary>
internal sealed class FiniteNumberConverter : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert,
        JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value))
            writer.WriteNumberValue(value);
        else
            writer.WriteNullValue();
    }
}
