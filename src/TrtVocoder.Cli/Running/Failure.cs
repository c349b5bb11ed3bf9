using System.Text.Json.Serialization;
using TrtVocoder.Cuda;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Cli.Running;

/// <summary>An exception as users see it: exit code, its name in JSON, one sentence.</summary>
internal sealed record Failure
{
    public Failure(int exitCode, string message)
    {
        ExitCode = exitCode;
        Sentence = AsSentence(message);
    }

    /// <summary>The exit code's name in JSON.</summary>
    public string Code => ExitCode switch
    {
        Running.ExitCode.Usage => "usage",
        Running.ExitCode.BadInput => "bad-input",
        Running.ExitCode.FileSystem => "file-system",
        Running.ExitCode.MissingLibrary => "missing-library",
        Running.ExitCode.Gpu => "gpu",
        Running.ExitCode.OutOfMemory => "out-of-memory",
        Running.ExitCode.Server => "server",
        Running.ExitCode.Cancelled => "cancelled",
        _ => "internal",
    };

    public int ExitCode { get; }

    /// <summary>One line, ending in a full stop.</summary>
    [JsonPropertyName("message")]
    public string Sentence { get; }

    public static Failure Of(Exception error) => error switch
    {
        CliException own => new(own.ExitCode, own.Message),
        OperationCanceledException => new(Running.ExitCode.Cancelled, "Cancelled."),
        _ when IsOutOfMemory(error) => new(
            Running.ExitCode.OutOfMemory, "There is not enough memory; --chunk-frames N, where a command has it, bounds what a decode "
                + "takes, and a smaller model or input takes less."),
        TrtVocoderException known => new(CodeOf(known), WithAdvice(known)),
        // .NET reports a missing part of the program as a missing file.
        FileNotFoundException { FileName: { } name } when name.IndexOf(", Version=", StringComparison.Ordinal) is > 0 and int end =>
            new(Running.ExitCode.Internal,
                $"The program is incomplete, {name[..end]}.dll is missing or of another version; install it again."),
        TypeInitializationException when error.GetBaseException() is DllNotFoundException missing =>
            new(Running.ExitCode.Internal, $"The program is incomplete, {LibraryName(missing)} is missing; install it again."),
        // "Unable to find an entry point named 'fftwf_malloc' in native library 'fftw3f'."
        EntryPointNotFoundException or BadImageFormatException =>
            new(Running.ExitCode.MissingLibrary,
                $"A native library is not the one that it is called: {error.Message} 'trtvocoder doctor' tells where each was found."),
        IOException or UnauthorizedAccessException => new(Running.ExitCode.FileSystem, error.Message),
        _ => new(Running.ExitCode.Internal, $"Internal error, please report it: {error.GetType().Name}: {error.Message}"),
    };

    // "Unable to load shared library 'libSkiaSharp' or one of its dependencies. …"
    private static string LibraryName(DllNotFoundException missing) =>
        missing.Message.Split('\'') is { Length: > 2 } parts ? parts[1] : "a native library";

    // .NET's own, and what ONNX Runtime makes of C++'s and of its arena's.
    private static bool IsOutOfMemory(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
            if (cause is OutOfMemoryException || cause.Message.Contains("std::bad_alloc", StringComparison.Ordinal)
                || cause.Message.Contains("Failed to allocate memory", StringComparison.Ordinal))
                return true;
        return false;
    }

    private static int CodeOf(TrtVocoderException error) => error.Kind switch
    {
        FailureKind.OptionsDoNotFit or FailureKind.NoSuchGpu => Running.ExitCode.Usage,
        FailureKind.NoGpu => Running.ExitCode.MissingLibrary,
        _ => error switch
        {
            NativeLibraryException => Running.ExitCode.MissingLibrary,
            CudaException or TensorRtException => Running.ExitCode.Gpu,
            _ => Running.ExitCode.BadInput,
        },
    };

    // Models are loaded by commands that have these options and by some that have not.
    private static string Tells(string options) => $"where a command has them, {options} what is missing";

    // The library says what was wrong; which option or command of this program helps is told here.
    private static string WithAdvice(TrtVocoderException error)
    {
        string? advice = error.Kind switch
        {
            FailureKind.OptionsDoNotFit => "see --chunk-frames and --windows",
            FailureKind.ReceptiveFieldUnknown => Tells("--receptive-field tells"),
            FailureKind.MelCountUnknown => Tells("--mel-bands tells"),
            FailureKind.FftLengthUnknown => Tells("--n-fft tells"),
            FailureKind.HopLengthWrong => Tells("--hop-length and --padding tell"),
            FailureKind.OutputsUnknown => Tells("--real and --imag, or --output-name, name"),
            FailureKind.BandwidthUnknown => "--bandwidth-id chooses one",
            FailureKind.RunTooLarge => "--chunk-frames bounds them",
            FailureKind.NoSuchGpu => "--device chooses it",
            FailureKind.BuildOutOfMemory => "--max sets the largest shape, --mem-pool-size workspace:1024M limits the scratch memory",
            FailureKind.NetworkRefused => "see --precision and --builder-optimization-level",
            FailureKind.WrongOutput => "see --precision, --fp16 and --builder-optimization-level; --no-verify keeps it as it is",
            FailureKind.NotAnEngine => "'trtvocoder build' makes engines of .onnx models and checkpoints",
            FailureKind.EngineDamaged or FailureKind.EngineOfOtherGpu => "'trtvocoder build MODEL.onnx --output ENGINE' builds one",
            FailureKind.EngineOfOtherLibrary =>
                "'trtvocoder build MODEL.onnx --output ENGINE' builds one, for the library that --runtime names",
            FailureKind.HostCodeNotAllowed => "--allow-host-code allows it",
            FailureKind.NetworkUnsupported => "'trtvocoder export' makes models of Vocos checkpoints that are",
            _ => null,
        };
        return advice is null ? error.Message : $"{error.Message.TrimEnd('.')}; {advice}.";
    }

    // Messages from elsewhere may hold line breaks.
    private static string AsSentence(string message)
    {
        string line = string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return line.Length == 0 || line[^1] is '.' or '!' or '?' ? line : line + ".";
    }
}
