namespace TrtVocoder.Cli;

/// <summary>A failure that this program found itself: one sentence and an exit code.</summary>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    public static CliException Usage(string message) => new(Cli.ExitCode.Usage, message);

    public static CliException BadInput(string message) => new(Cli.ExitCode.BadInput, message);

    public static CliException FileSystem(string message) => new(Cli.ExitCode.FileSystem, message);
}
