using System.CommandLine;

namespace TrtVocoder.Cli.Running;

/// <summary>One run of a command: what was given, where its words go, and how it is told to stop.</summary>
internal sealed class CommandCall(ParseResult arguments, CommandOutput output, Interruption interruption, long started)
{
    public CommandOutput Output { get; } = output;

    /// <summary>When the program's own code began, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long Started { get; } = started;

    /// <summary>What was given for an option, or its default.</summary>
    public T? Get<T>(Option<T> option) => arguments.GetValue(option);

    /// <summary>What was given for an argument.</summary>
    public T? Get<T>(Argument<T> argument) => arguments.GetValue(argument);

    /// <summary>Whether the user gave the option.</summary>
    public bool Has(Option option) => arguments.GetResult(option) is { Implicit: false };

    /// <summary>
    /// From here on the command ends by itself, by way of this token, when it is told to stop; until then the process just ends.
    /// </summary>
    public CancellationToken WatchForStop() => interruption.Watch();
}
