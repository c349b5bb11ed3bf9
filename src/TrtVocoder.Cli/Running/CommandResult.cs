using System.Text.Json;
using System.Text.Json.Serialization;

namespace TrtVocoder.Cli.Running;

/// <summary>What a command found or did: one record, printed as lines for people or as one JSON object.</summary>
internal abstract record CommandResult
{
    /// <summary>What the process ends with.</summary>
    [JsonIgnore]
    public virtual int ExitCode => Running.ExitCode.Success;

    /// <summary>Whether it is an error, which goes to standard error as text.</summary>
    [JsonIgnore]
    public virtual bool IsError => false;

    /// <summary>What a user should know besides; set before it is printed as JSON.</summary>
    [JsonPropertyOrder(int.MaxValue)]
    public IReadOnlyList<string>? Notes { get; set; }

    /// <summary>The result for people.</summary>
    public abstract IEnumerable<string> ToLines();

    /// <summary>Writes the result as one object.</summary>
    public abstract void WriteJson(Utf8JsonWriter writer);

    /// <summary>The member "notes" of an object that is written by hand.</summary>
    protected void WriteNotes(Utf8JsonWriter writer)
    {
        if (Notes is null)
            return;
        writer.WriteStartArray("notes");
        foreach (string note in Notes)
            writer.WriteStringValue(note);
        writer.WriteEndArray();
    }
}
