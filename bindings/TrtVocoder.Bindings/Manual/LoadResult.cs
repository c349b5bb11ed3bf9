namespace TrtVocoder.Bindings;

/// <summary>What came of looking for one native library.</summary>
/// <param name="Library">What was looked for.</param>
/// <param name="Handle">The operating system's handle; 0 when nothing could be loaded.</param>
/// <param name="Attempts">Every name or path tried, in order; the last one succeeded if any did.</param>
public sealed record LoadResult(NativeLibraryInfo Library, nint Handle, IReadOnlyList<LoadAttempt> Attempts)
{
    /// <summary>Whether the library is loaded.</summary>
    public bool Loaded => Handle != 0;

    /// <summary>Every name or path tried, in order.</summary>
    public IReadOnlyList<string> PathsTried => [.. Attempts.Select(attempt => attempt.Path)];

    /// <summary>One sentence: what is missing, what to install, and every path tried.</summary>
    public string Describe()
    {
        if (Loaded)
            return $"{Library.DisplayName} was loaded from {Attempts[^1].Path}.";
        string folder = Library.FolderVariable is { } variable ? $", or set {variable} to the folder that holds it" : "";
        return $"{Library.DisplayName} could not be loaded: {Library.InstallHint}{folder} (tried {string.Join(", ", Attempts)}).";
    }
}
