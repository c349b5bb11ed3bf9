using System.Runtime.InteropServices;

namespace TrtVocoder.NativeLibrary;

/// <summary>
/// Whether this process is a child of the one that the library was first called in: only the thread that forked came along, so that a
/// garbage collection, or the GPU's driver, would wait for ever. The check allocates nothing and takes no lock.
/// </summary>
internal static partial class ForkCheck
{
    // Without an initialiser: the first use must not run a static constructor.
    private static int _owner;

    public static bool IsChild
    {
        get
        {
            int process = GetProcess();
            int owner = Interlocked.CompareExchange(ref _owner, process, 0);
            return owner != 0 && owner != process;
        }
    }

    // Environment.ProcessId keeps the parent's.
    [SuppressGCTransition]
    [LibraryImport("libc", EntryPoint = "getpid")]
    private static partial int GetProcess();
}
