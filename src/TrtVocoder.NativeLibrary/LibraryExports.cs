using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using TrtVocoder.TensorRt;

namespace TrtVocoder.NativeLibrary;

/// <summary>Functions of the whole library; include/trtvocoder.h tells what each does.</summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "An exception must not cross into native code.")]
internal static unsafe class LibraryExports
{
    private const int AbiVersion = 1;
    private static IDisposable? _log;

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_get_abi_version", CallConvs = [typeof(CallConvCdecl)])]
    internal static int GetAbiVersion() => AbiVersion;

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_get_version", CallConvs = [typeof(CallConvCdecl)])]
    private static byte* GetVersion() => VersionText.Value.Pointer;

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_get_last_error", CallConvs = [typeof(CallConvCdecl)])]
    private static int GetLastError(NativeError* error)
    {
        // Not told by the last error, which stays what it is.
        if (error is null || error->StructSize != sizeof(NativeError))
            return (int)NativeStatus.InvalidArgument;
        LastError.Get(error);
        return 0;
    }

    [UnmanagedCallersOnly(EntryPoint = "trtvocoder_log_set_callback", CallConvs = [typeof(CallConvCdecl)])]
    private static int SetLogCallback(delegate* unmanaged[Cdecl]<void*, int, byte*, byte*, void> callback, void* user, int severity)
    {
        if (ForkCheck.IsChild)
            return (int)NativeStatus.Forked;
        try
        {
            if (severity is < 0 or > (int)TrtLogSeverity.Verbose)
                throw new ArgumentException($"The severity is {severity}; it is 0 to {(int)TrtLogSeverity.Verbose}.");
            IDisposable? log = callback is null ? null : TrtLog.Listen(message => Send(callback, user, message), (TrtLogSeverity)severity);
            Interlocked.Exchange(ref _log, log)?.Dispose();
            return 0;
        }
        catch (Exception error)
        {
            return LastError.Set(error);
        }
    }

    private static void Send(delegate* unmanaged[Cdecl]<void*, int, byte*, byte*, void> callback, void* user, TrtLogMessage message)
    {
        fixed (byte* source = Encoding.UTF8.GetBytes(message.Source + '\0'), text = Encoding.UTF8.GetBytes(message.Text + '\0'))
            callback(user, (int)message.Severity, source, text);
    }

    // Apart, so that no other function runs its initialiser.
    private static class VersionText
    {
        public static readonly NativeText Value = new(
            typeof(LibraryExports).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0]);
    }
}
