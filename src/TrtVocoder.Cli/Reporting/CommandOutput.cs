using System.Text;
using System.Text.Json;

namespace TrtVocoder.Cli.Reporting;

/// <summary>
/// Where a command's words go. Results: text or one JSON object on standard output (text goes to standard error when standard output carries
/// data). Notes and errors: standard error. Progress: only on a terminal.
/// </summary>
internal sealed class CommandOutput(bool isJson)
{
    private readonly List<string> _notes = [];

    /// <summary>Whether the result is one JSON object.</summary>
    public bool IsJson { get; } = isJson;

    /// <summary>Set by a command whose data go to standard output.</summary>
    public bool DataOnStandardOutput
    {
        get;
        set
        {
            if (value && IsJson)
                throw CliException.Usage("--json and '--output -' both want standard output; give --output a file name.");
            field = value;
        }
    }

    /// <summary>Whether progress may be drawn: somebody is watching and nothing machine-readable is wanted.</summary>
    public bool ShowsProgress => !IsJson && !Console.IsErrorRedirected;

    /// <summary>A line of the result for people; nothing with --json.</summary>
    public void Line(string text)
    {
        if (!IsJson)
            (DataOnStandardOutput ? Console.Error : Console.Out).WriteLine(text);
    }

    /// <summary>Something a user should know although the command goes on. With --json it is also in the object's "notes".</summary>
    public void Note(string text)
    {
        _notes.Add(text);
        Console.Error.WriteLine($"note: {text}");
    }

    /// <summary>Writes the result's members; only with --json.</summary>
    public void Json(Action<Utf8JsonWriter> members)
    {
        if (!IsJson)
            return;
        WriteObject(writer =>
        {
            members(writer);
            if (_notes.Count == 0)
                return;
            writer.WriteStartArray("notes");
            _notes.ForEach(writer.WriteStringValue);
            writer.WriteEndArray();
        });
    }

    /// <summary>Reports a failure as one sentence on standard error, or as {"error": {...}} on standard output with --json.</summary>
    public void Fail(Failure failure, Exception? cause)
    {
        if (IsJson)
            WriteObject(writer => WriteError(writer, failure));
        else
            Console.Error.WriteLine($"trtvocoder: {failure.Sentence}");
        if (cause is not null && Environment.GetEnvironmentVariable("TRTV_DEBUG") == "1")
            Console.Error.WriteLine(cause);
    }

    /// <summary>The member "error" of an object.</summary>
    public static void WriteError(Utf8JsonWriter writer, Failure failure)
    {
        writer.WriteStartObject("error");
        writer.WriteString("code", failure.Code);
        writer.WriteNumber("exitCode", failure.ExitCode);
        writer.WriteString("message", failure.Sentence);
        writer.WriteEndObject();
    }

    private static void WriteObject(Action<Utf8JsonWriter> members)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions
        {
            Indented = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }
        Console.Out.WriteLine(Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length));
    }
}
