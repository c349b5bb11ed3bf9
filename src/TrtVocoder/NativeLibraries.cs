using TrtVocoder.Bindings;

namespace TrtVocoder;

/// <summary>Turns a native library that cannot be loaded into the one exception that users see. Safe for use by many threads.</summary>
internal static class NativeLibraries
{
    /// <summary>Loads a library, or throws; quick when it is loaded already.</summary>
    /// <exception cref="NativeLibraryException">It could not be loaded; the message says what to install and every path tried.</exception>
    public static LoadResult Require(NativeLibraryInfo library)
    {
        LoadResult result = LibraryLoader.TryLoad(library);
        return result.Loaded ? result : throw new NativeLibraryException(library.DisplayName, result.Describe(), result.PathsTried);
    }
}
