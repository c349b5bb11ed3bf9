using TrtVocoder.Cuda;

namespace TrtVocoder.Cli.Reporting;

/// <summary>An exception as users see it: exit code, its name in JSON, one sentence.</summary>
internal sealed record Failure(int ExitCode, string Message)
{
    /// <summary>The exit code's name in JSON.</summary>
    public string Code => ExitCode switch
    {
        Cli.ExitCode.Usage => "usage",
        Cli.ExitCode.BadInput => "bad-input",
        Cli.ExitCode.FileSystem => "file-system",
        Cli.ExitCode.MissingLibrary => "missing-library",
        Cli.ExitCode.Gpu => "gpu",
        Cli.ExitCode.Cancelled => "cancelled",
        _ => "internal",
    };

    public static Failure Of(Exception error) => error switch
    {
        CliException own => new(own.ExitCode, own.Message),
        OperationCanceledException => new(Cli.ExitCode.Cancelled, "Cancelled."),
        NativeLibraryException => new(Cli.ExitCode.MissingLibrary, error.Message),
        CudaException => new(Cli.ExitCode.Gpu, error.Message),
        // Matched by name: the class belongs to the engine layer, which not every build of the library has.
        TrtVocoderException when error.GetType().Name == "TensorRtException" => new(Cli.ExitCode.Gpu, error.Message),
        TrtVocoderException => new(Cli.ExitCode.BadInput, error.Message),
        IOException or UnauthorizedAccessException => new(Cli.ExitCode.FileSystem, error.Message),
        _ => new(Cli.ExitCode.Internal, $"Internal error, please report it: {error.GetType().Name}: {error.Message}"),
    };

    /// <summary>One line, ending in a full stop: messages from elsewhere may hold line breaks.</summary>
    public string Sentence
    {
        get
        {
            string line = string.Join(' ', Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
            return line.Length == 0 || line[^1] is '.' or '!' or '?' ? line : line + ".";
        }
    }
}
