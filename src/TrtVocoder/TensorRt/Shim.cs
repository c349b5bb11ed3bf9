using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TrtVocoder.Bindings;

namespace TrtVocoder.TensorRt;

/// <summary>A loaded shim: its functions, and the one way from its status to an exception.</summary>
internal sealed class Shim
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Shim> Loaded = [];

    private Shim(TrtvShim api) => Api = api;

    public TrtvShim Api { get; }

    /// <summary>Loads a family's shim; once a process.</summary>
    /// <exception cref="NativeLibraryException">It is missing or of another version of this library.</exception>
    public static Shim Load(NativeLibraryInfo library)
    {
        lock (Gate)
        {
            if (Loaded.TryGetValue(library.ImportName, out Shim? known))
                return known;
            Shim shim = new(Bind(NativeLibraries.Require(library)));
            Loaded.Add(library.ImportName, shim);
            // Last: who begins to listen meanwhile finds it among the loaded ones.
            TrtLog.Attach(shim.Api);
            return shim;
        }
    }

    /// <summary>All shims in use.</summary>
    public static IReadOnlyList<Shim> GetLoaded()
    {
        lock (Gate)
            return [.. Loaded.Values];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Check(int status, string what)
    {
        if (status < 0)
            throw CreateException(status, what);
    }

    /// <summary>The last error's own words.</summary>
    public unsafe string GetLastMessage()
    {
        trtv_error error = new() { struct_size = (uint)sizeof(trtv_error) };
        return Api.trtv_error_get_last(&error) == (int)trtv_status.TRTV_OK && error.message != null
            ? Marshal.PtrToStringUTF8((nint)error.message) ?? ""
            : "";
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public TrtVocoderException CreateException(int status, string what)
    {
        string words = GetLastMessage().Trim();
        string because = words.Length > 0 ? ": " + words.TrimEnd('.') : "";
        return (trtv_status)status switch
        {
            trtv_status.TRTV_ERROR_LIBRARY_NOT_FOUND or trtv_status.TRTV_ERROR_LIBRARY_UNSUITABLE =>
                new NativeLibraryException("TensorRT", $"{what} failed{because}.", []),
            trtv_status.TRTV_ERROR_NO_DRIVER => new NativeLibraryException(
                LibraryLoader.Cuda.DisplayName, $"{what} needs an NVIDIA driver{because}; {LibraryLoader.Cuda.InstallHint}.",
                LibraryLoader.Cuda.FileNames),
            trtv_status.TRTV_ERROR_NO_DEVICE => new TensorRtException(
                $"{what} needs a GPU: the NVIDIA driver is installed but there is no GPU that it may use; check with nvidia-smi, and that "
                    + $"CUDA_VISIBLE_DEVICES does not hide it.", status, words)
            { Kind = FailureKind.NoGpu },
            trtv_status.TRTV_ERROR_INVALID_ARGUMENT =>
                new TensorRtException($"{what} failed{because}; this is a fault in TrtVocoder, please report it.", status, words),
            _ => new TensorRtException($"{what} failed{because}.", status, words),
        };
    }

    private static unsafe TrtvShim Bind(LoadResult library)
    {
        string path = library.Attempts[^1].Path;
        try
        {
            TrtvShim api = new(name => NativeLibrary.GetExport(library.Handle, name));
            int version;
            if (api.trtv_abi_get_version(&version) == (int)trtv_status.TRTV_OK && version == TrtvShim.TRTV_ABI_VERSION)
                return api;
        }
        catch (EntryPointNotFoundException)
        {
        }
        throw new NativeLibraryException(
            library.Library.DisplayName, $"{path} belongs to another version of TrtVocoder; {library.Library.InstallHint}.", [path]);
    }
}
