namespace TrtVocoder.Bindings;

/// <summary>One name or path that was given to the operating system's loader.</summary>
/// <param name="Path">The file name or full path.</param>
/// <param name="Error">The loader's own words; null when it succeeded.</param>
public sealed record LoadAttempt(string Path, string? Error);
