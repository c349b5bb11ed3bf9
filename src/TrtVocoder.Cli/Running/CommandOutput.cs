using System.Text;
using System.Text.Json;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Running;

/// <summary>
/// Where a command's words go. Results: text or one JSON object on standard output (text goes to standard error when standard output
/// carries data). Notes and errors: standard error. Progress: only on a terminal. Text from files passes one filter here.
/// </summary>
internal sealed class CommandOutput(bool isJson)
{
    private readonly List<string> _notes = [];
    private bool _isQuiet;

    /// <summary>Whether the result is one JSON object.</summary>
    public bool IsJson { get; } = isJson;

    /// <summary>Whether standard output carries data.</summary>
    public bool DataOnStandardOutput { get; private set; }

    /// <summary>Whether progress may be drawn: somebody is watching and nothing machine-readable is wanted.</summary>
    public bool ShowsProgress => !IsJson && !Console.IsErrorRedirected;

    /// <summary>Keeps words away from data, under whatever name these go to one of the standard streams.</summary>
    /// <param name="target">Where the data go.</param>
    /// <exception cref="CliException">There is no place left for the words.</exception>
    public void KeepApart(OutputTarget target)
    {
        if (!target.IsStream || target.Status is not { IsNull: false } status)
            return;
        FileStatus? output = FileStatus.Of(Descriptors.Output), error = FileStatus.Of(Descriptors.Error);
        bool isOutput = target.Descriptor == Descriptors.Output || output?.IsSameAs(status) == true;
        // A terminal shows both; only files and pipes keep what they were given.
        bool isError = target.Descriptor == Descriptors.Error
            || (error?.IsSameAs(status) == true && status.Kind != FileKind.CharacterDevice);
        if (isError && !isOutput)
            throw CliException.Usage(
                $"{target.Name} is standard error, where notes and errors go; give a file name, or - for standard output.");
        if (!isOutput)
            return;
        if (IsJson)
            throw CliException.Usage($"--json and {(target.Name == StandardName ? "'--output -'" : target.Name)} both want standard "
                + $"output; give the data a file name.");
        DataOnStandardOutput = true;
        // 2>&1: every word would end among the data.
        _isQuiet = isError;
    }

    /// <summary>What standard output is called in messages.</summary>
    public const string StandardName = "Standard output";

    /// <summary>Something a user should know although the command goes on. With --json it is also in the object's "notes".</summary>
    public void Note(string text)
    {
        text = PrintableText.Clean(text);
        _notes.Add(text);
        if (!_isQuiet)
            Console.Error.WriteLine($"note: {text}");
    }

    /// <summary>Prints what a command came to, as text or as one JSON object.</summary>
    public void Print(CommandResult result)
    {
        if (IsJson)
        {
            result.Notes = _notes.Count > 0 && !result.IsError ? _notes : null;
            WriteObject(result.WriteJson);
            return;
        }
        if (_isQuiet && !result.IsError)
            return;
        TextWriter writer = result.IsError || DataOnStandardOutput ? Console.Error : Console.Out;
        foreach (string line in result.ToLines())
            writer.WriteLine(PrintableText.Clean(line, int.MaxValue));
    }

    /// <summary>Reports a failure as one sentence on standard error, or as {"error": {...}} on standard output with --json.</summary>
    public void Fail(Failure failure, Exception? cause)
    {
        Print(new ErrorResult(failure));
        if (cause is not null && Environment.GetEnvironmentVariable("TRTV_DEBUG") == "1")
            Console.Error.WriteLine(cause);
    }

    private static void WriteObject(Action<Utf8JsonWriter> write)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions
        {
            Indented = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
            write(writer);
        // Line breaks stand between values only.
        string[] lines = Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length).Split('\n');
        Console.Out.WriteLine(string.Join('\n', lines.Select(PrintableText.EscapeInJson)));
    }
}
