using System.Text.Json;
using TrtVocoder.Cli.Running;

namespace TrtVocoder.Cli.Commands;

/// <summary>
/// What <c>bench</c> measured. Its JSON is the form of saved results, which other programs write too and <c>--against</c> reads: BenchJson
/// owns both directions of it.
/// </summary>
/// <param name="Lines">The result for people.</param>
/// <param name="Members">Writes the members of the object.</param>
internal sealed record BenchPrinted(IReadOnlyList<string> Lines, Action<Utf8JsonWriter> Members) : CommandResult
{
    public override IEnumerable<string> ToLines() => Lines;

    public override void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        Members(writer);
        WriteNotes(writer);
        writer.WriteEndObject();
    }
}
