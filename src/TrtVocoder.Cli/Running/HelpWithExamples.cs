using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace TrtVocoder.Cli.Running;

/// <summary>The usual help, followed by examples of the command at hand (and, for the program itself, the exit codes).</summary>
internal sealed class HelpWithExamples(HelpAction usual, IReadOnlyDictionary<Command, string> examples) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int result = usual.Invoke(parseResult);
        TextWriter writer = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        if (examples.TryGetValue(command, out string? text))
            writer.WriteLine($"Examples:\n{Indent(text)}\n");
        if (command.Parents.Any())
            return result;
        writer.WriteLine($"Exit codes:\n{ExitCode.Help}\n");
        return result;
    }

    private static string Indent(string text) => string.Join('\n', text.TrimEnd().Split('\n').Select(line => "  " + line));
}
