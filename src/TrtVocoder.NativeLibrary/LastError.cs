using TrtVocoder.Cuda;

namespace TrtVocoder.NativeLibrary;

/// <summary>The last failure of each thread, as <c>trtvocoder_get_last_error</c> tells it.</summary>
internal static unsafe class LastError
{
    [ThreadStatic]
    private static Failure? _failure;

    /// <summary>Keeps a failure for the calling thread.</summary>
    /// <returns>Its status.</returns>
    public static int Set(Exception error)
    {
        try
        {
            _failure = new Failure(error);
            return (int)_failure.Status;
        }
        catch (OutOfMemoryException)
        {
            return (int)NativeStatus.OutOfMemory;
        }
    }

    /// <summary>Tells of the calling thread's last failure.</summary>
    public static void Get(NativeError* error)
    {
        if (ForkCheck.IsChild)
        {
            (error->Status, error->Kind, error->NativeCode) = ((int)NativeStatus.Forked, 0, 0);
            error->Message = NativeText.Literal("The library was called in a child process after fork; start children before its first call, or let them exec.\0"u8);
            return;
        }
        (error->Status, error->Kind, error->NativeCode) = ((int)(_failure?.Status ?? 0), _failure?.Kind ?? 0, _failure?.NativeCode ?? 0);
        error->Message = _failure is null ? NativeText.Empty : _failure.Message;
    }

    /// <summary>An exception's message as one clear sentence.</summary>
    public static string Describe(Exception error)
    {
        string message = error.Message;
        // .NET adds the parameter's name, which C knows by another.
        if (error is ArgumentException { ParamName: { } name })
            message = message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal);
        if (error.ToStatus() == NativeStatus.Internal)
            message = $"Internal error, please report it: {error.GetType().Name}: {message}";
        message = string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return message.Length == 0 || message[^1] is '.' or '!' or '?' ? message : message + ".";
    }

    private sealed class Failure
    {
        // Freed with the thread, or by its next failure.
        private readonly NativeText _message;

        public Failure(Exception error)
        {
            Status = error.ToStatus();
            Kind = (int)((error as TrtVocoderException)?.Kind ?? FailureKind.Other);
            NativeCode = (error as CudaException)?.Code ?? 0;
            _message = new NativeText(Describe(error));
        }

        public NativeStatus Status { get; }

        public int Kind { get; }

        public int NativeCode { get; }

        public byte* Message => _message.Pointer;
    }
}
