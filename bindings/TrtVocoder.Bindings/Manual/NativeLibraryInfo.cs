namespace TrtVocoder.Bindings;

/// <summary>How one native library is found, and what to tell a user who lacks it.</summary>
public sealed record NativeLibraryInfo
{
    /// <summary>The name in the imports, e.g. <c>fftw3f</c>.</summary>
    public required string ImportName { get; init; }

    /// <summary>The name as users know it, e.g. <c>FFTW</c>.</summary>
    public required string DisplayName { get; init; }

    /// <summary>The environment variable that names the library's folder; when it is set, nothing else is tried. Null: there is none.</summary>
    public string? FolderVariable { get; init; }

    /// <summary>File names to try, in order, on this operating system.</summary>
    public required IReadOnlyList<string> FileNames { get; init; }

    /// <summary>Functions without which a file is not this library, whatever it is called.</summary>
    public IReadOnlyList<string> Functions { get; init; } = [];

    /// <summary>Whether to look beside the application before the system's own search path: for libraries that ship with it.</summary>
    public bool ShipsWithApplication { get; init; }

    /// <summary>What to install, as an imperative without a full stop.</summary>
    public required string InstallHint { get; init; }
}
