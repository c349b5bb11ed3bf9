using System.Runtime.InteropServices;
using TrtVocoder.Bindings;

namespace TrtVocoder.OnnxRuntime;

/// <summary>ONNX Runtime's native library, which its own package finds and loads. Safe for use by many threads.</summary>
public static class OnnxLibrary
{
    private const string FileName = "libonnxruntime.so";

    /// <summary>Refuses a library that was cut off, which would end the process; before the first call into ONNX Runtime.</summary>
    /// <exception cref="NativeLibraryException">It was; the message says which file.</exception>
    public static void ThrowIfDamaged()
    {
        foreach (string folder in (ReadOnlySpan<string>)[AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}", "native")])
        {
            string path = Path.Combine(folder, FileName);
            if (LibraryFile.FindDamage(path) is { } damage)
                throw new NativeLibraryException("ONNX Runtime", $"ONNX Runtime could not be loaded: {damage}.", [path]);
        }
    }
}
