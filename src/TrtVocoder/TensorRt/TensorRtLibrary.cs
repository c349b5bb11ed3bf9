using System.Runtime.InteropServices;
using TrtVocoder.Bindings;

namespace TrtVocoder.TensorRt;

/// <summary>
/// NVIDIA's runtime, found and loaded. It is looked for in the folder asked for, else in the one that TRTV_TENSORRT_DIR (TensorRT) or
/// TRTV_TENSORRT_RTX_DIR (TensorRT-RTX) names, else by the system's loader; there is no silent fallback from one to the next. Thread-safe.
/// </summary>
public sealed class TensorRtLibrary : IDisposable
{
    private TensorRtLibrary(TensorRtFamily family, LibraryHandle handle, trtv_library_info info)
    {
        Family = family;
        Handle = handle;
        Version = new Version(info.major, info.minor, info.patch, info.build);
    }

    /// <summary>TensorRT or TensorRT-RTX.</summary>
    public EngineFlavour Flavour => Family.Flavour;

    /// <summary>The library's own version: major, minor, patch, build.</summary>
    public Version Version { get; }

    /// <summary>For people: <c>TensorRT 10.3.0.30</c>.</summary>
    public string DisplayName => $"{(Flavour == EngineFlavour.TensorRt ? "TensorRT" : "TensorRT-RTX")} {Version}";

    /// <summary>The file that was loaded.</summary>
    public unsafe string Path => Text(GetInfo().path);

    /// <summary>The ONNX parser's file; empty while it is not loaded.</summary>
    public unsafe string ParserPath => Text(GetInfo().parser_path);

    internal TensorRtFamily Family { get; }

    internal LibraryHandle Handle { get; }

    internal Shim Shim => Handle.Shim;

    /// <summary>Loads a runtime.</summary>
    /// <param name="flavour">Which; null takes TensorRT 10, else TensorRT 11, else TensorRT-RTX.</param>
    /// <param name="major">Its major version; null takes what is found, the oldest first.</param>
    /// <param name="folder">Its folder; null takes the environment's or the system's.</param>
    /// <exception cref="NativeLibraryException">None was found, or it is unusable; every path tried is listed.</exception>
    public static TensorRtLibrary Load(EngineFlavour? flavour = null, int? major = null, string? folder = null)
    {
        List<TensorRtFamily> families = [.. TensorRtFamily.Of(flavour).Where(family => major is null || family.Major == major)];
        if (families.Count == 0)
            throw new NativeLibraryException("TensorRT", $"TensorRT {major} is not supported; TrtVocoder works with {string.Join(", ", TensorRtFamily.All.Select(family => family.DisplayName))}.", []);
        List<NativeLibraryException> failures = [];
        List<string> attempts = [];
        foreach (TensorRtFamily family in families)
        {
            try
            {
                return Load(family, folder, attempts);
            }
            catch (NativeLibraryException failure)
            {
                failures.Add(failure);
            }
        }
        if (failures.Count == 1)
            throw failures[0];
        List<string> tried = [.. failures.SelectMany(failure => failure.PathsTried).Distinct()];
        string names = string.Join(" or ", families.Select(family => family.DisplayName));
        throw new NativeLibraryException(
            "TensorRT", $"No {names} was found: install one, or set {string.Join(" or ", families.Select(family => family.FolderVariable).Distinct())} to the folder that holds it "
                + $"(tried {string.Join(", ", attempts)}).", tried);
    }

    /// <summary>Loads the ONNX parser too; building does it by itself.</summary>
    /// <exception cref="NativeLibraryException">It was not found, or is unusable.</exception>
    public void LoadParser()
    {
        int status = Shim.Api.trtv_library_load_parser(Handle.DangerousGetHandle());
        if (status < 0)
            throw new NativeLibraryException($"{Family.DisplayName}'s ONNX parser", $"The ONNX parser of {DisplayName} could not be loaded: {Shim.GetLastMessage().TrimEnd('.')}.", [Family.ParserFile]);
    }

    /// <summary>Gives the handle back; the library itself stays loaded.</summary>
    public void Dispose() => Handle.Dispose();

    // Adds what was tried, and why it failed, to attempts.
    private static unsafe TensorRtLibrary Load(TensorRtFamily family, string? folder, List<string> attempts)
    {
        Shim shim;
        try
        {
            shim = Shim.Load(family.Shim);
        }
        catch (NativeLibraryException missing)
        {
            attempts.Add(missing.Message.TrimEnd('.'));
            throw;
        }
        IReadOnlyList<string> runtime = family.Candidates(family.RuntimeFile, folder);
        IReadOnlyList<string> parser = family.Candidates(family.ParserFile, folder);
        LoadResult driver = LibraryLoader.TryLoad(LibraryLoader.Cuda);
        IReadOnlyList<string> drivers = driver.Loaded ? [driver.Attempts[^1].Path] : [.. driver.Attempts.Select(attempt => attempt.Path)];
        using Utf8List runtimes = new(runtime);
        using Utf8List parsers = new(parser);
        using Utf8List cudas = new(drivers);
        trtv_library_options options = new()
        {
            struct_size = (uint)sizeof(trtv_library_options),
            flavour = (int)(family.Flavour == EngineFlavour.TensorRt ? trtv_flavour.TRTV_FLAVOUR_TENSORRT : trtv_flavour.TRTV_FLAVOUR_RTX),
            candidates = runtimes.Pointers,
            candidate_count = runtime.Count,
            parser_candidates = parsers.Pointers,
            parser_candidate_count = parser.Count,
            driver_candidates = cudas.Pointers,
            driver_candidate_count = drivers.Count,
        };
        nint library;
        int status = shim.Api.trtv_library_create(&options, &library);
        if (status < 0)
        {
            // The shim's words: "... was not found. Tried: PATH (REASON), PATH (REASON)."
            string words = shim.GetLastMessage().TrimEnd('.');
            const string Tried = "Tried: ";
            string tried = words.IndexOf(Tried, StringComparison.Ordinal) is >= 0 and int start ? words[(start + Tried.Length)..] : $"{string.Join(", ", runtime)}: {words}";
            attempts.Add(tried);
            throw new NativeLibraryException(
                family.DisplayName,
                $"{family.DisplayName} could not be loaded: install it, or set {family.FolderVariable} to the folder that holds {family.RuntimeFile} (tried {tried}).",
                runtime);
        }
        LibraryHandle handle = new(shim, library);
        try
        {
            trtv_library_info info = new() { struct_size = (uint)sizeof(trtv_library_info) };
            shim.Check(shim.Api.trtv_library_get_info(library, &info), "Asking TensorRT for its version");
            return new TensorRtLibrary(family, handle, info);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static unsafe string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private unsafe trtv_library_info GetInfo()
    {
        trtv_library_info info = new() { struct_size = (uint)sizeof(trtv_library_info) };
        Shim.Check(Shim.Api.trtv_library_get_info(Handle.DangerousGetHandle(), &info), "Asking what was loaded");
        return info;
    }

    // Strings for one native call.
    private sealed unsafe class Utf8List : IDisposable
    {
        private readonly int _count;

        public Utf8List(IReadOnlyList<string> texts)
        {
            _count = texts.Count;
            Pointers = (byte**)NativeMemory.AllocZeroed((nuint)Math.Max(1, _count), (nuint)sizeof(byte*));
            for (int i = 0; i < _count; i++)
                Pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[i]);
        }

        public byte** Pointers { get; }

        public void Dispose()
        {
            for (int i = 0; i < _count; i++)
                Marshal.FreeCoTaskMem((nint)Pointers[i]);
            NativeMemory.Free(Pointers);
        }
    }
}
