using System.Text.Json.Serialization;
using TrtVocoder.Bindings;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

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
            Running.ExitCode.OutOfMemory, "There is not enough memory; --chunk-frames N, where a command has it, bounds what a decode takes, and a smaller model or input takes less."),
        NativeLibraryException => new(Running.ExitCode.MissingLibrary, error.Message),
        CudaException { Code: (int)CUresult.CUDA_ERROR_NO_DEVICE } => new(Running.ExitCode.MissingLibrary, error.Message),
        CudaException { Code: (int)CUresult.CUDA_ERROR_INVALID_DEVICE } => new(Running.ExitCode.Usage, error.Message),
        TensorRtException { Status: (int)trtv_status.TRTV_ERROR_NO_DEVICE } => new(Running.ExitCode.MissingLibrary, error.Message),
        CudaException or TensorRtException => new(Running.ExitCode.Gpu, InOptions(error.Message)),
        DataFormatException { Unknown: not ModelFact.None } open => new(Running.ExitCode.BadInput, error.Message + Advice(open.Unknown)),
        TrtVocoderException => new(Running.ExitCode.BadInput, error.Message),
        // .NET reports a missing part of the program as a missing file.
        FileNotFoundException { FileName: { } name } when name.IndexOf(", Version=", StringComparison.Ordinal) is > 0 and int end =>
            new(Running.ExitCode.Internal, $"The program is incomplete, {name[..end]}.dll is missing or of another version; install it again."),
        TypeInitializationException when error.GetBaseException() is DllNotFoundException missing =>
            new(Running.ExitCode.Internal, $"The program is incomplete, {LibraryName(missing)} is missing; install it again."),
        // "Unable to find an entry point named 'fftwf_malloc' in native library 'fftw3f'."
        EntryPointNotFoundException or BadImageFormatException =>
            new(Running.ExitCode.MissingLibrary, $"A native library is not the one that it is called: {error.Message} 'trtvocoder doctor' tells where each was found."),
        IOException or UnauthorizedAccessException => new(Running.ExitCode.FileSystem, error.Message),
        _ => new(Running.ExitCode.Internal, $"Internal error, please report it: {error.GetType().Name}: {error.Message}"),
    };

    // "Unable to load shared library 'libSkiaSharp' or one of its dependencies. …"
    private static string LibraryName(DllNotFoundException missing) => missing.Message.Split('\'') is { Length: > 2 } parts ? parts[1] : "a native library";

    // .NET's own, and what ONNX Runtime makes of C++'s and of its arena's.
    private static bool IsOutOfMemory(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
            if (cause is OutOfMemoryException || cause.Message.Contains("std::bad_alloc", StringComparison.Ordinal)
                || cause.Message.Contains("Failed to allocate memory", StringComparison.Ordinal))
                return true;
        return false;
    }

    /// <summary>By which option a user tells what a model leaves open; empty where nothing is open.</summary>
    private static string Advice(ModelFact unknown) => unknown switch
    {
        ModelFact.Outputs => Tells("--real and --imag, or --audio, name"),
        ModelFact.MelCount => Tells("--n-mels tells"),
        ModelFact.FftLength => Tells("--n-fft tells"),
        ModelFact.HopLength => Tells("--hop-length and --padding tell"),
        ModelFact.ReceptiveField => Tells("--receptive-field tells"),
        _ => "",
    };

    private static string Tells(string options) => $" Where a command has them, {options} what is missing.";

    /// <summary>Options that do not fit a model, as the library says it.</summary>
    public static Failure OfArgument(ArgumentException error) => new(
        Running.ExitCode.Usage,
        // Without .NET's "(Parameter 'options')".
        InOptions(error.Message.Split(" (Parameter")[0]));

    // The library's names of options, as this program's.
    private static string InOptions(string message) => message
        .Replace($"{nameof(TrtDecoderOptions)}.{nameof(TrtDecoderOptions.AllowHostCode)}", "--allow-host-code", StringComparison.Ordinal)
        .Replace(nameof(VocoderOptions.MaxWindowFrames), "--chunk-frames", StringComparison.Ordinal);

    // Messages from elsewhere may hold line breaks.
    private static string AsSentence(string message)
    {
        string line = string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return line.Length == 0 || line[^1] is '.' or '!' or '?' ? line : line + ".";
    }
}
