namespace TrtVocoder.Bindings;

/// <summary>One name or path that was given to the operating system's loader.</summary>
/// <param name="Path">The file name or full path.</param>
/// <param name="Error">The loader's own words; null when it succeeded.</param>
public sealed record LoadAttempt(string Path, string? Error)
{
    /// <summary>Whether the file is there, and is another library than its name says or a damaged one.</summary>
    public bool IsUnsuitable { get; init; }

    /// <summary>For people: the name, and what is wrong with what was found under it.</summary>
    public override string ToString() => IsUnsuitable ? $"{Path}: {Error}" : Path;
}
