using TrtVocoder.Bindings;

namespace TrtVocoder;

/// <summary>Turns a native library that cannot be loaded into the one exception that users see. Safe for use by many threads.</summary>
public static class NativeLibraries
{
    /// <summary>Loads a library, or throws; quick when it is loaded already.</summary>
    /// <exception cref="NativeLibraryException">It could not be loaded; the message says what to install and every path tried.</exception>
    public static void Require(NativeLibraryInfo library)
    {
        LoadResult result = LibraryLoader.TryLoad(library);
        if (!result.Loaded)
            throw new NativeLibraryException(library.DisplayName, result.Describe(), [.. result.Attempts.Select(attempt => attempt.Path)]);
    }
}
