using System.Runtime.InteropServices;

namespace TrtVocoder.Internal;

/// <summary>The calls of the C library that .NET has no equal of. Linux only.</summary>
internal static unsafe partial class LibC
{
    public const int CurrentFolder = -100; // AT_FDCWD
    public const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    public const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    public const int EffectiveIds = 0x200; // AT_EACCESS
    public const uint BasicStatus = 0x7ff; // STATX_BASIC_STATS
    public const int MayWrite = 2; // W_OK
    public const int MaySearch = 1; // X_OK
    public const int GetDescriptorFlags = 1; // F_GETFD
    public const int CloseOnExec = 1; // FD_CLOEXEC
    public const short MayWriteNow = 4; // POLLOUT

    public const int AddressSpace = 9; // RLIMIT_AS

    public const int FileTooLarge = 25; // SIGXFSZ
    public const nint Ignore = 1; // SIG_IGN

    public const int NoEntry = 2; // ENOENT
    public const int Interrupted = 4; // EINTR
    public const int TryAgain = 11; // EAGAIN
    public const int NotAFolder = 20; // ENOTDIR

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int GetStatus(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CheckAccess(int folder, string path, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int ChangeOwner(int descriptor, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Control(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* bytes, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Wait(PollDescriptor* descriptors, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    public static partial int GetLimit(int resource, ulong* limits);

    [LibraryImport("libc", EntryPoint = "signal")]
    public static partial nint SetSignalHandler(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void Exit(int status);

    /// <summary>What the last call failed of, in the system's words without a capital: <c>no space left on device</c>.</summary>
    public static string GetReason(int error)
    {
        string text = Marshal.GetPInvokeErrorMessage(error);
        return text.Length > 1 && !char.IsAsciiLetterUpper(text[1]) ? char.ToLowerInvariant(text[0]) + text[1..] : text;
    }

    /// <summary>struct pollfd.</summary>
    internal struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Results;
    }
}
