using System.CommandLine;

namespace TrtVocoder.Cli.Running;

/// <summary>One command of the program: its options are its fields, a run makes a result that is printed as text or as JSON.</summary>
internal abstract class CliCommand
{
    /// <summary>Examples for its help, one a line.</summary>
    public abstract string Examples { get; }

    /// <summary>Its arguments and options, in the order of its help.</summary>
    public abstract IEnumerable<Symbol> Symbols { get; }

    /// <summary>Does the work. What it throws becomes one sentence and an exit code.</summary>
    public abstract CommandResult Run(CommandCall call);
}
