namespace TrtVocoder.Cli.Running;

/// <summary>A failure that this program found itself: one sentence and an exit code.</summary>
internal sealed class CliException(int exitCode, string message, Exception? cause = null) : Exception(message, cause)
{
    public int ExitCode { get; } = exitCode;

    public static CliException Usage(string message) => new(Running.ExitCode.Usage, message);

    public static CliException BadInput(string message) => new(Running.ExitCode.BadInput, message);

    public static CliException FileSystem(string message, Exception? cause = null) => new(Running.ExitCode.FileSystem, message, cause);
}
