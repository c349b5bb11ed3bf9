using Microsoft.ML.OnnxRuntime;
using TrtVocoder.Bindings;

namespace TrtVocoder.OnnxRuntime;

/// <summary>ONNX Runtime's native library, which its own package finds and loads. Safe for use by many threads.</summary>
public static class OnnxLibrary
{
    private const string Name = "ONNX Runtime";
    private const string FileName = "libonnxruntime.so";

    /// <summary>Loads the library where that was not done yet, and tells its version.</summary>
    /// <returns>E.g. <c>1.22.0</c>.</returns>
    /// <exception cref="NativeLibraryException">It is missing, cut off, of another version, or does not start.</exception>
    public static string GetVersion()
    {
        ThrowIfDamaged();
        OnnxTelemetry.TurnOff();
        try
        {
            return OrtEnv.Instance().GetVersionString();
        }
        catch (OnnxRuntimeException error)
        {
            throw new NativeLibraryException(
                Name, $"{Name} does not start: {OnnxRuntimeMessage.Reason(error.Message).TrimEnd('.')}.", [FileName]);
        }
        catch (Exception error) when (Explain(error) is { } explained)
        {
            throw explained;
        }
    }

    /// <summary>What the package's own loader throws, as a sentence; null where it is something else.</summary>
    private static NativeLibraryException? Explain(Exception error) => (error, error.GetBaseException()) switch
    {
        (DllNotFoundException or TypeInitializationException, DllNotFoundException) => new NativeLibraryException(
            Name, $"{Name}'s native library ({FileName}) was not found beside the program; publish it with its runtimes folder or for one "
                + "runtime identifier.", [FileName]),
        (TypeInitializationException or EntryPointNotFoundException or BadImageFormatException, { Message: var reason }) => new(
            Name, $"{Name}'s native library ({FileName}) beside the program is another than the one that it was built for: "
                + $"{reason.TrimEnd('.')}; install the program again.", [FileName]),
        _ => null,
    };

    // One that was cut off would end the process.
    private static void ThrowIfDamaged()
    {
        if (LibraryFile.FindDamageBesideProgram(FileName) is { } damage)
            throw new NativeLibraryException(Name, $"{Name} could not be loaded: {damage}.", [FileName]);
    }
}
