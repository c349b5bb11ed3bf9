using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TrtVocoder.Bindings;
using TrtVocoder.Internal;

namespace TrtVocoder.TensorRt;

/// <summary>
/// TensorRT's log, for the whole process. Errors reach the caller as exceptions anyway; the log is for those who want to see more.
/// Thread-safe.
/// </summary>
internal static class TrtLog
{
    private static readonly Lock Gate = new();
    private static volatile Listener[] _listeners = [];

    // Native code must not call into a library that is gone.
    static TrtLog() => PluginUnload.Add(() => Change(_ => []));

    /// <summary>Sends messages at least as grave as <paramref name="severity"/> to <paramref name="handler"/>.</summary>
    /// <param name="handler">Called from any thread, several at a time; must not call this library. What it throws is dropped.</param>
    /// <param name="severity">The least grave kind to send.</param>
    /// <returns>What ends it: once it is disposed the handler is not called any more, and nothing holds it.</returns>
    public static IDisposable Listen(Action<TrtLogMessage> handler, TrtLogSeverity severity = TrtLogSeverity.Warning)
    {
        Listener listener = new(handler, severity);
        Change(listeners => [.. listeners, listener]);
        return listener;
    }

    /// <summary>Tells a shim what is listened to; it then waits for calls that are under way.</summary>
    internal static unsafe void Attach(TrtvShim api)
    {
        Listener[] listeners = _listeners;
        api.trtv_log_set_callback(
            listeners.Length == 0 ? null : &Receive, null, listeners.Length == 0 ? 0 : (int)listeners.Max(listener => listener.Severity));
    }

    private static void Change(Func<Listener[], Listener[]> change)
    {
        lock (Gate)
        {
            _listeners = change(_listeners);
            foreach (Shim shim in Shim.GetLoaded())
                Attach(shim.Api);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void Receive(void* user, int severity, byte* source, byte* message)
    {
        try
        {
            TrtLogMessage received = new(
                (TrtLogSeverity)severity, Marshal.PtrToStringUTF8((nint)source) ?? "", Marshal.PtrToStringUTF8((nint)message) ?? "");
            foreach (Listener listener in _listeners)
                listener.Send(received);
        }
#pragma warning disable CA1031 // An exception must not cross into native code.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private sealed class Listener(Action<TrtLogMessage> handler, TrtLogSeverity severity) : IDisposable
    {
        public TrtLogSeverity Severity => severity;

        public void Send(TrtLogMessage message)
        {
            if (message.Severity > severity)
                return;
            try
            {
                handler(message);
            }
#pragma warning disable CA1031 // One listener's failure is not the others', nor TensorRT's.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }

        public void Dispose() => Change(listeners => [.. listeners.Where(listener => listener != this)]);
    }
}
