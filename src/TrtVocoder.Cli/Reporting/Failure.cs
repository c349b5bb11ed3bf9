using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

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
        CudaException { Code: (int)CUresult.CUDA_ERROR_NO_DEVICE } => new(Cli.ExitCode.MissingLibrary, error.Message),
        CudaException { Code: (int)CUresult.CUDA_ERROR_INVALID_DEVICE } => new(Cli.ExitCode.Usage, error.Message),
        TensorRtException { Status: (int)trtv_status.TRTV_ERROR_NO_DEVICE } => new(Cli.ExitCode.MissingLibrary, error.Message),
        CudaException or TensorRtException => new(Cli.ExitCode.Gpu, InOptions(error.Message)),
        TrtVocoderException => new(Cli.ExitCode.BadInput, InOptions(error.Message)),
        // .NET reports a missing part of the program as a missing file.
        FileNotFoundException { FileName: { } name } when name.IndexOf(", Version=", StringComparison.Ordinal) is > 0 and int end =>
            new(Cli.ExitCode.Internal, $"The program is incomplete, {name[..end]}.dll is missing or of another version; install it again."),
        TypeInitializationException when error.GetBaseException() is DllNotFoundException missing => new(Cli.ExitCode.Internal, $"The program is incomplete, {LibraryName(missing)} is missing; install it again."),
        IOException or UnauthorizedAccessException => new(Cli.ExitCode.FileSystem, error.Message),
        _ => new(Cli.ExitCode.Internal, $"Internal error, please report it: {error.GetType().Name}: {error.Message}"),
    };

    // "Unable to load shared library 'libSkiaSharp' or one of its dependencies. …"
    private static string LibraryName(DllNotFoundException missing) => missing.Message.Split('\'') is { Length: > 2 } parts ? parts[1] : "a native library";

    /// <summary>The library's names of what a caller may tell, as this program's options.</summary>
    public static string InOptions(string message) => message
        .Replace($"{nameof(ModelHints)}.{nameof(ModelHints.ReceptiveFieldFrames)}", "--receptive-field", StringComparison.Ordinal)
        .Replace($"{nameof(ModelHints)}.{nameof(ModelHints.RealOutput)}", "--real", StringComparison.Ordinal)
        .Replace($"{nameof(ModelHints)}.{nameof(ModelHints.ImagOutput)}", "--imag", StringComparison.Ordinal)
        .Replace($"{nameof(TrtDecoderOptions)}.{nameof(TrtDecoderOptions.AllowHostCode)}", "--allow-host-code", StringComparison.Ordinal)
        .Replace(nameof(VocoderOptions.MaxWindowFrames), "--chunk-frames", StringComparison.Ordinal);

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
