using TrtVocoder.Bindings;

namespace TrtVocoder.Cuda;

/// <summary>Says why there is no driver before an import would.</summary>
internal static class CudaLibrary
{
    /// <exception cref="NativeLibraryException">libcuda was not found; the message lists every path tried.</exception>
    public static void Ensure()
    {
        LoadResult result = LibraryLoader.TryLoad(LibraryLoader.Cuda);
        if (!result.Loaded)
            throw new NativeLibraryException(result.Library.DisplayName, result.Describe(), [.. result.Attempts.Select(attempt => attempt.Path)]);
    }
}
