using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TrtVocoder.Bindings;

/// <summary>
/// The one place that finds native libraries. Every import of this assembly is resolved here, from an explicit list of candidates and
/// with no fallback to the runtime's own guesses. Safe for use by many threads.
/// </summary>
public static class LibraryLoader
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, LoadResult> Loaded = [];

    /// <summary>FFTW 3 in single precision.</summary>
    public static NativeLibraryInfo Fftw { get; } = new()
    {
        ImportName = "fftw3f",
        DisplayName = "FFTW (single precision)",
        FolderVariable = "TRTV_FFTW_DIR",
        FileNames = OperatingSystem.IsWindows() ? ["libfftw3f-3.dll", "fftw3f.dll"]
            : OperatingSystem.IsMacOS() ? ["libfftw3f.3.dylib", "/opt/homebrew/lib/libfftw3f.3.dylib", "/usr/local/lib/libfftw3f.3.dylib"]
            : ["libfftw3f.so.3", "libfftw3f.so"],
        Functions =
        [
            nameof(Bindings.Fftw.fftwf_plan_guru_split_dft), nameof(Bindings.Fftw.fftwf_plan_guru_split_dft_r2c),
            nameof(Bindings.Fftw.fftwf_execute_split_dft), nameof(Bindings.Fftw.fftwf_execute_split_dft_r2c),
        ],
        InstallHint = OperatingSystem.IsWindows() ? "download libfftw3f-3.dll from fftw.org"
            : OperatingSystem.IsMacOS() ? "run 'brew install fftw'"
            : "run 'apt-get install libfftw3-single3' (Debian, Ubuntu)",
    };

    /// <summary>libsoxr, which changes sample rates.</summary>
    public static NativeLibraryInfo Soxr { get; } = new()
    {
        ImportName = "soxr",
        DisplayName = "libsoxr",
        FolderVariable = "TRTV_SOXR_DIR",
        FileNames = OperatingSystem.IsWindows() ? ["libsoxr.dll", "soxr.dll"]
            : OperatingSystem.IsMacOS() ? ["libsoxr.0.dylib", "/opt/homebrew/lib/libsoxr.0.dylib", "/usr/local/lib/libsoxr.0.dylib"]
            : ["libsoxr.so.0", "libsoxr.so"],
        Functions = [nameof(Bindings.Soxr.soxr_version), nameof(Bindings.Soxr.soxr_create), nameof(Bindings.Soxr.soxr_process), nameof(Bindings.Soxr.soxr_delete)],
        InstallHint = OperatingSystem.IsWindows() ? "build soxr.dll from soxr.sourceforge.net"
            : OperatingSystem.IsMacOS() ? "run 'brew install libsoxr'"
            : "run 'apt-get install libsoxr0' (Debian, Ubuntu)",
    };

    /// <summary>The CUDA driver. It comes with NVIDIA's GPU driver, never with the application.</summary>
    public static NativeLibraryInfo Cuda { get; } = new()
    {
        ImportName = CudaDriver.LibraryName,
        DisplayName = "The NVIDIA driver's CUDA library",
        FolderVariable = "TRTV_CUDA_DIR",
        FileNames = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"],
        InstallHint = "install the NVIDIA driver for this machine's GPU",
    };

    /// <summary>The shim over TensorRT 10.</summary>
    public static NativeLibraryInfo Shim10 { get; } = Shim("10");

    /// <summary>The shim over TensorRT 11 and TensorRT-RTX.</summary>
    public static NativeLibraryInfo Shim11 { get; } = Shim("11");

    /// <summary>Every library that the imports name.</summary>
    public static IReadOnlyList<NativeLibraryInfo> All { get; } = [Fftw, Soxr, Cuda, Shim10, Shim11];

    private static NativeLibraryInfo Shim(string major) => new()
    {
        ImportName = "trtvocoder" + major,
        DisplayName = $"TrtVocoder's own library for TensorRT {major}",
        FolderVariable = "TRTV_SHIM_DIR",
        FileNames = OperatingSystem.IsWindows() ? [$"trtvocoder{major}.dll"] : [$"libtrtvocoder{major}.so"],
        ShipsWithApplication = true,
        InstallHint = "build it with './build.sh native' and put it beside the application",
    };

    /// <summary>Loads a library, or says what was tried. A success is remembered by import name; a failure is tried afresh next time.</summary>
    public static LoadResult TryLoad(NativeLibraryInfo library)
    {
        lock (Gate)
        {
            if (Loaded.TryGetValue(library.ImportName, out LoadResult? known))
                return known;
            LoadResult result = Search(library);
            if (result.Loaded)
                Loaded.Add(library.ImportName, result);
            return result;
        }
    }

    private static LoadResult Search(NativeLibraryInfo library)
    {
        List<LoadAttempt> attempts = [];
        foreach (string path in Candidates(library))
        {
            if (LibraryFile.FindDamage(path) is { } damage)
            {
                attempts.Add(new LoadAttempt(path, damage) { IsUnsuitable = true });
                continue;
            }
            try
            {
                nint handle = NativeLibrary.Load(path);
                if (library.Functions.FirstOrDefault(function => !NativeLibrary.TryGetExport(handle, function, out _)) is { } missing)
                {
                    NativeLibrary.Free(handle);
                    attempts.Add(new LoadAttempt(path, $"it lacks the function {missing}") { IsUnsuitable = true });
                    continue;
                }
                attempts.Add(new LoadAttempt(path, null));
                return new LoadResult(library, handle, attempts);
            }
            catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
            {
                attempts.Add(new LoadAttempt(path, exception.Message));
            }
        }
        return new LoadResult(library, 0, attempts);
    }

    private static IEnumerable<string> Candidates(NativeLibraryInfo library)
    {
        string? folder = library.FolderVariable is null ? null : Environment.GetEnvironmentVariable(library.FolderVariable);
        if (!string.IsNullOrEmpty(folder))
            return library.FileNames.Where(name => !Path.IsPathRooted(name)).Select(name => Path.GetFullPath(Path.Combine(folder, name)));
        return library.ShipsWithApplication
            ? library.FileNames.SelectMany(name => ApplicationFolders().Select(beside => Path.Combine(beside, name))).Concat(library.FileNames)
            : library.FileNames;
    }

    /// <summary>
    /// The application's folder; the one that packages' natives are copied to; and where the host found natives: in packages' own folders while
    /// developing, and where a single file unpacked its.
    /// </summary>
    private static IEnumerable<string> ApplicationFolders() =>
        new[]
        {
            AppContext.BaseDirectory,
            Path.Combine(AppContext.BaseDirectory, "runtimes", PortableIdentifier(RuntimeInformation.RuntimeIdentifier, RuntimeInformation.ProcessArchitecture), "native"),
        }
        .Concat(((string?)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        .Select(Path.TrimEndingDirectorySeparator)
        .Distinct();

    /// <summary>
    /// The name of packages' folders, such as linux-x64, whatever the .NET in use was built for: distributions' own builds say ubuntu.24.04-x64 and
    /// the like. Linux with musl keeps its own name, since its libraries are others.
    /// </summary>
    internal static string PortableIdentifier(string identifier, Architecture architecture)
    {
        string system = OperatingSystem.IsWindows() ? "win"
            : OperatingSystem.IsMacOS() ? "osx"
            : identifier.StartsWith("linux-musl", StringComparison.Ordinal) || identifier.StartsWith("alpine", StringComparison.Ordinal) ? "linux-musl"
            : "linux";
#pragma warning disable CA1308 // The folders' names are in lower case.
        return $"{system}-{architecture.ToString().ToLowerInvariant()}";
#pragma warning restore CA1308
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The imports of this very assembly must not be resolved before the resolver is set.")]
    internal static void SetResolver() => NativeLibrary.SetDllImportResolver(typeof(LibraryLoader).Assembly, Resolve);

    private static nint Resolve(string importName, Assembly assembly, DllImportSearchPath? searchPath)
    {
        NativeLibraryInfo library = All.FirstOrDefault(candidate => candidate.ImportName == importName)
            ?? throw new DllNotFoundException($"{importName} is not in LibraryLoader's table.");
        LoadResult result = TryLoad(library);
        return result.Loaded ? result.Handle : throw new DllNotFoundException(result.Describe());
    }
}
