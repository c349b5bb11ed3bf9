using System.Text.Json.Nodes;

namespace TrtVocoder.Cli.Reporting;

/// <summary>A fact with parts: lines for people, an array or object in JSON.</summary>
internal sealed record StructuredFact(string Text, JsonNode Node)
{
    public override string ToString() => Text;
}
