using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TrtVocoder.Bindings;

namespace TrtVocoder.TensorRt;

/// <summary>
/// TensorRT's log, for the whole process. Errors reach the caller as exceptions anyway; the log is for those who want to see more.
/// Thread-safe.
/// </summary>
public static class TrtLog
{
    private static volatile Action<TrtLogMessage>? _handler;
    private static TrtLogSeverity _severity = TrtLogSeverity.Warning;

    /// <summary>Sends messages at least as grave as <paramref name="severity"/> to <paramref name="handler"/>; null stops it.</summary>
    /// <param name="handler">Called from any thread, several at a time; must not call this library. What it throws is dropped.</param>
    /// <param name="severity">The least grave kind to send.</param>
    public static void SetHandler(Action<TrtLogMessage>? handler, TrtLogSeverity severity = TrtLogSeverity.Warning)
    {
        _severity = severity;
        _handler = handler;
        foreach (Shim shim in Shim.GetLoaded())
            Attach(shim.Api);
    }

    internal static unsafe void Attach(TrtvShim api) =>
        api.trtv_log_set_callback(_handler is null ? null : &Receive, null, (int)_severity);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void Receive(void* user, int severity, byte* source, byte* message)
    {
        try
        {
            _handler?.Invoke(new TrtLogMessage(
                (TrtLogSeverity)severity, Marshal.PtrToStringUTF8((nint)source) ?? "", Marshal.PtrToStringUTF8((nint)message) ?? ""));
        }
#pragma warning disable CA1031 // An exception must not cross into native code.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
