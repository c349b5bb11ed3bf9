using System.Text.Json;

namespace TrtVocoder.Cli.Reporting;

/// <summary>What JSON cannot say: infinity and NaN become null, as in other programs of the field.</summary>
internal static class JsonWriterExtensions
{
    public static void WriteFinite(this Utf8JsonWriter writer, string name, double value)
    {
        if (double.IsFinite(value))
            writer.WriteNumber(name, value);
        else
            writer.WriteNull(name);
    }

    public static void WriteShape(this Utf8JsonWriter writer, string name, ReadOnlySpan<int> shape)
    {
        writer.WriteStartArray(name);
        foreach (int size in shape)
            writer.WriteNumberValue(size);
        writer.WriteEndArray();
    }
}
