namespace TrtVocoder;

/// <summary>
/// A native library (FFTW, CUDA, TensorRT, the shim) is missing or unusable. The message lists every path tried and what to install.
/// </summary>
public sealed class NativeLibraryException : TrtVocoderException
{
    /// <summary>Creates the exception for one library.</summary>
    /// <param name="library">The library's name as a user knows it, e.g. <c>FFTW</c>.</param>
    /// <param name="message">What was wrong and what to install.</param>
    /// <param name="pathsTried">Every name or path that was tried, in order.</param>
    public NativeLibraryException(string library, string message, IReadOnlyList<string> pathsTried)
        : base(message)
    {
        Library = library;
        PathsTried = pathsTried;
    }

    /// <summary>The library's name as a user knows it.</summary>
    public string Library { get; }

    /// <summary>Every name or path that was tried, in order.</summary>
    public IReadOnlyList<string> PathsTried { get; }
}
