using System.Runtime.InteropServices;

namespace TrtVocoder.NativeLibrary;

/// <summary>
/// Makes .NET look for native libraries beside this one, in place of beside the program. The library's own $ORIGIN does the same, but not
/// where somebody stands between it and dlopen, as AddressSanitizer does.
/// </summary>
internal static unsafe partial class LibraryFolder
{
    private const string Key = "APP_CONTEXT_BASE_DIRECTORY";

    /// <summary>Before the first native library is looked for. Any number of times.</summary>
    public static void Use()
    {
        if (AppContext.GetData(Key) is null && GetSymbol((void*)(delegate* unmanaged[Cdecl]<int>)&LibraryExports.GetAbiVersion, out DlInfo info) != 0
            && Path.GetDirectoryName(Path.GetFullPath(NativeText.Read(info.FileName) ?? "")) is { } folder)
        {
            AppContext.SetData(Key, Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar);
        }
    }

    [LibraryImport("libc", EntryPoint = "dladdr")]
    private static partial int GetSymbol(void* address, out DlInfo info);

    [StructLayout(LayoutKind.Sequential)]
    private struct DlInfo
    {
        public byte* FileName;
        public void* FileBase;
        public byte* SymbolName;
        public void* SymbolAddress;
    }
}
