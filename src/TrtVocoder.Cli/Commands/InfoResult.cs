using System.Globalization;
using System.Text.Json;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;
using TrtVocoder.Files;

namespace TrtVocoder.Cli.Commands;

/// <summary>What a file holds, fact by fact: which facts there are depends on the file, so that they are a list and not members.</summary>
/// <param name="Path">The file.</param>
/// <param name="Facts">Names and values, in the order in which they are printed.</param>
internal sealed record InfoResult(string Path, IReadOnlyList<(string Name, object Value)> Facts) : CommandResult
{
    public override IEnumerable<string> ToLines()
    {
        int width = Facts.Max(fact => fact.Name.Length) + 2;
        foreach ((string name, object value) in Facts)
        {
            string label = name.PadRight(width);
            foreach (string line in Text(value).Split('\n'))
            {
                yield return label + line;
                label = new string(' ', width);
            }
        }
    }

    public override void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("path", Path);
        foreach ((string name, object value) in Facts)
        {
            writer.WritePropertyName(CamelCase(name));
            Write(writer, value);
        }
        WriteNotes(writer);
        writer.WriteEndObject();
    }

    private static string Text(object value) => value switch
    {
        double number => number.ToString("0.####", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        bool truth => truth ? "yes" : "no",
        _ => value.ToString()!,
    };

    private static void Write(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case StructuredFact fact:
                fact.Node.WriteTo(writer);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case float number:
                writer.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double:
                writer.WriteNullValue();
                break;
            case FloatTensor array:
                writer.WriteStartArray();
                foreach (int size in array.Shape)
                    writer.WriteNumberValue(size);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue(value.ToString());
                break;
        }
    }

    // "mel bands" is melBands in JSON.
    private static string CamelCase(string name) =>
        string.Concat(name.Split(' ').Select((word, index) => index == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
}
